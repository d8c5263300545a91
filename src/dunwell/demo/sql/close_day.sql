-- Every account at the close of `as_of`, a day of the made-up month :m.
CREATE OR REPLACE TABLE close AS
SELECT id, balance, periods, CASE WHEN periods > 0 THEN CAST(newest_due - to_months(periods - 1) AS DATE) END AS overdue_since,
       CASE WHEN billed THEN statement_date ELSE statement_before END AS statement_date,
       CASE WHEN billed THEN due_date ELSE due_before END AS due_date,
       CASE WHEN billed THEN statement_balance ELSE bill_before END AS statement_balance,
       CASE WHEN billed THEN minimum_payment ELSE minimum_before END AS minimum_payment,
       CASE WHEN held THEN pay_day ELSE paid_before END AS paid_on,
       CASE WHEN held THEN paid ELSE amount_before END AS paid
FROM (
    SELECT *, greatest(0, before + CAST(past AS INTEGER) - CASE WHEN held THEN dues_held ELSE 0 END) AS periods,
           on_day(CASE WHEN past THEN :m ELSE :m - 1 END, due_day) AS newest_due,
           opening + CASE WHEN spent_on <= as_of THEN spent ELSE 0 END - CASE WHEN refunded_on <= as_of THEN refund ELSE 0 END
           - CASE WHEN held THEN paid ELSE 0 END + CASE WHEN billed THEN charge ELSE 0 END AS balance
    FROM (
        SELECT c.* EXCLUDE (periods), a.due_day, getvariable('as_of') AS as_of, c.owes AND on_day(:m, a.due_day) < getvariable('as_of') AS past,
               c.statement_date <= getvariable('as_of') AS billed,
               coalesce(c.paid > 0 AND c.pay_day <= getvariable('as_of') AND (c.reversed_on IS NULL OR c.reversed_on > getvariable('as_of')), FALSE) AS held
        FROM cycle AS c
        JOIN account AS a ON a.id = c.id
        WHERE c.m = :m
    )
);
