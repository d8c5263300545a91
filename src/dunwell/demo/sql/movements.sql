-- Everything the host posts: one line for a month's purchases, the repayments, a few postings taken back, a few refunds.
CREATE OR REPLACE TABLE posted AS
SELECT a.account_no, host_ref, posting_date, posting_date AS transaction_date, code, type, CAST(amount AS DECIMAL(18, 2)) AS amount,
       'CNY' AS currency, CASE WHEN counts THEN 'yes' ELSE 'no' END AS counts_to_minimum, reverses_ref, m
FROM (
    SELECT id, m, format('R{:02d}{:08d}', m, id) AS host_ref, paid_on AS posting_date, '5001' AS code, 'repayment' AS type,
           paid AS amount, TRUE AS counts, '' AS reverses_ref
    FROM month_row WHERE paid > 0
    UNION ALL -- posted twice by mistake, and taken back the next day
    SELECT id, m, format('D{:02d}{:08d}', m, id), paid_on, '5001', 'repayment', paid, TRUE, ''
    FROM month_row WHERE paid > 0 AND paid_on < month_end(m) AND chance(id, concat('twice', m)) < 0.002
    UNION ALL
    SELECT id, m, format('V{:02d}{:08d}', m, id), paid_on + 1, '5901', 'reversal', paid, TRUE, format('D{:02d}{:08d}', m, id)
    FROM month_row WHERE paid > 0 AND paid_on < month_end(m) AND chance(id, concat('twice', m)) < 0.002
    UNION ALL
    SELECT id, m, format('S{:02d}{:08d}', m, id), spent_on, '1001', 'purchase', charged, FALSE, '' FROM month_row WHERE charged > 0
    UNION ALL
    SELECT id, m, format('M{:02d}{:08d}', m, id), spent_on, '6001', 'merchant_refund', -charged, FALSE, '' FROM month_row WHERE charged < 0
    UNION ALL
    SELECT id, m, format('R{:02d}{:08d}', m, id), pay_day, '5001', 'repayment', paid, TRUE, '' FROM cycle WHERE paid > 0
    UNION ALL
    SELECT id, m, format('V{:02d}{:08d}', m, id), reversed_on, '5901', 'reversal', paid, TRUE, format('R{:02d}{:08d}', m, id)
    FROM cycle WHERE paid > 0 AND reversed_on IS NOT NULL
    UNION ALL
    SELECT id, m, format('S{:02d}{:08d}', m, id), spent_on, '1001', 'purchase', spent, FALSE, '' FROM cycle WHERE spent > 0
    UNION ALL
    SELECT id, m, format('M{:02d}{:08d}', m, id), refunded_on, '6001', 'merchant_refund', refund, FALSE, ''
    FROM cycle WHERE refund > 0 AND refunded_on IS NOT NULL
    UNION ALL
    SELECT id, m, format('I{:02d}{:08d}', m, id), statement_date, '2001', 'interest', charge, FALSE, '' FROM cycle WHERE charge > 0
) AS e
JOIN account AS a ON a.id = e.id;

CREATE OR REPLACE TABLE stated AS
SELECT a.account_no, 'CNY' AS currency, s.statement_date, s.due_date, s.statement_balance, s.minimum_payment, s.m
FROM (
    SELECT id, statement_date, due_date, bill AS statement_balance, minimum_payment, m FROM month_statement
    UNION ALL
    SELECT id, statement_date, due_date, statement_balance, minimum_payment, m FROM cycle
) AS s
JOIN account AS a ON a.id = s.id;
