-- What an account's interest is: of the last closed statement, since it, and what would be charged for being late.
-- `exact` is whether everything behind the last statement's figure is known: what was brought forward from before the
-- bookings, whose days and parts are not told, was paid off before that statement's cycle began.
CREATE OR REPLACE TABLE account_interest AS
SELECT g.account_no, b.statement_date, coalesce(b.interest, 0) AS billed, coalesce(b.off_balance, 0) AS billed_off,
       coalesce(s.interest, 0) AS since, coalesce(s.off_balance, 0) AS since_off, l.charged_on AS late_charged_on,
       coalesce(l.amount, 0) AS late_charge,
       f.amount IS NOT NULL AND f.amount <= coalesce(p.amount, 0) AS exact
FROM interest_given AS g
LEFT JOIN (
    SELECT f.account_no, f.statement_nr, f.statement_date, f.interest, f.off_balance,
           row_number() OVER (PARTITION BY f.account_no ORDER BY f.statement_nr DESC) AS place
    FROM interest_figure AS f
    JOIN interest_statement AS s ON s.account_no = f.account_no AND s.statement_date = f.statement_date
    WHERE s.due_date IS NOT NULL
) AS b ON b.account_no = g.account_no AND b.place = 1
LEFT JOIN (
    SELECT f.account_no, f.interest, f.off_balance
    FROM interest_figure AS f
    JOIN interest_statement AS s ON s.account_no = f.account_no AND s.statement_date = f.statement_date
    WHERE s.due_date IS NULL
) AS s ON s.account_no = g.account_no
LEFT JOIN (
    SELECT account_no, charged_on, amount, row_number() OVER (PARTITION BY account_no ORDER BY charged_on DESC) AS place
    FROM late_charge
    JOIN parameter AS k ON charged_on <= k.as_of
) AS l ON l.account_no = g.account_no AND l.place = 1
LEFT JOIN interest_forward AS f ON f.account_no = g.account_no
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
) AS p ON p.account_no = g.account_no;
