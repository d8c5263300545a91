SELECT count(*)
FROM stage_case AS s
JOIN pub ON pub.party_no = s.party_no AND pub.fresh
WHERE s.partition = %(partition)s AND s.fate = 'open'
  AND NOT EXISTS (SELECT 1 FROM casework_case AS c WHERE c.party_id = pub.party_id AND c.closed_on IS NULL)
