SELECT count(*)
FROM stage_case AS s
JOIN pub ON pub.party_no = s.party_no AND pub.fresh AND pub.case_id IS NULL
WHERE s.partition = %(partition)s AND s.fate = 'open'
