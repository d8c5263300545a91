-- Cases that were open on a day, with their owner of that day: the last hand-out in force then (casework, 分案).
SELECT o.owner_id, c.case_no, p.party_no, o.starts_on, c.opened_on
FROM (
    SELECT DISTINCT ON (w.case_id) w.case_id, w.starts_on,
           CASE WHEN w.ends_on IS NULL OR w.ends_on >= %(day)s THEN w.owner_id END AS owner_id
    FROM casework_ownership AS w WHERE w.starts_on <= %(day)s ORDER BY w.case_id, w.starts_on DESC, w.id DESC
) AS o
JOIN casework_case AS c ON c.id = o.case_id
JOIN portfolio_party AS p ON p.id = c.party_id
WHERE o.owner_id IS NOT NULL AND c.entity_id = %(entity)s AND c.opened_on <= %(day)s
  AND (c.closed_on IS NULL OR c.closed_on > %(day)s)
  AND (%(collector)s::bigint IS NULL OR o.owner_id = %(collector)s::bigint)
