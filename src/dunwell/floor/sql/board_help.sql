-- Requests for help that nobody answered yet, the longest waiting first.
SELECT q.id, q.words, q.recorded_at, c.case_no, u.name_zh, u.name_en, u.staff_no
FROM floor_helprequest AS q
JOIN casework_case AS c ON c.id = q.case_id
JOIN identity_user AS u ON u.id = q.user_id
LEFT JOIN floor_helpanswer AS a ON a.request_id = q.id
WHERE c.entity_id = %(entity)s AND a.request_id IS NULL
ORDER BY q.id LIMIT 50
