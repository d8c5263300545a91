-- Interest, day by day, for every account that is given. Inputs (rules/interest.py makes them, so may the night):
--   interest_account (account_no, method, new_purchases, payment_shift, statement_shift, rounding, grace_days, tolerance)
--   interest_posting (account_no, nr, kind, graced, queue, posting_date, bears_from, amount)   bears_from NULL: never
--   interest_payment (account_no, nr, queue, posting_date, amount, counts); interest_reversal (account_no, payment_nr, amount)
--   interest_statement (account_no, statement_date, charges, balance, due_date, minimum_payment)
--   interest_rate (account_no, kind, rule, source, sheet, from_date, to_date, rate, per_days)
-- account_no is what the caller tells its accounts by: the host's number, or one of its own.
-- A payment that was taken back never was: what is left of it counts from its own day.
CREATE OR REPLACE TABLE interest_paid AS
SELECT account_no, nr, queue, posting_date, counts, amount,
       sum(amount) OVER (
           PARTITION BY account_no, queue ORDER BY posting_date, nr ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) AS up_to
FROM (
    SELECT p.account_no, p.nr, p.queue, p.posting_date, p.counts,
           CAST(p.amount - coalesce(r.amount, 0) AS DECIMAL(15, 2)) AS amount
    FROM interest_payment AS p
    LEFT JOIN (
        SELECT account_no, payment_nr, sum(amount) AS amount FROM interest_reversal GROUP BY account_no, payment_nr
    ) AS r ON r.account_no = p.account_no AND r.payment_nr = p.nr
) AS left_of_it
WHERE amount > 0;

-- Statements in order; paid in full by the due date (with grace and tolerance), or not.
CREATE OR REPLACE TABLE interest_cycle AS
SELECT c.account_no, c.nr, c.statement_date, c.charges, c.due_date, c.minimum_payment,
       c.statement_date - a.statement_shift AS last_day, c.due_date + a.grace_days AS decided_on,
       c.due_date IS NOT NULL
           AND coalesce(c.balance, coalesce(b.posted, 0) - coalesce(p.before, 0)) - coalesce(p.in_time, 0) > a.tolerance AS failed
FROM (
    SELECT account_no, statement_date, charges, balance, due_date, minimum_payment,
           CAST(row_number() OVER (PARTITION BY account_no ORDER BY statement_date, charges) AS INTEGER) AS nr
    FROM interest_statement
) AS c
JOIN interest_account AS a ON a.account_no = c.account_no
LEFT JOIN (
    SELECT s.account_no, s.statement_date, sum(p.amount) AS posted
    FROM interest_statement AS s
    JOIN interest_posting AS p ON p.account_no = s.account_no AND p.posting_date <= s.statement_date
    WHERE s.balance IS NULL AND s.due_date IS NOT NULL
    GROUP BY s.account_no, s.statement_date
) AS b ON b.account_no = c.account_no AND b.statement_date = c.statement_date
LEFT JOIN (
    SELECT s.account_no, s.statement_date,
           sum(CASE WHEN p.posting_date <= s.statement_date THEN p.amount ELSE 0 END) AS before,
           sum(CASE WHEN p.posting_date > s.statement_date AND p.posting_date <= s.due_date + a.grace_days
                    THEN p.amount ELSE 0 END) AS in_time
    FROM interest_statement AS s
    JOIN interest_account AS a ON a.account_no = s.account_no
    JOIN interest_paid AS p ON p.account_no = s.account_no
    WHERE s.due_date IS NOT NULL
    GROUP BY s.account_no, s.statement_date
) AS p ON p.account_no = c.account_no AND p.statement_date = c.statement_date;

-- Each statement beside the one before it and the first one from it on that was not paid in full.
CREATE OR REPLACE TABLE interest_grace AS
SELECT account_no, nr, statement_date, due_date,
       lag(statement_date) OVER (PARTITION BY account_no ORDER BY nr) AS former_date,
       lag(failed) OVER (PARTITION BY account_no ORDER BY nr) AS former_failed,
       lag(decided_on) OVER (PARTITION BY account_no ORDER BY nr) AS former_decided_on,
       min(CASE WHEN failed THEN nr END) OVER (
           PARTITION BY account_no ORDER BY nr ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
       ) AS lost_nr
FROM interest_cycle;

