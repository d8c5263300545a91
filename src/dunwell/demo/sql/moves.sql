-- How accounts moved from one month end to the next, April to August, by how late they were: the share that rolled one
-- period on, stayed, or came back to nothing past due; the rest came back to one period. (September knows a state of its
-- own, so the last step is left out.)
CREATE OR REPLACE TABLE move AS
SELECT periods,
       avg(CAST(later > exact AS INTEGER)) AS roll,
       avg(CAST(later = 0 AND exact > 0 AS INTEGER)) AS cure,
       avg(CAST(later = exact AND exact > 0 AS INTEGER)) AS stay
FROM (
    SELECT least(periods, 3) AS periods, periods AS exact, lead(periods) OVER (PARTITION BY id ORDER BY m) AS later, m
    FROM state WHERE m <= 5
)
WHERE later IS NOT NULL
GROUP BY periods;

CREATE OR REPLACE TABLE carried_over AS
SELECT id, periods, statement_date, due_date, bill AS statement_balance, minimum_payment, bill AS balance,
       last_value(paid_on IGNORE NULLS) OVER w AS paid_on,
       last_value(CASE WHEN paid > 0 THEN paid END IGNORE NULLS) OVER w AS paid, m
FROM month_statement
WINDOW w AS (PARTITION BY id ORDER BY m ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
QUALIFY m = 6;

CREATE OR REPLACE TABLE cycle (
    m INTEGER, id BIGINT, owes BOOLEAN, before BIGINT, opening DECIMAL(18, 2), periods BIGINT, dues_held BIGINT, pay_day DATE,
    paid DECIMAL(18, 2), reversed_on DATE, spent_on DATE, spent DECIMAL(18, 2), refunded_on DATE, refund DECIMAL(18, 2),
    statement_date DATE, charge DECIMAL(18, 2), statement_balance DECIMAL(18, 2), minimum_payment DECIMAL(18, 2),
    due_date DATE, statement_before DATE, bill_before DECIMAL(18, 2), minimum_before DECIMAL(18, 2), due_before DATE,
    paid_before DATE, amount_before DECIMAL(18, 2)
);
