-- One timeline from the log: calls, messages, letters, visits, payments, promises, holds, notes, and our own decisions.
-- Newest first, by key; `kinds` empty means all. With `counts` each row says how many entries the whole has of each sort.
SELECT l.id, l.recorded_at, l.business_date, l.kind, l.sort, l.actor, l.actor_id, u.name_zh, u.name_en, l.case_id,
       l.account_id, l.data, coalesce(n.text_sealed, i.text_sealed, d.transcript_sealed) AS text_sealed,
       (SELECT min(r.recording_id) FROM channels_recordingmatch AS r
        WHERE l.kind = 'contact.recorded' AND r.contact_id = (l.data ->> 'contact')::bigint) AS recording,
       CASE WHEN l.data ? 'template' THEN (SELECT json_object_agg(t.language, t.title) FROM (
            SELECT DISTINCT ON (t.language) t.language, t.title FROM channels_template AS t
            WHERE t.code = l.data ->> 'template' ORDER BY t.language, t.in_force_from DESC, t.version DESC, t.id DESC
        ) AS t) END AS titles,
       CASE WHEN %(counts)s::boolean THEN (
            SELECT json_object_agg(c.sort, c.entries) FROM (
                SELECT coalesce(casework_sort(e.kind, e.data), '') AS sort, count(*) AS entries
                FROM evidence_log AS e WHERE e.party_id = %(party)s GROUP BY 1
            ) AS c
       ) END AS counts
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
