INSERT INTO arrears_due (account_id, statement_date, due_date, minimum_payment, amount)
SELECT a.id, d.statement_date, d.due_date, d.minimum_payment, d.amount
FROM stage_due AS d
JOIN pub ON pub.party_no = d.party_no
JOIN portfolio_account AS a ON a.entity_id = %(entity)s AND a.account_no = d.account_no
WHERE d.partition = %(partition)s
ON CONFLICT (account_id, statement_date) DO UPDATE
SET due_date = excluded.due_date, minimum_payment = excluded.minimum_payment, amount = excluded.amount
WHERE (arrears_due.due_date, arrears_due.minimum_payment, arrears_due.amount)
    IS DISTINCT FROM (excluded.due_date, excluded.minimum_payment, excluded.amount)
