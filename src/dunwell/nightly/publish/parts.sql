UPDATE arrangements_promisepart AS r
SET state = s.state, received = s.received, judged_on = s.judged_on
FROM stage_part AS s
JOIN pub ON pub.party_no = s.party_no AND pub.fresh
WHERE s.partition = %(partition)s AND r.id = s.part_id
RETURNING r.promise_id, pub.party_id, r.state, r.received::text, r.amount::text, r.due_date, s.currency, s.judged_anew
