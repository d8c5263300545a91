-- How late. Payments go to the oldest due first, so what is unpaid is the newest dues: going back from the newest, the
-- due that takes up the last of it is the oldest unpaid one. The host's own date wins while nothing moved since.
CREATE OR REPLACE TABLE unpaid_due AS
SELECT d.account_no, min(d.due_date) AS oldest_due_date, count(*) AS periods, max(d.late) AS late
FROM (
    SELECT d.account_no, d.due_date, d.amount,
           sum(d.amount) OVER (
               PARTITION BY d.account_no ORDER BY d.nr DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
           ) AS late_from_here,
           sum(d.amount) OVER (PARTITION BY d.account_no) AS late
    FROM due AS d
    JOIN parameter AS k ON d.due_date < k.late_before
    WHERE d.amount > 0
) AS d
JOIN account_now AS a ON a.account_no = d.account_no
WHERE d.late_from_here - d.amount < a.past_due_exact
GROUP BY d.account_no;

-- days_past_due are those of the calendar. days_unpaused have grace in them, by the numbers in force for the account's
-- product (else the issuer's): forgive is 0 within grace and afterwards counts from the due date, subtract takes it off.
CREATE OR REPLACE TABLE aged AS
SELECT account_no, party_no, paid_since, past_due_at_close, balance, past_due, oldest_due_date, periods_past_due, grace_days,
       days_past_due,
       CASE WHEN days_past_due <= grace_days THEN 0
            WHEN grace_policy = 'subtract' THEN days_past_due - grace_days
            ELSE days_past_due
       END AS days_unpaused
FROM (
    SELECT account_no, party_no, paid_since, past_due_at_close, balance, past_due, oldest_due_date, periods_past_due,
           grace_days, grace_policy, coalesce(greatest(0, date_diff('day', oldest_due_date, as_of)), 0) AS days_past_due
    FROM (
        SELECT w.account_no, w.party_no, w.paid_since, w.past_due_at_close, w.balance, w.as_of, w.grace_days, w.grace_policy,
               CASE WHEN w.late THEN w.past_due_exact ELSE 0 END AS past_due,
               CASE WHEN NOT w.late THEN NULL
                    WHEN w.overdue_since IS NULL
                        THEN coalesce(w.oldest_due, CASE WHEN w.due_date < w.late_before THEN w.due_date END, w.as_of)
                    WHEN w.paid_since = 0 OR w.oldest_due IS NULL OR w.past_due_exact > w.dues_late THEN w.overdue_since
                    WHEN w.paid_since > 0 THEN greatest(w.overdue_since, w.oldest_due)
                    ELSE least(w.overdue_since, w.oldest_due)
               END AS oldest_due_date,
               CASE WHEN NOT w.late THEN 0
                    WHEN w.paid_since = 0 AND w.periods_past_due IS NOT NULL THEN w.periods_past_due
                    ELSE coalesce(w.periods, w.periods_past_due, 1)
               END AS periods_past_due
        FROM (
            SELECT a.account_no, c.party_no, a.paid_since, a.past_due_at_close, a.balance, a.past_due_exact, k.as_of,
                   k.late_before, coalesce(p.grace_days, k.grace_days) AS grace_days,
                   coalesce(p.grace_policy, k.grace_policy) AS grace_policy, c.overdue_since, c.due_date, c.periods_past_due,
                   u.oldest_due_date AS oldest_due, u.periods, coalesce(u.late, 0) AS dues_late,
                   -- the host's own shortfall stands as it is; tolerance is for what we work out
                   a.past_due_exact > CASE WHEN a.derived OR a.paid_since <> 0 THEN coalesce(o.amount, t.amount, 0) ELSE 0 END
                       AS late
            FROM account_now AS a
            JOIN candidate AS c ON c.account_no = a.account_no
            CROSS JOIN parameter AS k
            LEFT JOIN product_rule AS p ON p.product = c.product
            LEFT JOIN tolerance AS t ON t.currency = c.currency AND t.product = ''
            LEFT JOIN tolerance AS o ON o.currency = c.currency AND o.product = c.product AND c.product <> ''
            LEFT JOIN unpaid_due AS u ON u.account_no = a.account_no
        ) AS w
    ) AS o
) AS d;

-- Days on which the counting stood still: from a pause's first day to the day before the one on which it goes on, only
-- those after the oldest unpaid due date, each once however many pauses it lies in.
CREATE OR REPLACE TABLE paused AS
SELECT account_no, CAST(sum(greatest(0, date_diff('day', greatest(first_day, coalesce(goes_on_before, first_day)), goes_on))) AS BIGINT)
           AS days
FROM (
    SELECT account_no, first_day, goes_on,
           max(goes_on) OVER (
               PARTITION BY account_no ORDER BY first_day, goes_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS goes_on_before
    FROM (
        SELECT a.account_no, greatest(p.first_day, CAST(a.oldest_due_date + 1 AS DATE)) AS first_day,
               least(coalesce(p.goes_on, CAST(k.as_of + 1 AS DATE)), CAST(k.as_of + 1 AS DATE)) AS goes_on
        FROM pause AS p
        JOIN pausing_hold AS h ON h.kind = p.kind
        JOIN aged AS a ON a.party_no = p.party_no AND (p.account_no IS NULL OR p.account_no = a.account_no)
        CROSS JOIN parameter AS k
        WHERE a.oldest_due_date IS NOT NULL
    ) AS clipped
    WHERE first_day < goes_on
) AS one
GROUP BY account_no;
