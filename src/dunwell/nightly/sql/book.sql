-- The whole book at the close, one row an account: what reports count and drill down to.
CREATE OR REPLACE TABLE book AS
SELECT p.account_no, p.party_no, p.currency, p.balance, coalesce(s.past_due, 0) AS past_due, s.oldest_due_date,
       coalesce(s.days_delinquent, 0) AS days_delinquent, coalesce(s.bucket, 'M0') AS bucket, coalesce(s.stage, '') AS stage
FROM position AS p
LEFT JOIN account_state AS s ON s.account_no = p.account_no;
