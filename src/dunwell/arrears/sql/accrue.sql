-- What interest.sql is given for the accounts in work: their statements, what the host booked, and the terms in force for
-- their product (else the issuer's). Money taken back never came; what a booking took back of another was never booked.
-- What a first known statement asks for beyond the bookings that are known is brought forward: it bears interest from the
-- day after that statement, for the days before it are not known. After the last statement interest runs on to the close.
-- The accounts are numbered for these steps: joined by the host's own numbers they take half as long again.
CREATE OR REPLACE TABLE interest_given AS
SELECT CAST(row_number() OVER (ORDER BY c.account_no) AS INTEGER) AS id, c.account_no, c.currency, coalesce(t.product, '') AS term, coalesce(p.grace_days, k.grace_days) AS grace_days,
       CAST(coalesce(o.amount, w.amount, 0) AS DECIMAL(15, 2)) AS tolerance, g.oldest_due_date, k.as_of
FROM account_state AS c
JOIN aged AS g ON g.account_no = c.account_no
CROSS JOIN parameter AS k
LEFT JOIN interest_term AS t ON t.product = c.product AND c.product <> ''
LEFT JOIN product_rule AS p ON p.product = c.product
LEFT JOIN tolerance AS w ON w.currency = c.currency AND w.product = ''
LEFT JOIN tolerance AS o ON o.currency = c.currency AND o.product = c.product AND c.product <> ''
WHERE abs(c.closing_balance) < 10000000000;

CREATE OR REPLACE TABLE interest_account AS
SELECT a.id AS account_no, t.method, t.new_purchases, t.payment_shift, t.statement_shift, t.rounding, a.grace_days, a.tolerance
FROM interest_given AS a
JOIN interest_term AS t ON t.product = a.term;

CREATE OR REPLACE TABLE interest_billed AS
SELECT a.id AS account_no, s.statement_date, s.statement_balance, s.due_date, s.minimum_payment
FROM statement_line AS s
JOIN interest_given AS a ON a.account_no = s.account_no;

-- The last row of an account without a statement today is its close: interest since the last statement.
CREATE OR REPLACE TABLE interest_statement AS
SELECT account_no, statement_date, TRUE AS charges, CAST(statement_balance AS DECIMAL(15, 2)) AS balance, due_date,
       CAST(minimum_payment AS DECIMAL(15, 2)) AS minimum_payment
FROM interest_billed
WHERE abs(coalesce(statement_balance, 0)) < 10000000000
UNION ALL
SELECT a.id, a.as_of, TRUE, CAST(NULL AS DECIMAL(15, 2)), CAST(NULL AS DATE), CAST(NULL AS DECIMAL(15, 2))
FROM interest_given AS a
JOIN (SELECT account_no, max(statement_date) AS newest FROM interest_billed GROUP BY account_no) AS s
    ON s.account_no = a.id AND s.newest < a.as_of;

-- A reversal by the host's reference: of a payment, or of anything else that was booked.
CREATE OR REPLACE TABLE interest_undone AS
SELECT t.account_no, t.reverses_ref, sum(t.amount) AS amount
FROM told AS t
JOIN parameter AS k ON t.posting_date <= k.as_of
WHERE t.direction = -1 AND t.reverses_ref IS NOT NULL
GROUP BY t.account_no, t.reverses_ref;

CREATE OR REPLACE TABLE interest_money AS
SELECT a.id AS account_no, m.posting_date, m.counts, CAST(m.amount - coalesce(u.amount, 0) AS DECIMAL(15, 2)) AS amount,
       row_number() OVER (PARTITION BY a.id ORDER BY m.posting_date, m.host_ref, m.payment_id) AS nr
FROM (
    SELECT account_no, payment_id, host_ref, posting_date, amount, counts FROM received WHERE NOT since_position
    UNION ALL
    SELECT t.account_no, 0, t.host_ref, t.posting_date, t.amount, t.counts
    FROM told AS t
    JOIN parameter AS k ON t.posting_date <= k.as_of
    WHERE t.direction = 1
) AS m
JOIN interest_given AS a ON a.account_no = m.account_no
LEFT JOIN interest_undone AS u ON u.account_no = m.account_no AND u.reverses_ref = m.host_ref
WHERE m.amount > coalesce(u.amount, 0) AND m.amount < 10000000000;

CREATE OR REPLACE TABLE interest_booked AS
SELECT a.id AS account_no, b.type, b.posting_date, coalesce(b.transaction_date, b.posting_date) AS transaction_date, b.host_ref,
       CAST(b.amount - coalesce(r.amount, 0) AS DECIMAL(15, 2)) AS amount
FROM posting AS b
JOIN interest_given AS a ON a.account_no = b.account_no AND b.posting_date <= a.as_of
LEFT JOIN (
    SELECT account_no, reverses_ref, sum(amount) AS amount FROM booking WHERE type = 'reversal' GROUP BY account_no, reverses_ref
) AS r ON r.account_no = b.account_no AND r.reverses_ref = b.host_ref
WHERE b.amount > coalesce(r.amount, 0) AND b.amount < 10000000000;

CREATE OR REPLACE TABLE interest_first AS
SELECT account_no, statement_date, balance
FROM (
    SELECT account_no, statement_date, balance, row_number() OVER (PARTITION BY account_no ORDER BY statement_date) AS place
    FROM interest_statement
    WHERE balance IS NOT NULL
) AS s
WHERE place = 1;

CREATE OR REPLACE TABLE interest_forward AS
SELECT f.account_no, f.statement_date,
       CAST(f.balance - coalesce(b.amount, 0) + coalesce(m.amount, 0) AS DECIMAL(15, 2)) AS amount
FROM interest_first AS f
LEFT JOIN (
    SELECT b.account_no, sum(b.amount) AS amount
    FROM interest_booked AS b
    JOIN interest_first AS s ON s.account_no = b.account_no AND b.posting_date <= s.statement_date
    GROUP BY b.account_no
) AS b ON b.account_no = f.account_no
LEFT JOIN (
    SELECT m.account_no, sum(m.amount) AS amount
    FROM interest_money AS m
    JOIN interest_first AS s ON s.account_no = m.account_no AND m.posting_date <= s.statement_date
    GROUP BY m.account_no
) AS m ON m.account_no = f.account_no;

CREATE OR REPLACE TABLE interest_posting AS
SELECT account_no, CAST(row_number() OVER (PARTITION BY account_no ORDER BY posting_date, place, ref) AS INTEGER) AS nr, kind,
       kind = 'purchase' AS graced, '' AS queue, posting_date, bears_from, amount
FROM (
    SELECT f.account_no, 0 AS place, '' AS ref, 'purchase' AS kind, f.statement_date AS posting_date,
           CAST(f.statement_date + 1 AS DATE) AS bears_from, f.amount
    FROM interest_forward AS f
    WHERE f.amount > 0
    UNION ALL
    SELECT b.account_no, 1, b.host_ref,
           CASE b.type WHEN 'purchase' THEN 'purchase' WHEN 'cash' THEN 'cash' WHEN 'interest' THEN 'interest' ELSE 'fee' END,
           b.posting_date,
           CASE WHEN b.type IN ('purchase', 'cash') THEN CASE WHEN t.from_transaction THEN b.transaction_date ELSE b.posting_date END
                WHEN b.type = 'interest' AND t.compounding THEN CAST(b.posting_date + 1 AS DATE)
           END, b.amount
    FROM interest_booked AS b
    JOIN interest_given AS a ON a.id = b.account_no
    JOIN interest_term AS t ON t.product = a.term
) AS p;

-- What was overpaid at the first known statement is a payment of its day.
CREATE OR REPLACE TABLE interest_payment AS
SELECT account_no, CAST(nr AS INTEGER) AS nr, '' AS queue, posting_date, amount, counts FROM interest_money
UNION ALL
SELECT account_no, 0, '', statement_date, CAST(-amount AS DECIMAL(15, 2)), FALSE FROM interest_forward WHERE amount < 0;

CREATE OR REPLACE TABLE interest_reversal AS
SELECT account_no, nr AS payment_nr, amount FROM interest_payment WHERE FALSE;

-- From so many days past due on interest accrues off the balance sheet. Of the rates those of the kinds that bear any.
CREATE OR REPLACE TABLE interest_sheet AS
SELECT b.account_no, g.term, b.kind, CAST(g.oldest_due_date + t.off_from_day AS DATE) AS off_since, g.as_of
FROM (SELECT DISTINCT account_no, kind FROM interest_posting WHERE bears_from IS NOT NULL) AS b
JOIN interest_given AS g ON g.id = b.account_no
JOIN interest_term AS t ON t.product = g.term;

CREATE OR REPLACE TABLE interest_rate AS
SELECT a.account_no, r.kind, r.rule, r.source, 'on' AS sheet, r.from_date,
       CASE WHEN a.off_since IS NULL THEN r.to_date ELSE least(coalesce(r.to_date, a.off_since - 1), a.off_since - 1) END AS to_date,
       r.rate, r.per_days
FROM interest_sheet AS a
JOIN interest_term_rate AS r ON r.product = a.term AND r.kind = a.kind
WHERE a.off_since IS NULL OR r.from_date < a.off_since
UNION ALL
SELECT a.account_no, r.kind, r.rule, r.source, 'off', greatest(r.from_date, a.off_since), r.to_date, r.rate, r.per_days
FROM interest_sheet AS a
JOIN interest_term_rate AS r ON r.product = a.term AND r.kind = a.kind
WHERE a.off_since <= a.as_of AND coalesce(r.to_date >= a.off_since, TRUE);

CREATE OR REPLACE TABLE late_charge_rule AS
SELECT a.id AS account_no, l.share, l.least, l.most, l.source
FROM interest_given AS a
JOIN interest_term_late AS l ON l.product = a.term;
