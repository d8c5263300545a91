-- Minimums become dues without counting anything twice. A statement's minimum M holds the unpaid minimums before it.
-- With Q the counted payments less reversals posted after statement s and up to statement s+1:
--   carried(s+1) = max(0, M(s) - Q(s)),  due(s+1) = max(0, M(s+1) - carried(s+1)),  unpaid now = max(0, M(n) - Q(n)).
-- A due date on a day off moves to the next working day only where the product's policy says so (`day_off`).
CREATE OR REPLACE TABLE statement_line AS
SELECT l.account_no, l.statement_date, l.statement_balance, l.minimum_payment,
       CASE WHEN coalesce(p.due_on_holiday, l.due_on_holiday) = 'next_working_day' THEN coalesce(o.pays_on, l.due_date)
            ELSE l.due_date
       END AS due_date
FROM (
    SELECT s.account_no, c.product, s.statement_date, s.due_date, s.statement_balance, s.minimum_payment, k.due_on_holiday
    FROM statement AS s
    JOIN candidate AS c ON c.account_no = s.account_no
    JOIN parameter AS k ON s.statement_date <= k.as_of
    UNION ALL
    SELECT c.account_no, c.product, c.statement_date, c.due_date, c.statement_balance, c.minimum_payment, k.due_on_holiday
    FROM candidate AS c
    LEFT JOIN statement AS s ON s.account_no = c.account_no AND s.statement_date = c.statement_date
    JOIN parameter AS k ON c.statement_date <= k.as_of
    WHERE s.account_no IS NULL AND c.due_date IS NOT NULL
) AS l
LEFT JOIN product_rule AS p ON p.product = l.product
LEFT JOIN day_off AS o ON o.day = l.due_date;

CREATE OR REPLACE TABLE statement_event AS
SELECT account_no, on_day, is_statement, amount, due_date, minimum_payment,
       CAST(sum(is_statement) OVER (
           PARTITION BY account_no ORDER BY on_day, is_statement ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) AS BIGINT) AS nr
FROM (
    SELECT account_no, statement_date AS on_day, 1 AS is_statement, CAST(0 AS DECIMAL(18, 2)) AS amount, due_date,
           minimum_payment
    FROM statement_line
    UNION ALL
    SELECT m.account_no, m.posting_date, 0, m.amount, NULL, NULL
    FROM movement AS m
    JOIN candidate AS c ON c.account_no = m.account_no
    WHERE m.counts AND NOT m.since_position
) AS event;

CREATE OR REPLACE TABLE due AS
SELECT account_no, statement_date, due_date, minimum_payment, nr, paid,
       CAST(greatest(0, minimum_payment - greatest(0, coalesce(minimum_before - paid_before, 0))) AS DECIMAL(18, 2)) AS amount
FROM (
    SELECT s.account_no, s.on_day AS statement_date, s.due_date, s.minimum_payment, s.nr, coalesce(q.paid, 0) AS paid,
           lag(s.minimum_payment) OVER (PARTITION BY s.account_no ORDER BY s.nr) AS minimum_before,
           lag(coalesce(q.paid, 0)) OVER (PARTITION BY s.account_no ORDER BY s.nr) AS paid_before
    FROM (SELECT * FROM statement_event WHERE is_statement = 1) AS s
    LEFT JOIN (
        SELECT account_no, nr, sum(amount) AS paid FROM statement_event WHERE is_statement = 0 GROUP BY account_no, nr
    ) AS q ON q.account_no = s.account_no AND q.nr = s.nr
) AS line;

-- What is past due at the close: the host's word where it speaks; else what is unpaid less the due that is not yet late.
CREATE OR REPLACE TABLE closing AS
SELECT c.account_no,
       CAST(coalesce(c.past_due_amount, greatest(0, coalesce(u.unpaid, 0) - coalesce(u.not_yet_late, 0))) AS DECIMAL(18, 2))
           AS past_due_at_close,
       c.past_due_amount IS NULL OR c.overdue_since IS NULL AS derived
FROM candidate AS c
LEFT JOIN (
    SELECT d.account_no,
           greatest(0, max(CASE WHEN d.nr = n.last_nr THEN d.minimum_payment - d.paid END)) AS unpaid,
           sum(CASE WHEN d.due_date >= k.late_before THEN d.amount ELSE 0 END) AS not_yet_late
    FROM due AS d
    JOIN (SELECT account_no, max(nr) AS last_nr FROM due GROUP BY account_no) AS n ON n.account_no = d.account_no
    CROSS JOIN parameter AS k
    GROUP BY d.account_no
) AS u ON u.account_no = c.account_no;