-- From which day a posting bears interest, and on which day that was decided. What has grace loses it when its own
-- statement is not paid in full, or, where the contract says so, when the statement before it was not.
CREATE OR REPLACE TABLE interest_start AS
SELECT account_no, nr, kind, starts_on, decided_on
FROM (
    SELECT p.account_no, p.nr, p.kind,
           CASE WHEN NOT p.graced THEN p.bears_from
                WHEN a.method = 'unpaid_part' THEN lost.due_date + 1
                WHEN a.new_purchases = 'at_once' AND own.former_failed THEN p.bears_from
                WHEN own.lost_nr = own.nr THEN p.bears_from
                ELSE coalesce(own.due_date, lost.due_date) + 1
           END AS starts_on,
           CASE WHEN NOT p.graced THEN p.posting_date
                WHEN a.method = 'full_balance' AND a.new_purchases = 'at_once' AND own.former_failed
                    THEN greatest(own.former_decided_on, p.posting_date)
                ELSE lost.decided_on
           END AS decided_on
    FROM interest_posting AS p
    JOIN interest_account AS a ON a.account_no = p.account_no
    JOIN interest_grace AS own ON own.account_no = p.account_no AND p.posting_date <= own.statement_date
        AND (own.former_date IS NULL OR p.posting_date > own.former_date)
    LEFT JOIN interest_cycle AS lost ON lost.account_no = own.account_no AND lost.nr = own.lost_nr
    WHERE p.bears_from IS NOT NULL
) AS s
WHERE starts_on IS NOT NULL AND decided_on IS NOT NULL;

-- Which days of a posting a statement charges: the first one after the decision all days since the start, the later
-- ones those since the statement before.
CREATE OR REPLACE TABLE interest_window AS
SELECT w.account_no, w.statement_nr, w.nr, w.kind, w.last_day,
       CASE WHEN w.place = 1 THEN w.starts_on ELSE greatest(w.starts_on, w.day_before + 1) END AS first_day
FROM (
    SELECT s.account_no, c.nr AS statement_nr, s.nr, s.kind, c.last_day, s.starts_on,
           row_number() OVER (PARTITION BY s.account_no, s.nr ORDER BY c.nr) AS place,
           lag(c.last_day) OVER (PARTITION BY s.account_no, s.nr ORDER BY c.nr) AS day_before
    FROM interest_start AS s
    JOIN interest_cycle AS c ON c.account_no = s.account_no AND c.charges AND c.statement_date >= s.decided_on
) AS w
WHERE w.starts_on <= w.last_day;

-- Payments go to the oldest posting of their queue first: posting and payment meet where their running sums overlap.
CREATE OR REPLACE TABLE interest_settled AS
SELECT p.account_no, p.nr, q.posting_date + a.payment_shift AS on_day,
       CAST(least(p.up_to, q.up_to) - greatest(p.up_to - p.amount, q.up_to - q.amount) AS DECIMAL(15, 2)) AS amount
FROM (
    SELECT account_no, nr, queue, amount,
           sum(amount) OVER (
               PARTITION BY account_no, queue ORDER BY posting_date, graced, nr
               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
           ) AS up_to
    FROM interest_posting
    WHERE account_no IN (SELECT account_no FROM interest_paid)
) AS p
JOIN interest_paid AS q ON q.account_no = p.account_no AND q.queue = p.queue
    AND q.up_to > p.up_to - p.amount AND q.up_to - q.amount < p.up_to
JOIN interest_account AS a ON a.account_no = p.account_no;

-- Where the balance or the rate changes, a new stretch begins.
CREATE OR REPLACE TABLE interest_stretch AS
SELECT account_no, statement_nr, kind, on_day AS from_day, last_day,
       CAST(sum(change) OVER (
           PARTITION BY account_no, statement_nr, kind ORDER BY on_day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) AS DECIMAL(15, 2)) AS balance,
       coalesce(lead(on_day) OVER (PARTITION BY account_no, statement_nr, kind ORDER BY on_day) - 1, last_day) AS to_day
FROM (
    SELECT account_no, statement_nr, kind, on_day, max(last_day) AS last_day, sum(change) AS change
    FROM (
        SELECT w.account_no, w.statement_nr, w.kind, w.first_day AS on_day, w.last_day, p.amount AS change
        FROM interest_window AS w
        JOIN interest_posting AS p ON p.account_no = w.account_no AND p.nr = w.nr
        UNION ALL
        SELECT w.account_no, w.statement_nr, w.kind, greatest(s.on_day, w.first_day), w.last_day, -s.amount
        FROM interest_window AS w
        JOIN interest_settled AS s ON s.account_no = w.account_no AND s.nr = w.nr AND s.on_day <= w.last_day
        UNION ALL
        SELECT w.account_no, w.statement_nr, w.kind, r.on_day, w.last_day, CAST(0 AS DECIMAL(15, 2))
        FROM (
            SELECT account_no, statement_nr, kind, min(first_day) AS first_day, max(last_day) AS last_day
            FROM interest_window GROUP BY account_no, statement_nr, kind
        ) AS w
        JOIN (
            SELECT account_no, kind, from_date AS on_day FROM interest_rate
            UNION ALL
            SELECT account_no, kind, to_date + 1 FROM interest_rate WHERE to_date IS NOT NULL
        ) AS r ON r.account_no = w.account_no AND r.kind = w.kind AND r.on_day > w.first_day AND r.on_day <= w.last_day
    ) AS event
    GROUP BY account_no, statement_nr, kind, on_day
) AS day;

