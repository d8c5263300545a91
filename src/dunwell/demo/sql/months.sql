-- The six months of the source, with dates and minimums made up around its bills, payments and states.
CREATE OR REPLACE TABLE month_row AS
SELECT s.id, s.m, s.pay_state, s.bill, s.paid, s.periods, a.due_day, a.statement_day, a.one_due,
       on_day(s.m, a.statement_day) AS statement_date,
       CASE WHEN a.due_day <= 20 THEN on_day(s.m + 1, a.due_day) ELSE on_day(s.m, a.due_day) END AS due_date,
       least(greatest(s.bill, 0), s.periods * a.one_due) AS past_due,
       CASE WHEN s.periods > 0 THEN on_day(s.m - s.periods + 1, a.due_day) END AS overdue_since,
       CASE WHEN s.paid > 0 THEN on_day(s.m, CASE
           WHEN a.due_day > 20 THEN 5 + floor(chance(s.id, concat('paid', s.m)) * (a.due_day - 4))
           WHEN s.periods = 0 THEN 1 + floor(chance(s.id, concat('paid', s.m)) * a.due_day)
           ELSE 1 + floor(chance(s.id, concat('paid', s.m)) * (a.due_day + 8))
       END) END AS paid_on,
       on_day(s.m, 1 + floor(chance(s.id, concat('spent', s.m)) * a.statement_day)) AS spent_on,
       s.bill - coalesce(lag(s.bill) OVER w, s.bill) + s.paid AS charged
FROM state AS s
JOIN account AS a ON a.id = s.id
WINDOW w AS (PARTITION BY s.id ORDER BY s.m);

-- A minimum holds the unpaid minimums before it. It is at least what was paid against it and what stayed unpaid of it
-- where the source says so, at most what was paid where the source says that nothing stayed unpaid, never above the bill.
CREATE OR REPLACE TABLE month_statement AS
SELECT *, cents(least(greatest(bill, 0), CASE
           WHEN m = 6 THEN carried + one_due
           WHEN later_periods > 0 THEN greatest(carried + one_due, later_paid + later_periods * one_due)
           ELSE greatest(carried, least(carried + one_due, later_paid))
       END)) AS minimum_payment
FROM (
    SELECT *, CASE WHEN due_day <= 20 THEN periods ELSE greatest(periods - 1, 0) END * one_due AS carried,
           CASE WHEN due_day <= 20 THEN lead(periods) OVER w ELSE periods END AS later_periods,
           CASE WHEN due_day <= 20 THEN lead(paid) OVER w ELSE paid END AS later_paid
    FROM month_row
    WINDOW w AS (PARTITION BY id ORDER BY m)
);
