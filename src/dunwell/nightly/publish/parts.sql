WITH judged AS (
    UPDATE arrangements_promisepart AS r
    SET state = s.state, received = s.received, judged_on = s.judged_on
    FROM stage_part AS s
    JOIN pub ON pub.party_no = s.party_no AND pub.fresh
    WHERE s.partition = %(partition)s AND r.id = s.part_id
    RETURNING r.promise_id, pub.party_id, r.state, r.received, r.amount, r.due_date, s.currency, s.judged_anew
)
INSERT INTO pub_said (place, kind, party_id, data)
SELECT 5, 'promise.judged', party_id,
       '{"amount":"' || amount || '","currency":' || to_json(currency) || ',"due_date":"' || to_char(due_date, 'YYYY-MM-DD')
       || '","promise_id":' || promise_id || ',"received":"' || received || '","state":' || to_json(state) || '}'
FROM judged
WHERE judged_anew
