-- A case is opened the day after the oldest due date with anything past due, and closed when nothing is past due any
-- more. Nobody types it. Entry (入催) is the first demandable day, when grace has run out, and is kept for the episode.
CREATE OR REPLACE TABLE case_now AS
SELECT s.party_no, s.currency, s.balance, s.past_due, s.oldest_due_date, s.days_delinquent, s.bucket, s.stage,
       coalesce(g.segment, '') AS segment, s.first_payment_default, s.promise_state, s.entered_on,
       CASE WHEN s.past_due > 0 AND s.days_past_due >= 1 THEN 'open' WHEN o.party_no IS NOT NULL THEN 'close' ELSE 'none' END
           AS fate,
       CASE WHEN s.paid_since > 0 OR coalesce(r.paid, 0) > 0 THEN 'paid' ELSE 'cured' END AS close_reason,
       CASE WHEN s.past_due > 0 THEN coalesce(q.queue, '') ELSE '' END AS queue, coalesce(q.rank, 0) AS rank,
       coalesce(q.next_rule, '') AS next_rule, coalesce(CAST(q.next_reason AS VARCHAR), '{}') AS next_reason
FROM party_state AS s
LEFT JOIN open_case AS o ON o.party_no = s.party_no
LEFT JOIN (SELECT party_no, min(segment) AS segment FROM party_segment GROUP BY party_no) AS g ON g.party_no = s.party_no
LEFT JOIN case_row AS q ON q.party_no = s.party_no
LEFT JOIN (
    SELECT a.party_no, sum(r.amount) AS paid
    FROM received AS r
    JOIN account_state AS a ON a.account_no = r.account_no
    JOIN open_case AS o ON o.party_no = a.party_no AND r.transaction_date >= o.opened_on
    WHERE r.counts
    GROUP BY a.party_no
) AS r ON r.party_no = s.party_no;

CREATE OR REPLACE TABLE action_now AS
SELECT a.party_no, a.step, a.cycle, a.channel, a.purpose, coalesce(a.template, '') AS template, a.due_on, a.segment, a.rule
FROM planned_action AS a
JOIN case_now AS c ON c.party_no = a.party_no AND c.fate = 'open';
