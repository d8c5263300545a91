-- The figures by the host's numbers.
CREATE OR REPLACE TABLE interest_figure AS
SELECT g.account_no, f.statement_nr, f.statement_date, f.interest, f.on_balance, f.off_balance
FROM interest_charged AS f
JOIN interest_given AS g ON g.id = f.account_no;

CREATE OR REPLACE TABLE late_charge AS
SELECT g.account_no, l.statement_nr, l.due_date, l.charged_on, l.minimum_payment, l.paid, l.unpaid, l.share, l.source, l.amount
FROM late_charged AS l
JOIN interest_given AS g ON g.id = l.account_no;

-- What an account's interest is: of the last closed statement, since it, and what would be charged for being late.
-- `exact` is whether everything behind the last statement's figure is known: what was brought forward from before the
-- bookings, whose days and parts are not told, was paid off before that statement's cycle began.
CREATE OR REPLACE TABLE account_interest AS
SELECT g.account_no, b.statement_date, coalesce(b.billed, 0) AS billed, coalesce(b.billed_off, 0) AS billed_off,
       coalesce(b.since, 0) AS since, coalesce(b.since_off, 0) AS since_off, l.charged_on AS late_charged_on,
       coalesce(l.amount, 0) AS late_charge,
       f.amount IS NOT NULL AND f.amount <= coalesce(p.amount, 0) AS exact
FROM interest_given AS g
LEFT JOIN (
    -- the statement without a due date is the close
    SELECT f.account_no, max(CASE WHEN c.due_date IS NOT NULL THEN f.statement_date END) AS statement_date,
           arg_max(f.interest, CASE WHEN c.due_date IS NOT NULL THEN f.statement_nr END) AS billed,
           arg_max(f.off_balance, CASE WHEN c.due_date IS NOT NULL THEN f.statement_nr END) AS billed_off,
           max(CASE WHEN c.due_date IS NULL THEN f.interest END) AS since,
           max(CASE WHEN c.due_date IS NULL THEN f.off_balance END) AS since_off
    FROM interest_charged AS f
    JOIN interest_cycle AS c ON c.account_no = f.account_no AND c.nr = f.statement_nr
    GROUP BY f.account_no
) AS b ON b.account_no = g.id
LEFT JOIN (
    SELECT account_no, charged_on, amount, row_number() OVER (PARTITION BY account_no ORDER BY charged_on DESC) AS place
    FROM late_charged
    JOIN parameter AS k ON charged_on <= k.as_of
) AS l ON l.account_no = g.id AND l.place = 1
LEFT JOIN interest_forward AS f ON f.account_no = g.id
LEFT JOIN (
    SELECT m.account_no, sum(m.amount) AS amount
    FROM interest_money AS m
    JOIN interest_forward AS f ON f.account_no = m.account_no AND m.posting_date > f.statement_date
    JOIN (
        SELECT account_no, max(statement_date) AS began
        FROM (
            SELECT account_no, statement_date, max(statement_date) OVER (PARTITION BY account_no) AS newest
            FROM interest_statement
            WHERE due_date IS NOT NULL
        ) AS s
        WHERE statement_date < newest
        GROUP BY account_no
    ) AS c ON c.account_no = m.account_no AND m.posting_date <= c.began
    GROUP BY m.account_no
) AS p ON p.account_no = g.id;
