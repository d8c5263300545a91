UPDATE arrangements_instalment AS r
SET state = s.state, received = s.received, paid_on = s.paid_on
FROM stage_instalment AS s
JOIN pub ON pub.party_no = s.party_no AND pub.fresh
WHERE s.partition = %(partition)s AND r.id = s.instalment_id
