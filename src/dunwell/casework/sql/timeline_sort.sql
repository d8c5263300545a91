-- Under which chip of the timeline a log entry stands; empty: not on it (looks at the page are in the audit only, and
-- a dial is shown when its outcome is written).
CREATE OR REPLACE FUNCTION casework_sort(kind text, data jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN kind IN ('party.viewed', 'party.searched', 'contact.reserved', 'contact.begun') THEN ''
        WHEN kind LIKE 'message.%' THEN 'message'
        WHEN kind = 'contact.recorded' THEN CASE data ->> 'channel'
            WHEN 'call' THEN 'call' WHEN 'ai_call' THEN 'call' WHEN 'letter' THEN 'letter' WHEN 'visit' THEN 'visit'
            ELSE 'message' END
        WHEN kind = 'robot.told' THEN 'call'
        WHEN kind LIKE 'payment.%' THEN 'payment'
        WHEN kind LIKE 'promise.%' THEN 'promise'
        WHEN kind LIKE 'hold.%' THEN 'hold'
        WHEN kind LIKE 'note.%' THEN 'note'
        WHEN split_part(kind, '.', 1) IN ('identity', 'finding', 'vulnerability', 'path', 'proof', 'means') THEN 'person'
        WHEN split_part(kind, '.', 1) IN ('dispute', 'complaint', 'representative', 'request', 'cluster') THEN 'objection'
        ELSE 'system'
    END
$$;
