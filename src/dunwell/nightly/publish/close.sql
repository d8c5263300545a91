WITH closed AS (
    UPDATE casework_case AS c
    SET closed_on = greatest(%(day)s::date, c.opened_on), close_reason = s.close_reason, run_id = %(run)s,
        business_date = %(as_of)s, balance = s.balance, past_due = s.past_due, days_delinquent = s.days_delinquent,
        bucket = s.bucket, stage = s.stage, promise_state = s.promise_state, queue = '', rank = 0, next_rule = '',
        next_reason = '{}', ready_at = NULL
    FROM stage_case AS s
    JOIN pub ON pub.party_no = s.party_no AND pub.fresh AND pub.has_case
    WHERE s.partition = %(partition)s AND s.fate = 'close' AND c.id = pub.case_id AND c.closed_on IS NULL
    RETURNING c.id, c.party_id, c.case_no, c.close_reason, c.currency
)
INSERT INTO pub_said (place, kind, party_id, case_id, data)
SELECT 2, 'case.closed', party_id, id,
       '{"case_no":' || to_json(case_no) || ',"currency":' || to_json(currency) || ',"reason":' || to_json(close_reason) || '}'
FROM closed
