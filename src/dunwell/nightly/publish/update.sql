-- The columns of open cases. A call-back or a snooze that is still to come keeps its time.
UPDATE casework_case AS c
SET run_id = %(run)s, business_date = %(as_of)s, entered_on = s.entered_on,
    entry_balance = CASE WHEN c.entered_on IS NULL AND s.entered_on IS NOT NULL THEN s.balance ELSE c.entry_balance END,
    currency = s.currency, balance = s.balance, past_due = s.past_due, oldest_due_date = s.oldest_due_date,
    days_delinquent = s.days_delinquent, bucket = s.bucket, stage = s.stage, segment = s.segment,
    first_payment_default = s.first_payment_default, promise_state = s.promise_state, queue = s.queue, rank = s.rank,
    next_rule = s.next_rule, next_reason = s.next_reason::jsonb,
    ready_at = greatest(
        w.opens_at,
        CASE WHEN c.ready_at > %(now)s THEN c.ready_at END,
        (SELECT max(r.due_at) FROM casework_reminder AS r WHERE r.case_id = c.id AND r.done_at IS NULL AND r.due_at > %(now)s)
    )
FROM stage_case AS s
JOIN pub ON pub.party_no = s.party_no AND pub.fresh AND pub.cases
LEFT JOIN unnest(%(zones)s::text[], %(opens)s::timestamptz[]) AS w (timezone, opens_at) ON w.timezone = pub.timezone
WHERE s.partition = %(partition)s AND s.fate = 'open' AND c.id = pub.case_id AND pub.has_case
