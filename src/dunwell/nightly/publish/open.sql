WITH opened AS (
    INSERT INTO casework_case (
        entity_id, party_id, case_no, opened_on, close_reason, run_id, business_date, entered_on, entry_balance, currency,
        balance, past_due, oldest_due_date, days_delinquent, bucket, stage, segment, first_payment_default, promise_state,
        queue, rank, next_rule, next_reason, ready_at
    )
    SELECT %(entity)s, pub.party_id,
           'C-' || %(month)s || '-' || to_char(%(first)s + row_number() OVER (ORDER BY s.party_no), 'FM999999999000000'),
           %(as_of)s, '', %(run)s, %(as_of)s, s.entered_on, CASE WHEN s.entered_on IS NULL THEN 0 ELSE s.balance END,
           s.currency, s.balance, s.past_due, s.oldest_due_date, s.days_delinquent, s.bucket, s.stage, s.segment,
           s.first_payment_default, s.promise_state, s.queue, s.rank, s.next_rule, s.next_reason::jsonb, w.opens_at
    FROM stage_case AS s
    JOIN pub ON pub.party_no = s.party_no AND pub.fresh AND NOT pub.has_case
    LEFT JOIN unnest(%(zones)s::text[], %(opens)s::timestamptz[]) AS w (timezone, opens_at) ON w.timezone = pub.timezone
    WHERE s.partition = %(partition)s AND s.fate = 'open'
    RETURNING id, party_id, case_no
)
UPDATE pub SET case_id = opened.id, case_no = opened.case_no, opened = true FROM opened WHERE opened.party_id = pub.party_id
