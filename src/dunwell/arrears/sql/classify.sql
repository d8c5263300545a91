-- Bucket and stage by days delinquent: the days with grace less those on which the counting stood still. First-payment
-- default: the first statement the account ever had is unpaid.
CREATE OR REPLACE TABLE account_state AS
SELECT c.*, a.paid_since, a.past_due_at_close, a.balance, a.past_due, a.oldest_due_date,
       a.periods_past_due AS periods, a.grace_days, a.days_past_due, a.paused_days, a.days_delinquent, b.bucket,
       CASE WHEN a.past_due > 0 THEN s.stage ELSE '' END AS stage,
       coalesce(a.past_due > 0 AND date_diff('day', c.open_date, coalesce(
           d.statement_date, CASE WHEN c.due_date = a.oldest_due_date THEN c.statement_date END
       )) BETWEEN 0 AND 31, FALSE) AS first_payment_default
FROM candidate AS c
JOIN (
    SELECT g.*, coalesce(p.days, 0) AS paused_days, greatest(0, g.days_unpaused - coalesce(p.days, 0)) AS days_delinquent
    FROM aged AS g
    LEFT JOIN paused AS p ON p.account_no = g.account_no
) AS a ON a.account_no = c.account_no
JOIN bucket_edge AS b ON a.days_delinquent BETWEEN b.from_day AND b.to_day
JOIN stage_edge AS s ON a.days_delinquent BETWEEN s.from_day AND s.to_day
LEFT JOIN (
    SELECT account_no, due_date, max(statement_date) AS statement_date FROM due GROUP BY account_no, due_date
) AS d ON d.account_no = c.account_no AND d.due_date = a.oldest_due_date;
