-- One timeline from the log: calls, messages, letters, visits, payments, promises, holds, notes, and our own decisions.
-- Newest first, by key; `kinds` empty means all.
SELECT l.id, l.recorded_at, l.business_date, l.kind, l.sort, l.actor, l.actor_id, u.name_zh, u.name_en, l.case_id,
       l.account_id, l.data, coalesce(n.text_sealed, i.text_sealed, d.transcript_sealed) AS text_sealed,
       (SELECT min(r.recording_id) FROM channels_recordingmatch AS r
        WHERE l.kind = 'contact.recorded' AND r.contact_id = (l.data ->> 'contact')::bigint) AS recording
FROM (
    SELECT e.*, casework_sort(e.kind, e.data) AS sort FROM evidence_log AS e
    WHERE e.party_id = %(party)s AND e.id < %(before)s
) AS l
LEFT JOIN identity_user AS u ON u.id = l.actor_id
LEFT JOIN casework_note AS n ON n.id = CASE WHEN l.kind = 'note.written' THEN (l.data ->> 'note')::bigint END
LEFT JOIN channels_inbound AS i ON i.id = CASE WHEN l.kind = 'message.received' THEN (l.data ->> 'inbound')::bigint END
LEFT JOIN channels_dialrecord AS d ON d.id = CASE WHEN l.kind = 'robot.told' THEN (l.data ->> 'record')::bigint END
WHERE l.sort <> '' AND (%(kinds)s = '{}'::text[] OR l.sort = ANY(%(kinds)s))
ORDER BY l.id DESC
LIMIT %(limit)s