-- A line: balance × rate × days. Everything is counted in 26,280ths (the least common multiple of 360 and 365), so that
-- yearly rates are divided once, when the figure is rounded.
CREATE OR REPLACE TABLE interest_exact AS
SELECT account_no, statement_nr, kind, rule, source, sheet, from_day, to_day, balance, rate, per_days, days, rounding,
       CAST(CAST(balance AS DECIMAL(19, 2)) * rate AS DECIMAL(25, 10)) * CAST(weight AS DECIMAL(5, 0)) AS a_day,
       CAST(CAST(balance AS DECIMAL(19, 2)) * rate AS DECIMAL(25, 10)) * CAST(days AS DECIMAL(5, 0))
           * CAST(weight AS DECIMAL(5, 0)) AS in_all
FROM (
    SELECT s.account_no, s.statement_nr, s.kind, r.rule, r.source, r.sheet, s.from_day, s.to_day, s.balance, r.rate,
           r.per_days, date_diff('day', s.from_day, s.to_day) + 1 AS days, a.rounding,
           CASE r.per_days WHEN 1 THEN 26280 WHEN 365 THEN 72 WHEN 360 THEN 73 END AS weight
    FROM interest_stretch AS s
    JOIN interest_account AS a ON a.account_no = s.account_no
    JOIN interest_rate AS r ON r.account_no = s.account_no AND r.kind = s.kind AND r.from_date <= s.from_day
        AND (r.to_date IS NULL OR r.to_date >= s.from_day)
    WHERE s.balance > 0
) AS line;

-- Half-up: twice the cents plus one half, less what does not divide, divides exactly.
CREATE OR REPLACE TABLE interest_line AS
SELECT account_no, statement_nr, kind, rule, source, sheet, from_day, to_day, balance, rate, per_days, days, rounding, in_all,
       CASE WHEN rounding = 'statement' THEN CAST(NULL AS DECIMAL(18, 2))
            ELSE CAST(CAST(cents * CASE WHEN rounding = 'day' THEN days ELSE 1 END AS DECIMAL(18, 0)) * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2))
       END AS amount
FROM (
    SELECT u.*, CAST(round(CAST(twice - twice % 52560 AS DOUBLE) / 52560) AS BIGINT) AS cents
    FROM (
        SELECT e.*, CAST(CAST(CASE WHEN rounding = 'day' THEN a_day ELSE in_all END AS DECIMAL(32, 10)) * CAST(200 AS DECIMAL(3, 0)) + 26280
                    AS DECIMAL(38, 8)) AS twice
        FROM interest_exact AS e
    ) AS u
) AS rounded;

CREATE OR REPLACE TABLE interest_charged AS
SELECT c.account_no, c.nr AS statement_nr, c.statement_date, CAST(coalesce(l.interest, 0) AS DECIMAL(18, 2)) AS interest,
       CAST(coalesce(l.on_balance, 0) AS DECIMAL(18, 2)) AS on_balance,
       CAST(coalesce(l.interest, 0) - coalesce(l.on_balance, 0) AS DECIMAL(18, 2)) AS off_balance
FROM interest_cycle AS c
LEFT JOIN (
    SELECT account_no, statement_nr,
           CASE WHEN rounding = 'statement'
                THEN CAST(CAST(CAST(round(CAST(twice - twice % 52560 AS DOUBLE) / 52560) AS BIGINT) AS DECIMAL(18, 0)) * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2))
                ELSE amount END AS interest,
           CASE WHEN rounding = 'statement'
                THEN CAST(CAST(CAST(round(CAST(twice_on - twice_on % 52560 AS DOUBLE) / 52560) AS BIGINT) AS DECIMAL(18, 0)) * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2))
                ELSE amount_on END AS on_balance
    FROM (
        SELECT account_no, statement_nr, max(rounding) AS rounding,
               CAST(coalesce(sum(amount), 0) AS DECIMAL(18, 2)) AS amount,
               CAST(coalesce(sum(CASE WHEN sheet = 'on' THEN amount END), 0) AS DECIMAL(18, 2)) AS amount_on,
               CAST(CAST(sum(in_all) AS DECIMAL(32, 10)) * CAST(200 AS DECIMAL(3, 0)) + 26280 AS DECIMAL(38, 8)) AS twice,
               CAST(CAST(coalesce(sum(CASE WHEN sheet = 'on' THEN in_all END), 0) AS DECIMAL(32, 10)) * CAST(200 AS DECIMAL(3, 0)) + 26280
                    AS DECIMAL(38, 8)) AS twice_on
        FROM interest_line
        GROUP BY account_no, statement_nr
    ) AS sums
) AS l ON l.account_no = c.account_no AND l.statement_nr = c.nr
WHERE c.charges;
