-- When did an account enter and leave each bucket: worked out anew from the dues and the money known today, so a payment
-- posted for an earlier day changes the history from that day on. `history_day` holds the days to look at, in a row.
-- Money posted after a statement pays what it asked for and no more; what one statement was overpaid lowers no later one.
-- What the host says to be past due from before the statements that are known is a due of its own, on the host's day.
--
-- The host's word stands as it does in the state (sql/age.sql), on every day on which nothing moved that we know of: from
-- the day after its newest statement, or the day of the last counted money since. What it counts as paid and no booking
-- tells was paid then; its own shortfall stands without tolerance. The last day is the state itself.
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

CREATE OR REPLACE TABLE history_word AS
SELECT c.account_no, k.as_of, a.past_due, a.oldest_due_date AS now_since,
       CASE WHEN c.past_due_amount IS NOT NULL AND (c.past_due_amount = 0 OR a.paid_since = 0 OR c.overdue_since IS NOT NULL)
            THEN greatest(coalesce(CAST(s.newest + 1 AS DATE), k.as_of), coalesce(m.moved, DATE '1900-01-01'))
       END AS from_day,
       CASE WHEN c.past_due_amount = 0 THEN NULL WHEN a.paid_since = 0 THEN a.oldest_due_date ELSE c.overdue_since END AS since
FROM candidate AS c
JOIN aged AS a ON a.account_no = c.account_no
CROSS JOIN parameter AS k
LEFT JOIN (SELECT account_no, max(statement_date) AS newest FROM due GROUP BY account_no) AS s ON s.account_no = c.account_no
LEFT JOIN (
    SELECT account_no, max(posting_date) AS moved FROM movement WHERE counts AND NOT since_position GROUP BY account_no
) AS m ON m.account_no = c.account_no;

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
                       coalesce(date_diff('day', n.since, n.day), 0) AS days,
                       CASE WHEN n.since IS NULL THEN 0 ELSE n.paused_until - coalesce(f.paused_until, 0) END AS paused
                FROM (
                    SELECT y.account_no, y.day, y.paused_until,
                           CASE WHEN y.day = w.as_of THEN CASE WHEN w.past_due > 0 THEN w.now_since END
                                WHEN y.day >= w.from_day THEN CASE WHEN w.since < y.day THEN w.since END
                                WHEN l.past_due > coalesce(o.amount, t.amount, 0) THEN l.oldest_due_date
                           END AS since
                    FROM history_pause AS y
                    JOIN candidate AS c ON c.account_no = y.account_no
                    JOIN history_word AS w ON w.account_no = y.account_no
                    LEFT JOIN tolerance AS t ON t.currency = c.currency AND t.product = ''
                    LEFT JOIN tolerance AS o ON o.currency = c.currency AND o.product = c.product AND c.product <> ''
                    LEFT JOIN history_late AS l ON l.account_no = y.account_no AND l.day = y.day
                ) AS n
                JOIN candidate AS c ON c.account_no = n.account_no
                CROSS JOIN parameter AS k
                LEFT JOIN product_rule AS p ON p.product = c.product
                LEFT JOIN history_pause AS f ON f.account_no = n.account_no AND f.day = n.since
            ) AS w
        ) AS s
        JOIN bucket_edge AS b ON s.days_delinquent BETWEEN b.from_day AND b.to_day
    ) AS step
    WHERE bucket_before IS NULL OR bucket_before <> bucket
) AS stay;
