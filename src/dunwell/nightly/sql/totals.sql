-- What went in must come out, currency by currency: a night whose sums do not agree stops before publishing.
CREATE OR REPLACE TABLE total_position AS
SELECT p.currency, c.party_no IS NOT NULL AS in_work, count(*) AS accounts, sum(p.balance) AS balance,
       sum(coalesce(p.principal_retail, 0)) AS principal_retail, sum(coalesce(p.principal_cash, 0)) AS principal_cash,
       sum(coalesce(p.principal_instalment_billed, 0)) AS principal_instalment_billed,
       sum(coalesce(p.principal_instalment_unbilled, 0)) AS principal_instalment_unbilled,
       sum(coalesce(p.interest_on_balance, 0)) AS interest_on_balance,
       sum(coalesce(p.interest_off_balance, 0)) AS interest_off_balance, sum(coalesce(p.late_charge, 0)) AS late_charge,
       sum(coalesce(p.other_fees, 0)) AS other_fees, sum(coalesce(p.credit_balance, 0)) AS credit_balance
FROM position AS p
LEFT JOIN (SELECT DISTINCT party_no FROM account_state) AS c ON c.party_no = p.party_no
GROUP BY p.currency, c.party_no IS NOT NULL;

-- The same of what came through the steps: the accounts looked at by their states, the others as they are in the position.
CREATE OR REPLACE TABLE total_state AS
SELECT currency, count(*) AS accounts, sum(closing_balance) AS balance, sum(principal_retail) AS principal_retail,
       sum(principal_cash) AS principal_cash, sum(principal_instalment_billed) AS principal_instalment_billed,
       sum(principal_instalment_unbilled) AS principal_instalment_unbilled, sum(interest_on_balance) AS interest_on_balance,
       sum(interest_off_balance) AS interest_off_balance, sum(late_charge) AS late_charge, sum(other_fees) AS other_fees,
       sum(credit_balance) AS credit_balance
FROM account_state
GROUP BY currency
UNION ALL
SELECT currency, accounts, balance, principal_retail, principal_cash, principal_instalment_billed,
       principal_instalment_unbilled, interest_on_balance, interest_off_balance, late_charge, other_fees, credit_balance
FROM total_position
WHERE NOT in_work;

-- Money received, payment by payment: in the components and the credit balance that it was spread over; or not spread
-- here, for the account is not in work, or the position before held it already and its lines are out of sight.
CREATE OR REPLACE TABLE total_received AS
SELECT r.currency, sum(r.amount - coalesce(t.amount, 0)) AS received,
       sum(CASE WHEN l.payment_id IS NOT NULL THEN l.amount
                WHEN b.account_no IS NULL THEN r.amount - coalesce(t.amount, 0)
                WHEN NOT r.provisional AND NOT r.anew AND r.posting_date <= b.business_date
                    AND r.business_date <= b.business_date AND k.payment_id IS NULL THEN r.amount - coalesce(t.amount, 0)
                ELSE 0
           END) AS spread
FROM receipt AS r
LEFT JOIN position_before AS b ON b.account_no = r.account_no
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM taken_back GROUP BY payment_id) AS t ON t.payment_id = r.payment_id
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM allocation_line GROUP BY payment_id) AS l
    ON l.payment_id = r.payment_id
LEFT JOIN (SELECT DISTINCT payment_id FROM line_before) AS k ON k.payment_id = r.payment_id
WHERE r.answer = ''
GROUP BY r.currency;

-- Where the host names amount and day, and nothing that counts moved since, its word is what is past due.
CREATE OR REPLACE TABLE total_by_host AS
SELECT p.currency, sum(p.past_due_amount) AS told, sum(s.past_due) AS found
FROM position AS p
JOIN account_state AS s ON s.account_no = p.account_no
WHERE p.past_due_amount IS NOT NULL AND p.overdue_since IS NOT NULL AND s.paid_since = 0
GROUP BY p.currency;

CREATE OR REPLACE TABLE total AS
SELECT s.name, s.currency, CAST(sum(s.expected) AS DECIMAL(38, 2)) AS expected, CAST(sum(s.found) AS DECIMAL(38, 2)) AS found
FROM (
    SELECT 'accounts' AS name, currency, CAST(accounts AS DECIMAL(38, 2)) AS expected, CAST(0 AS DECIMAL(38, 2)) AS found
    FROM total_position
    UNION ALL
    SELECT 'accounts', currency, 0, count(*) FROM book GROUP BY currency
    UNION ALL
    SELECT 'accounts_by_bucket', currency, accounts, 0 FROM total_state
    UNION ALL
    SELECT 'accounts_by_bucket', currency, 0, sum(accounts) FROM bucket_day GROUP BY currency
    UNION ALL
    SELECT 'balance', currency, balance, 0 FROM total_position
    UNION ALL
    SELECT 'balance', currency, 0, sum(balance) FROM book GROUP BY currency
    UNION ALL
    SELECT 'balance_by_bucket', currency, balance, 0 FROM total_position
    UNION ALL
    SELECT 'balance_by_bucket', currency, 0, sum(balance) FROM bucket_day GROUP BY currency
    UNION ALL
    SELECT 'principal_retail', currency, principal_retail, 0 FROM total_position
    UNION ALL
    SELECT 'principal_retail', currency, 0, principal_retail FROM total_state
    UNION ALL
    SELECT 'principal_cash', currency, principal_cash, 0 FROM total_position
    UNION ALL
    SELECT 'principal_cash', currency, 0, principal_cash FROM total_state
    UNION ALL
    SELECT 'principal_instalment_billed', currency, principal_instalment_billed, 0 FROM total_position
    UNION ALL
    SELECT 'principal_instalment_billed', currency, 0, principal_instalment_billed FROM total_state
    UNION ALL
    SELECT 'principal_instalment_unbilled', currency, principal_instalment_unbilled, 0 FROM total_position
    UNION ALL
    SELECT 'principal_instalment_unbilled', currency, 0, principal_instalment_unbilled FROM total_state
    UNION ALL
    SELECT 'interest_on_balance', currency, interest_on_balance, 0 FROM total_position
    UNION ALL
    SELECT 'interest_on_balance', currency, 0, interest_on_balance FROM total_state
    UNION ALL
    SELECT 'interest_off_balance', currency, interest_off_balance, 0 FROM total_position
    UNION ALL
    SELECT 'interest_off_balance', currency, 0, interest_off_balance FROM total_state
    UNION ALL
    SELECT 'late_charge', currency, late_charge, 0 FROM total_position
    UNION ALL
    SELECT 'late_charge', currency, 0, late_charge FROM total_state
    UNION ALL
    SELECT 'other_fees', currency, other_fees, 0 FROM total_position
    UNION ALL
    SELECT 'other_fees', currency, 0, other_fees FROM total_state
    UNION ALL
    SELECT 'credit_balance', currency, credit_balance, 0 FROM total_position
    UNION ALL
    SELECT 'credit_balance', currency, 0, credit_balance FROM total_state
    UNION ALL
    SELECT 'past_due_by_host', currency, told, found FROM total_by_host
    UNION ALL
    SELECT 'past_due', currency, sum(past_due), 0 FROM account_state GROUP BY currency
    UNION ALL
    SELECT 'past_due', currency, 0, sum(past_due) FROM bucket_day GROUP BY currency
    UNION ALL
    SELECT 'received', currency, received, spread FROM total_received
    UNION ALL
    SELECT 'parties', '', count(DISTINCT party_no), 0 FROM account_state
    UNION ALL
    SELECT 'parties', '', 0, count(*) FROM party_state
) AS s
GROUP BY s.name, s.currency;
