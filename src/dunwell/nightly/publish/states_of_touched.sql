-- Touched since the freeze: the host's new position is taken over, what follows from it waits for reassessment.
INSERT INTO arrears_accountstate (
    account_id, run_id, business_date,
    principal_retail, principal_cash, principal_instalment_billed, principal_instalment_unbilled,
    interest_on_balance, interest_off_balance, late_charge, other_fees, disputed_amount, credit_balance,
    credit_limit, block_code, statement_date, due_date, minimum_payment, host_past_due, host_overdue_since,
    host_periods_past_due, auto_debit, auto_debit_result, first_payment_default, paid_since, balance, past_due,
    oldest_due_date, periods_past_due, days_delinquent, bucket, stage, risk_class, risk_rule
)
SELECT a.id, %(run)s, %(as_of)s,
    s.principal_retail, s.principal_cash, s.principal_instalment_billed, s.principal_instalment_unbilled,
    s.interest_on_balance, s.interest_off_balance, s.late_charge, s.other_fees, s.disputed_amount, s.credit_balance,
    s.credit_limit, s.block_code, s.statement_date, s.due_date, s.minimum_payment, s.host_past_due,
    s.host_overdue_since, s.host_periods_past_due, s.auto_debit, s.auto_debit_result, s.first_payment_default,
    s.paid_since, s.balance, s.past_due, s.oldest_due_date, s.periods_past_due, s.days_delinquent, s.bucket, s.stage,
    s.risk_class, s.risk_rule
FROM stage_state AS s
JOIN pub ON pub.party_no = s.party_no AND NOT pub.fresh
JOIN portfolio_account AS a ON a.entity_id = %(entity)s AND a.account_no = s.account_no
WHERE s.partition = %(partition)s
ON CONFLICT (account_id) DO UPDATE SET
    run_id = excluded.run_id, business_date = excluded.business_date,
    principal_retail = excluded.principal_retail, principal_cash = excluded.principal_cash,
    principal_instalment_billed = excluded.principal_instalment_billed, principal_instalment_unbilled =
    excluded.principal_instalment_unbilled, interest_on_balance = excluded.interest_on_balance, interest_off_balance
    = excluded.interest_off_balance, late_charge = excluded.late_charge, other_fees = excluded.other_fees,
    disputed_amount = excluded.disputed_amount, credit_balance = excluded.credit_balance, credit_limit =
    excluded.credit_limit, block_code = excluded.block_code, statement_date = excluded.statement_date, due_date =
    excluded.due_date, minimum_payment = excluded.minimum_payment, host_past_due = excluded.host_past_due,
    host_overdue_since = excluded.host_overdue_since, host_periods_past_due = excluded.host_periods_past_due,
    auto_debit = excluded.auto_debit, auto_debit_result = excluded.auto_debit_result
