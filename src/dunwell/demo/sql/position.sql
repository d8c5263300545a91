-- The account file of a day from `close` (balance, dues unpaid, latest statement): components are made up so that they
-- sum to the balance to the cent, and cost more the later the account is.
CREATE OR REPLACE TABLE file_row AS
SELECT account_no, party_no, 'CNY' AS currency, product, branch, statement_day AS cycle_day,
       CASE WHEN open_date <= getvariable('as_of') THEN open_date END AS open_date, credit_limit,
       CASE WHEN periods >= 3 THEN 'B' ELSE '' END AS block_code,
       pool - cash - billed - unbilled AS principal_retail, cash AS principal_cash, billed AS principal_instalment_billed,
       unbilled AS principal_instalment_unbilled, interest - off_interest AS interest_on_balance,
       off_interest AS interest_off_balance, late_charge, other_fees,
       CASE WHEN disputed THEN cents(greatest(balance, 0) * 0.2) ELSE CAST(0 AS DECIMAL(18, 2)) END AS disputed_amount,
       CAST(greatest(-balance, 0) AS DECIMAL(18, 2)) AS credit_balance, balance, statement_date, due_date,
       statement_balance, minimum_payment,
       CAST(least(greatest(balance, 0), periods * one_due) AS DECIMAL(18, 2)) AS past_due_amount,
       CASE WHEN periods > 0 THEN overdue_since END AS overdue_since, periods AS periods_past_due,
       CASE WHEN auto_debit THEN 'yes' ELSE 'no' END AS auto_debit, CASE WHEN NOT auto_debit THEN '' WHEN periods > 0 THEN 'insufficient_funds' ELSE 'success' END AS auto_debit_result,
       paid_on AS last_payment_date, CASE WHEN paid_on IS NOT NULL THEN paid END AS last_payment_amount
FROM (
    SELECT *, cents(pool * cash_share) AS cash, cents(pool * billed_share) AS billed, cents(pool * unbilled_share) AS unbilled,
           CASE WHEN periods >= 4 THEN cents(interest * 0.6) ELSE CAST(0 AS DECIMAL(18, 2)) END AS off_interest
    FROM (
        SELECT *, greatest(balance, 0) - interest - late_charge - other_fees AS pool
        FROM (
            SELECT c.*, a.* EXCLUDE (id), o.open_date,
                   cents(greatest(c.balance, 0) * CASE WHEN a.last_state < 0 AND c.periods = 0 THEN 0 ELSE least(0.25, 0.012 * (1 + c.periods)) END) AS interest,
                   cents(least(c.periods * a.one_due, greatest(c.balance, 0)) * 0.05) AS late_charge,
                   cents(CASE WHEN c.periods > 0 THEN least(10, greatest(c.balance, 0) * 0.02) ELSE 0 END) AS other_fees
            FROM close AS c
            JOIN account AS a ON a.id = c.id
            JOIN opened AS o ON o.id = c.id
        )
    )
)
ORDER BY account_no;
