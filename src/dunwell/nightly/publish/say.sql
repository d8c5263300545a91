-- Nobody counts the rows of these tables, so each party's are looked up by an index: guessed wrong, all are compared with all.
-- One entry a case opened, the steps planned with it among its words; steps planned for older cases have their own.
INSERT INTO pub_said (place, kind, party_id, case_id, data)
SELECT 1, 'case.opened', pub.party_id, pub.case_id,
       '{"bucket":' || to_json(s.bucket) || ',"case_no":' || to_json(pub.case_no) || ',"currency":' || to_json(s.currency)
       || ',"days":' || s.days_delinquent || ',"past_due":"' || s.past_due || '"' || coalesce(',"steps":[' || p.steps || ']', '') || '}'
FROM pub
JOIN stage_case AS s ON s.partition = %(partition)s AND s.party_no = pub.party_no
CROSS JOIN LATERAL (
    SELECT string_agg(to_json(q.step)::text, ',' ORDER BY q.step) AS steps FROM pub_step AS q WHERE q.party_id = pub.party_id
) AS p
WHERE pub.opened
UNION ALL
SELECT 3, 'action.planned', p.party_id, p.case_id, '{"steps":[' || string_agg(to_json(p.step)::text, ',' ORDER BY p.step) || ']}'
FROM pub_step AS p
JOIN pub ON pub.party_id = p.party_id AND NOT pub.opened
GROUP BY p.party_id, p.case_id
