-- Which accounts of the book are looked at: late by the host's own word, not told by the host, or in work already.
-- With an account comes its whole party: a case is the work on a party.
CREATE OR REPLACE TABLE candidate_party AS
SELECT party_no FROM position WHERE past_due_amount > 0
UNION
SELECT party_no FROM position WHERE past_due_amount IS NULL AND balance > 0
UNION
SELECT party_no FROM working_party;

CREATE OR REPLACE TABLE candidate AS
SELECT p.account_no, p.party_no, p.currency, p.product, coalesce(p.branch, '') AS branch, p.cycle_day, p.open_date,
       coalesce(p.credit_limit, 0) AS credit_limit, coalesce(p.block_code, '') AS block_code,
       coalesce(p.principal_retail, 0) AS principal_retail, coalesce(p.principal_cash, 0) AS principal_cash,
       coalesce(p.principal_instalment_billed, 0) AS principal_instalment_billed,
       coalesce(p.principal_instalment_unbilled, 0) AS principal_instalment_unbilled,
       coalesce(p.interest_on_balance, 0) AS interest_on_balance,
       coalesce(p.interest_off_balance, 0) AS interest_off_balance,
       coalesce(p.late_charge, 0) AS late_charge, coalesce(p.other_fees, 0) AS other_fees,
       coalesce(p.disputed_amount, 0) AS disputed_amount, coalesce(p.credit_balance, 0) AS credit_balance,
       p.balance AS closing_balance, p.statement_date, p.due_date,
       coalesce(p.statement_balance, 0) AS statement_balance, coalesce(p.minimum_payment, 0) AS minimum_payment,
       p.past_due_amount, p.overdue_since, p.periods_past_due,
       coalesce(p.auto_debit, FALSE) AS auto_debit, coalesce(p.auto_debit_result, '') AS auto_debit_result
FROM position AS p
JOIN candidate_party AS c ON c.party_no = p.party_no;
