-- When did an account enter and leave each bucket: worked out anew from the dues and the money known today, so a payment
-- posted for an earlier day changes the history from that day on. `history_day` holds the days to look at, in a row.
-- Money posted after a statement pays what it asked for and no more; what one statement was overpaid lowers no later one.
-- What the host says to be past due from before the statements that are known is a due of its own, on the host's day.
CREATE OR REPLACE TABLE history_due AS
SELECT account_no, nr, statement_date, due_date, minimum_payment, paid, amount,
       sum(amount) OVER (PARTITION BY account_no ORDER BY nr ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS owed_by,
       lead(statement_date) OVER (PARTITION BY account_no ORDER BY nr) AS statement_after
FROM (
    SELECT account_no, nr, statement_date, due_date, minimum_payment, paid, amount FROM due WHERE nr > 0
    UNION ALL
    SELECT c.account_no, 0, CAST(c.overdue_since - 60 AS DATE), c.overdue_since, CAST(0 AS DECIMAL(18, 2)),
           CAST(0 AS DECIMAL(18, 2)), CAST(t.past_due_at_close - coalesce(u.late, 0) AS DECIMAL(18, 2))
    FROM candidate AS c
    JOIN closing AS t ON t.account_no = c.account_no
    LEFT JOIN (
        SELECT d.account_no, min(d.due_date) AS first_due, sum(CASE WHEN d.due_date < k.late_before THEN d.amount ELSE 0 END) AS late
        FROM due AS d
        CROSS JOIN parameter AS k
        GROUP BY d.account_no
    ) AS u ON u.account_no = c.account_no
    WHERE t.past_due_at_close > coalesce(u.late, 0) AND (u.first_due IS NULL OR c.overdue_since < u.first_due)
) AS known;

CREATE OR REPLACE TABLE history_credit AS
SELECT account_no, day, CAST(sum(least(paid, minimum_payment)) AS DECIMAL(18, 2)) AS credit
FROM (
    SELECT d.account_no, y.day, d.minimum_payment, d.paid
    FROM history_due AS d
    JOIN history_day AS y ON d.statement_after < y.day
    UNION ALL
    SELECT d.account_no, y.day, d.minimum_payment, coalesce(sum(m.amount), 0)
    FROM history_due AS d
    JOIN history_day AS y ON d.statement_date < y.day AND coalesce(d.statement_after >= y.day, TRUE)
    LEFT JOIN movement AS m ON m.account_no = d.account_no AND m.counts AND m.posting_date > d.statement_date
                           AND m.posting_date <= y.day
    GROUP BY d.account_no, y.day, d.nr, d.minimum_payment
) AS paid
GROUP BY account_no, day;

-- The oldest unpaid due on each day, and how many days until then the counting stood still.
CREATE OR REPLACE TABLE history_late AS
SELECT d.account_no, c.day, min(CASE WHEN d.owed_by > c.credit THEN d.due_date END) AS oldest_due_date,
       greatest(0, max(d.owed_by) - max(c.credit)) AS past_due
FROM history_due AS d
JOIN history_credit AS c ON c.account_no = d.account_no AND d.due_date < c.day
GROUP BY d.account_no, c.day;

CREATE OR REPLACE TABLE history_pause AS
SELECT a.account_no, a.day, sum(a.paused) OVER (
           PARTITION BY a.account_no ORDER BY a.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) AS paused_until
FROM (
    SELECT c.account_no, y.day, max(CASE WHEN h.kind IS NOT NULL THEN 1 ELSE 0 END) AS paused
    FROM candidate AS c
    CROSS JOIN history_day AS y
    LEFT JOIN pause AS p ON p.party_no = c.party_no AND (p.account_no IS NULL OR p.account_no = c.account_no)
                        AND p.first_day <= y.day AND coalesce(p.goes_on > y.day, TRUE)
    LEFT JOIN pausing_hold AS h ON h.kind = p.kind
    GROUP BY c.account_no, y.day
) AS a;

CREATE OR REPLACE TABLE bucket_stay AS
SELECT account_no, bucket, day AS entered_on, CAST(after - 1 AS DATE) AS left_on
FROM (
    SELECT account_no, bucket, day, lead(day) OVER (PARTITION BY account_no ORDER BY day) AS after
    FROM (
        SELECT s.account_no, s.day, b.bucket, lag(b.bucket) OVER (PARTITION BY s.account_no ORDER BY s.day) AS bucket_before
        FROM (
            SELECT w.account_no, w.day,
                   greatest(0, CASE WHEN w.days <= w.grace_days THEN 0
                                    WHEN w.grace_policy = 'subtract' THEN w.days - w.grace_days
                                    ELSE w.days
                               END - w.paused) AS days_delinquent
            FROM (
                SELECT n.account_no, n.day, coalesce(p.grace_days, k.grace_days) AS grace_days,
                       coalesce(p.grace_policy, k.grace_policy) AS grace_policy,
                       CASE WHEN l.past_due > coalesce(o.amount, t.amount, 0) THEN date_diff('day', l.oldest_due_date, n.day)
                            ELSE 0
                       END AS days,
                       CASE WHEN l.oldest_due_date IS NULL THEN 0 ELSE n.paused_until - coalesce(f.paused_until, 0) END AS paused
                FROM history_pause AS n
                JOIN candidate AS c ON c.account_no = n.account_no
                CROSS JOIN parameter AS k
                LEFT JOIN product_rule AS p ON p.product = c.product
                LEFT JOIN tolerance AS t ON t.currency = c.currency AND t.product = ''
                LEFT JOIN tolerance AS o ON o.currency = c.currency AND o.product = c.product AND c.product <> ''
                LEFT JOIN history_late AS l ON l.account_no = n.account_no AND l.day = n.day
                LEFT JOIN history_pause AS f ON f.account_no = n.account_no AND f.day = l.oldest_due_date
            ) AS w
        ) AS s
        JOIN bucket_edge AS b ON s.days_delinquent BETWEEN b.from_day AND b.to_day
    ) AS step
    WHERE bucket_before IS NULL OR bucket_before <> bucket
) AS stay;
