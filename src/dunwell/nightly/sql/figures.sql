-- Managers' figures. Roll rates stand between month ends: the balance is the one at the month's start. A cohort is the
-- accounts that entered (入催) in a month; recovered is what was received from entry to cure. A booking that was told late
-- counts in the night that is told of it; a restated night knows all of them, and counts each where it was posted.
CREATE OR REPLACE TABLE bucket_day AS
SELECT k.as_of AS business_date, b.currency, b.bucket, count(*) AS accounts, sum(b.balance) AS balance,
       sum(b.past_due) AS past_due
FROM book AS b
CROSS JOIN parameter AS k
GROUP BY k.as_of, b.currency, b.bucket;

CREATE OR REPLACE TABLE roll_rate AS
SELECT k.as_of AS month, m.currency, m.bucket AS from_bucket, coalesce(b.bucket, 'none') AS to_bucket, count(*) AS accounts,
       sum(m.balance) AS balance
FROM month_before AS m
CROSS JOIN parameter AS k
LEFT JOIN book AS b ON b.account_no = m.account_no
WHERE k.as_of = last_day(k.as_of)
GROUP BY k.as_of, m.currency, m.bucket, coalesce(b.bucket, 'none');

CREATE OR REPLACE TABLE episode AS
SELECT e.account_no, e.currency, e.entered_on, e.entry_balance,
       CAST(e.recovered + CASE WHEN e.closed_on IS NULL THEN coalesce(r.amount, 0) ELSE 0 END AS DECIMAL(18, 2)) AS recovered,
       CASE WHEN e.closed_on IS NOT NULL THEN e.closed_on WHEN coalesce(s.past_due, 0) = 0 THEN k.as_of END AS closed_on
FROM episode_before AS e
CROSS JOIN parameter AS k
LEFT JOIN account_state AS s ON s.account_no = e.account_no
LEFT JOIN (
    SELECT b.account_no, sum(CASE WHEN b.type = 'reversal' THEN -b.amount ELSE b.amount END) AS amount
    FROM booking AS b
    CROSS JOIN parameter AS k
    CROSS JOIN night_before AS n
    WHERE CASE WHEN n.restated THEN b.posting_date ELSE greatest(b.posting_date, b.business_date) END > n.business_date
      AND b.posting_date <= k.as_of AND b.type IN ('repayment', 'reversal')
    GROUP BY b.account_no
) AS r ON r.account_no = e.account_no
WHERE e.closed_on IS NULL OR e.entered_on > CAST(k.as_of - 730 AS DATE)
UNION ALL
SELECT s.account_no, s.currency, CAST(s.oldest_due_date + s.grace_days + 1 AS DATE), s.closing_balance,
       CAST(0 AS DECIMAL(18, 2)), NULL
FROM account_state AS s
CROSS JOIN parameter AS k
LEFT JOIN (SELECT account_no FROM episode_before WHERE closed_on IS NULL) AS e ON e.account_no = s.account_no
WHERE s.days_delinquent >= 1 AND e.account_no IS NULL;

CREATE OR REPLACE TABLE cohort_month AS
SELECT CAST(date_trunc('month', e.entered_on) AS DATE) AS cohort, last_day(k.as_of) AS month, e.currency, count(*) AS accounts,
       sum(e.entry_balance) AS entry_balance, sum(e.recovered) AS recovered
FROM episode AS e
CROSS JOIN parameter AS k
GROUP BY CAST(date_trunc('month', e.entered_on) AS DATE), last_day(k.as_of), e.currency;
