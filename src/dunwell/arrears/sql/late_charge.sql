-- The late charge (违约金): a share of the unpaid part of the minimum, with a floor and a cap, once a cycle. It is a fee
-- and bears no interest. After interest.sql, with late_charge_rule (account_no, share, least, most, source).
CREATE OR REPLACE TABLE late_charged AS
SELECT account_no, statement_nr, due_date, charged_on, minimum_payment, paid, unpaid, share, source,
       CAST(least(greatest(round(unpaid * share, 2), least), coalesce(most, greatest(round(unpaid * share, 2), least)))
            AS DECIMAL(18, 2)) AS amount
FROM (
    SELECT c.account_no, c.nr AS statement_nr, c.due_date, c.decided_on + 1 AS charged_on, c.minimum_payment,
           coalesce(p.paid, 0) AS paid, CAST(c.minimum_payment - coalesce(p.paid, 0) AS DECIMAL(15, 2)) AS unpaid,
           r.share, r.least, r.most, r.source, a.tolerance
    FROM interest_cycle AS c
    JOIN interest_account AS a ON a.account_no = c.account_no
    JOIN late_charge_rule AS r ON r.account_no = c.account_no
    LEFT JOIN (
        SELECT c.account_no, c.nr, sum(p.amount) AS paid
        FROM interest_cycle AS c
        JOIN interest_paid AS p ON p.account_no = c.account_no AND p.counts AND p.posting_date > c.statement_date
            AND p.posting_date <= c.decided_on
        GROUP BY c.account_no, c.nr
    ) AS p ON p.account_no = c.account_no AND p.nr = c.nr
    WHERE c.minimum_payment IS NOT NULL AND c.due_date IS NOT NULL
) AS m
WHERE unpaid > tolerance;
