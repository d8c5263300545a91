-- The accounts of the person with what is owed by component, and the last digits of their cards.
SELECT a.id, a.account_no, a.currency, a.product, a.branch,
       (SELECT array_agg(d.last4 ORDER BY d.kind <> 'primary', d.id) FROM portfolio_card AS d
        WHERE d.entity_id = a.entity_id AND d.account_no = a.account_no AND d.status = 'active') AS cards,
       greatest(s.business_date, d.business_date) AS business_date, s.principal_retail, s.principal_cash, s.principal_instalment_billed,
       s.principal_instalment_unbilled, s.interest_on_balance, s.interest_off_balance, s.late_charge, s.other_fees,
       s.disputed_amount, s.credit_balance, s.credit_limit, s.block_code, s.statement_date, s.due_date,
       s.minimum_payment, s.host_past_due, s.host_overdue_since, s.auto_debit, s.auto_debit_result,
       s.first_payment_default, s.paid_since, s.balance, s.past_due, s.oldest_due_date, s.periods_past_due,
       -- those of the published day: the night writes a row only where more than the calendar changed it
       CASE WHEN s.days_delinquent > 0 THEN s.days_delinquent + greatest(0, d.business_date - s.business_date)
            ELSE s.days_delinquent END AS days_delinquent, s.bucket, s.stage, s.risk_class,
       f.reason AS debit_reason, f.due_date AS debit_of, f.retry_on AS debit_retry_on
FROM portfolio_account AS a
LEFT JOIN arrears_accountstate AS s ON s.account_id = a.id
LEFT JOIN arrears_publishedday AS d ON d.entity_id = a.entity_id AND s.account_id IS NOT NULL
-- the failure of an agreed auto-debit that the last file still tells of
LEFT JOIN LATERAL (SELECT t.reason, t.due_date, t.retry_on FROM arrangements_faileddebit AS t
                   WHERE t.account_id = a.id ORDER BY t.id DESC LIMIT 1) AS f
       ON s.auto_debit AND f.reason = s.auto_debit_result
WHERE a.party_id = %(party)s
ORDER BY s.past_due DESC NULLS LAST, a.account_no
LIMIT 40
