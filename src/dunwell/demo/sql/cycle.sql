-- One made-up month, :m. How an account moves is drawn from the source's own month-on-month moves; the day, the amount
-- and everything else follow. Within the month, on day t:
--   dues unpaid = greatest(0, before + (t > due day) - (paid and not reversed by t ? dues_paid : 0))
CREATE OR REPLACE TABLE drawn AS
SELECT b.id, b.periods AS before, b.balance AS opening, b.statement_date AS statement_before, b.due_date AS due_before,
       b.statement_balance AS bill_before, b.minimum_payment AS minimum_before, b.paid_on AS paid_before,
       b.paid AS amount_before, a.one_due, a.due_day, a.statement_day, a.spends, a.last_state, a.first_month, o.open_date,
       b.balance > 0 AND (a.due_day > 20 OR b.minimum_payment > 0) AS owes,
       CASE
           WHEN NOT (b.balance > 0 AND (a.due_day > 20 OR b.minimum_payment > 0)) OR (b.periods = 0 AND chance(b.id, concat('move', :m)) >= v.roll) THEN 0
           WHEN b.periods = 0 OR chance(b.id, concat('move', :m)) < v.roll THEN b.periods + 1
           WHEN chance(b.id, concat('move', :m)) < v.roll + v.cure OR b.balance < (b.periods + 3) * a.one_due THEN 0
           WHEN b.periods = 1 OR chance(b.id, concat('move', :m)) < v.roll + v.cure + v.stay THEN b.periods
           ELSE 1
       END AS periods
FROM carried_over AS b
JOIN account AS a ON a.id = b.id
JOIN opened AS o ON o.id = b.id
JOIN move AS v ON v.periods = least(b.periods, 3);

CREATE OR REPLACE TABLE dated AS
SELECT *, before + 1 - periods AS dues_paid,
       periods = before + 1 AND before > 0 AND chance(id, concat('bounce', :m)) < 0.05 AS bounced,
       CASE
           WHEN before = 0 AND chance(id, concat('late', :m)) >= 0.08 THEN due_day - floor(chance(id, concat('paid', :m)) * least(12, due_day))
           WHEN before = 0 THEN due_day + 1 + floor(chance(id, concat('paid', :m)) * least(12, day(month_end(:m)) - due_day))
           ELSE first_pay + floor(chance(id, concat('paid', :m)) * (day(month_end(:m)) - first_pay + 1))
       END AS pay_day,
       -- what a late-month cycle first spends comes on the next statement
       CASE WHEN due_day > 20 AND opening <= 0 THEN 5 ELSE 1 END
       + CAST(floor(chance(id, concat('spent', :m)) * statement_day) AS INTEGER) AS spend_day,
       CASE WHEN before > 1 OR on_day(:m, statement_day) < open_date THEN 0
            WHEN first_month IS NULL THEN CASE WHEN chance(id, 'wakes') < 0.5 THEN cents(300 + 4000 * chance(id, concat('spend', :m))) ELSE 0 END
            ELSE cents(spends * (0.5 + chance(id, concat('spend', :m)))) END AS spent
FROM (SELECT *, CASE WHEN due_day > 20 THEN 5 ELSE 1 END AS first_pay FROM drawn); -- a late-month cycle bills on day 1 to 4

CREATE OR REPLACE TABLE paying AS
SELECT * REPLACE (CASE WHEN paid > 0 THEN on_day(:m, pay_day) END AS pay_day),
       CASE WHEN paid > 0 AND bounced AND pay_day + 3 <= day(month_end(:m)) THEN on_day(:m, pay_day + 3) END AS reversed_on,
       CASE WHEN spent > 0 AND chance(id, concat('refund', :m)) < 0.01 AND spend_day + 3 <= day(month_end(:m))
            THEN on_day(:m, spend_day + 3) END AS refunded_on
FROM (
    SELECT *, CASE
               WHEN NOT owes THEN 0
               WHEN bounced AND pay_day + 3 <= day(month_end(:m)) THEN cents(least(opening, before * one_due))
               WHEN dues_paid = 0 THEN 0
               WHEN periods > 0 THEN cents(dues_paid * one_due)
               WHEN last_state = -1 THEN greatest(bill_before, least(opening, dues_paid * one_due))
               ELSE cents(least(opening, dues_paid * one_due * (1 + chance(id, concat('more', :m)))))
           END AS paid
    FROM dated
);

CREATE OR REPLACE TABLE billed AS
SELECT *, CASE WHEN refunded_on IS NULL THEN 0 ELSE cents(spent / 2) END AS refund,
       on_day(:m, spend_day) AS spent_on, on_day(:m, statement_day) AS statement_date,
       CASE WHEN reversed_on IS NULL THEN dues_paid ELSE before END AS dues_held
FROM paying;

CREATE OR REPLACE TABLE charged AS
SELECT *, greatest(0, before + CAST(statement_day > due_day AS INTEGER)
                   - CASE WHEN pay_day <= statement_date AND (reversed_on IS NULL OR reversed_on > statement_date)
                          THEN dues_held ELSE 0 END) AS unpaid_dues,
       opening + CASE WHEN spent_on <= statement_date THEN spent ELSE 0 END
       - CASE WHEN refunded_on <= statement_date THEN refund ELSE 0 END
       - CASE WHEN pay_day <= statement_date THEN paid ELSE 0 END
       + CASE WHEN reversed_on <= statement_date THEN paid ELSE 0 END AS uncharged
FROM billed;

CREATE OR REPLACE TABLE closed AS
SELECT *, uncharged + charge AS statement_balance,
       cents(least(greatest(uncharged + charge, 0), (unpaid_dues + 1) * one_due)) AS minimum_payment,
       CASE WHEN due_day <= 20 THEN on_day(:m + 1, due_day) ELSE on_day(:m, due_day) END AS due_date
FROM (
    SELECT *, cents(CASE WHEN last_state < 0 AND unpaid_dues = 0 THEN 0
                         ELSE greatest(uncharged, 0) * 0.012 + least(greatest(uncharged, 0), unpaid_dues * one_due) * 0.05 END) AS charge
    FROM charged
);

INSERT INTO cycle
SELECT :m AS m, id, owes, before, opening, periods, dues_held, pay_day, paid, reversed_on, spent_on, spent, refunded_on, refund,
       statement_date, charge, statement_balance, minimum_payment, due_date, statement_before, bill_before, minimum_before,
       due_before, paid_before, amount_before
FROM closed;

CREATE OR REPLACE TABLE carried_over AS
SELECT id, periods, statement_date, due_date, statement_balance, minimum_payment,
       opening + spent - refund - CASE WHEN reversed_on IS NULL THEN paid ELSE 0 END + charge AS balance,
       CASE WHEN paid > 0 AND reversed_on IS NULL THEN pay_day ELSE paid_before END AS paid_on,
       CASE WHEN paid > 0 AND reversed_on IS NULL THEN paid ELSE amount_before END AS paid
FROM closed;
