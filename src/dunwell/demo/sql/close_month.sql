-- Every account at the source's month end :m.
CREATE OR REPLACE TABLE close AS
SELECT id, bill AS balance, periods, overdue_since, statement_date, due_date, bill AS statement_balance, minimum_payment,
       last_paid_on AS paid_on, last_paid AS paid
FROM (
    SELECT *, last_value(paid_on IGNORE NULLS) OVER w AS last_paid_on,
           last_value(CASE WHEN paid > 0 THEN paid END IGNORE NULLS) OVER w AS last_paid
    FROM month_statement
    WINDOW w AS (PARTITION BY id ORDER BY m ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE m = :m;
