SELECT count(*)
FROM stage_case AS s
JOIN pub ON pub.party_no = s.party_no AND pub.fresh AND NOT pub.has_case
WHERE s.partition = %(partition)s AND s.fate = 'open'
