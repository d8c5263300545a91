-- Dues that are new or told otherwise; the others are not touched (a conflict would lock and rewrite them as well).
INSERT INTO arrears_due (account_id, statement_date, due_date, minimum_payment, amount)
SELECT a.id, d.statement_date, d.due_date, d.minimum_payment, d.amount
FROM stage_due AS d
JOIN pub ON pub.party_no = d.party_no
JOIN portfolio_account AS a ON a.entity_id = %(entity)s AND a.account_no = d.account_no
LEFT JOIN arrears_due AS x ON x.account_id = a.id AND x.statement_date = d.statement_date
WHERE d.partition = %(partition)s
  AND (x.id IS NULL OR (x.due_date, x.minimum_payment, x.amount) IS DISTINCT FROM (d.due_date, d.minimum_payment, d.amount))
ON CONFLICT (account_id, statement_date) DO UPDATE
SET due_date = excluded.due_date, minimum_payment = excluded.minimum_payment, amount = excluded.amount
