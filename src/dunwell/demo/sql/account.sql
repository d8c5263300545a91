-- Who has which account, on which cycle. Nothing here is in the source but the row number, limit and age.
-- chance(id, salt) is a number in [0, 1) that follows from the seed alone.
CREATE OR REPLACE MACRO chance(id, salt) AS
    CAST(md5_number_lower(concat(getvariable('seed'), ':', salt, ':', id)) >> 11 AS DOUBLE) / 9007199254740992.0;
CREATE OR REPLACE MACRO cents(x) AS CAST(round(x, 2) AS DECIMAL(18, 2));
CREATE OR REPLACE MACRO month_end(m) AS last_day(getvariable('last_month_end') + to_months(m - 6));
CREATE OR REPLACE MACRO on_day(m, day) AS CAST(date_trunc('month', month_end(m)) AS DATE) + CAST(day - 1 AS INTEGER);

-- m counts months: 1 to 6 are the source's April to September, 7 and later are made up.
CREATE OR REPLACE TABLE state AS
SELECT ID AS id, m, pay_state, CAST(bill AS DECIMAL(18, 2)) AS bill, CAST(paid AS DECIMAL(18, 2)) AS paid,
       -- states 1 and 2 are both one period late, k is k - 1 periods; nothing is past due where nothing is owed
       CASE WHEN bill <= 0 OR pay_state < 1 THEN 0 WHEN pay_state <= 2 THEN 1 ELSE pay_state - 1 END AS periods
FROM (
    SELECT ID, unnest([1, 2, 3, 4, 5, 6]) AS m,
           unnest([PAY_6, PAY_5, PAY_4, PAY_3, PAY_2, PAY_1]) AS pay_state,
           unnest([BILL_AMT6, BILL_AMT5, BILL_AMT4, BILL_AMT3, BILL_AMT2, BILL_AMT1]) AS bill,
           unnest([PAY_AMT6, PAY_AMT5, PAY_AMT4, PAY_AMT3, PAY_AMT2, PAY_AMT1]) AS paid
    FROM source
);

CREATE OR REPLACE TABLE account AS
SELECT *,
       CASE WHEN due_day <= 20 THEN due_day + 8 ELSE due_day - 20 END AS statement_day,
       CASE WHEN credit_limit >= 300000 THEN 'platinum' WHEN credit_limit >= 100000 THEN 'gold' ELSE 'classic' END AS product,
       -- one period's minimum: 5 % of the usual bill, at least 100.00
       cents(greatest(100, usual_bill * 0.05)) AS one_due
FROM (
    SELECT s.ID AS id,
           format('5200{:08d}', s.ID) AS account_no,
           format('P{:08d}', CAST(ceil(s.ID * 10 / 13.0) AS BIGINT)) AS party_no,
           CAST(s.LIMIT_BAL AS DECIMAL(18, 2)) AS credit_limit,
           s.AGE AS age, s.SEX AS sex,
           5 + CAST(floor(chance(s.ID, 'due_day') * 20) AS INTEGER) AS due_day,
           format('B{:03d}', 1 + CAST(floor(chance(s.ID, 'branch') * 24) AS INTEGER)) AS branch,
           chance(s.ID, 'auto_debit') < 0.35 AS auto_debit,
           CASE WHEN chance(s.ID, 'has_cash') < 0.25 THEN 0.05 + 0.25 * chance(s.ID, 'cash') ELSE 0 END AS cash_share,
           CASE WHEN chance(s.ID, 'has_plan') < 0.20 THEN 0.05 + 0.15 * chance(s.ID, 'plan') ELSE 0 END AS billed_share,
           CASE WHEN chance(s.ID, 'has_plan') < 0.20 THEN 0.10 + 0.30 * chance(s.ID, 'rest') ELSE 0 END AS unbilled_share,
           chance(s.ID, 'disputed') < 0.003 AS disputed,
           coalesce(b.usual_bill, 0) AS usual_bill,
           b.last_bill, b.last_state, b.spends, b.first_month,
           CAST(date_trunc('month', month_end(1)) AS DATE) - 200 - CAST(floor(chance(s.ID, 'age') * 4800) AS INTEGER) AS old_open_date
    FROM source AS s
    JOIN (
        SELECT id, avg(bill) FILTER (bill > 0) AS usual_bill, max(bill) FILTER (m = 6) AS last_bill,
               max(pay_state) FILTER (m = 6) AS last_state, min(m) FILTER (bill <> 0 OR paid <> 0) AS first_month,
               greatest(0, (max(bill) FILTER (m = 6) - max(bill) FILTER (m = 1) + sum(paid)) / 6) AS spends
        FROM state GROUP BY id
    ) AS b ON b.id = s.ID
);

-- The card is opened (activated) shortly before the first statement that shows anything; most were opened long before.
CREATE OR REPLACE TABLE opened AS
SELECT id, CASE WHEN first_month = 1 THEN old_open_date
                ELSE on_day(coalesce(first_month, 7), statement_day) - 5 - CAST(floor(chance(id, 'opened') * 20) AS INTEGER)
           END AS open_date
FROM account;
