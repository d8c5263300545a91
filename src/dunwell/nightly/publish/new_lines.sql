-- Of a party touched since the freeze only payments without any line: those there may be newer.
INSERT INTO arrears_allocationline (payment_id, position, component, amount, rule)
SELECT s.payment_id, s.position, s.component, s.amount, s.rule
FROM stage_line AS s
JOIN pub ON pub.party_no = s.party_no
WHERE s.partition = %(partition)s AND s.position IS NOT NULL
  AND (pub.fresh OR NOT EXISTS (SELECT 1 FROM arrears_allocationline AS x WHERE x.payment_id = s.payment_id))
