-- What is to be written: how many rows of a party differ by more than the calendar from what is published already: its
-- accounts' states, dues, case, actions, and what is judged or spread anew. `published_*` are the tables of the night that
-- stands in the columns (none: everybody is written). Days delinquent that grew by the days
-- between the two nights are as they were; whoever was touched since is written, for the columns may hold something newer.
CREATE OR REPLACE TABLE due_kept AS
SELECT d.account_no, d.statement_date, d.due_date, d.minimum_payment, d.amount
FROM due AS d
JOIN account_state AS s ON s.account_no = d.account_no
JOIN (SELECT account_no, max(nr) AS last_nr FROM due GROUP BY account_no) AS n ON n.account_no = d.account_no
WHERE d.nr > n.last_nr - 3 OR d.due_date >= s.oldest_due_date;

-- One table a kind of row: compared all in one statement, a large book's wide rows would have to be in memory at once.
CREATE OR REPLACE TABLE changed_state AS
SELECT s.party_no
FROM account_state AS s
CROSS JOIN (SELECT max(date_diff('day', p.business_date, k.as_of)) AS days FROM published_day AS p CROSS JOIN parameter AS k) AS g
LEFT JOIN published_state AS b ON b.account_no = s.account_no
WHERE b.account_no IS NULL OR s.party_no <> b.party_no OR s.product <> b.product OR s.branch <> b.branch
       OR s.cycle_day <> b.cycle_day OR s.open_date IS DISTINCT FROM b.open_date
       OR s.principal_retail <> b.principal_retail OR s.principal_cash <> b.principal_cash
       OR s.principal_instalment_billed <> b.principal_instalment_billed
       OR s.principal_instalment_unbilled <> b.principal_instalment_unbilled OR s.interest_on_balance <> b.interest_on_balance
       OR s.interest_off_balance <> b.interest_off_balance OR s.late_charge <> b.late_charge OR s.other_fees <> b.other_fees
       OR s.disputed_amount <> b.disputed_amount OR s.credit_balance <> b.credit_balance OR s.credit_limit <> b.credit_limit
       OR s.block_code <> b.block_code OR s.statement_date IS DISTINCT FROM b.statement_date
       OR s.due_date IS DISTINCT FROM b.due_date OR s.minimum_payment <> b.minimum_payment
       OR s.past_due_at_close <> b.past_due_at_close OR s.overdue_since IS DISTINCT FROM b.overdue_since
       OR s.periods_past_due IS DISTINCT FROM b.periods_past_due OR s.auto_debit <> b.auto_debit
       OR s.auto_debit_result <> b.auto_debit_result OR s.first_payment_default <> b.first_payment_default
       OR s.paid_since <> b.paid_since OR s.balance <> b.balance OR s.past_due <> b.past_due
       OR s.oldest_due_date IS DISTINCT FROM b.oldest_due_date OR s.periods <> b.periods OR s.bucket <> b.bucket
       OR s.stage <> b.stage
       OR s.days_delinquent <> CASE WHEN b.days_delinquent > 0 THEN b.days_delinquent + g.days ELSE 0 END;

CREATE OR REPLACE TABLE changed_risk AS
SELECT s.party_no
FROM account_risk AS r
JOIN account_state AS s ON s.account_no = r.account_no
JOIN published_risk AS q ON q.account_no = r.account_no
WHERE r.risk_class <> q.risk_class OR r.risk_rule <> q.risk_rule;

CREATE OR REPLACE TABLE changed_due AS
SELECT s.party_no
FROM due_kept AS d
JOIN account_state AS s ON s.account_no = d.account_no
LEFT JOIN published_due AS b ON b.account_no = d.account_no AND b.statement_date = d.statement_date
WHERE b.account_no IS NULL OR d.due_date <> b.due_date OR d.minimum_payment <> b.minimum_payment OR d.amount <> b.amount;

CREATE OR REPLACE TABLE changed_case AS
SELECT c.party_no
FROM case_now AS c
CROSS JOIN (SELECT max(date_diff('day', p.business_date, k.as_of)) AS days FROM published_day AS p CROSS JOIN parameter AS k) AS g
LEFT JOIN published_case AS b ON b.party_no = c.party_no
LEFT JOIN open_case AS o ON o.party_no = c.party_no
WHERE c.fate = 'close'
   OR c.fate = 'open' AND (
      o.party_no IS NULL OR b.party_no IS NULL OR b.fate <> 'open' OR c.currency <> b.currency OR c.balance <> b.balance
      OR c.past_due <> b.past_due OR c.oldest_due_date IS DISTINCT FROM b.oldest_due_date OR c.bucket <> b.bucket
      OR c.stage <> b.stage OR c.segment <> b.segment OR c.first_payment_default <> b.first_payment_default
      OR c.promise_state <> b.promise_state OR c.entered_on IS DISTINCT FROM b.entered_on OR c.queue <> b.queue
      OR c.rank <> b.rank OR c.next_rule <> b.next_rule
      OR c.days_delinquent <> CASE WHEN b.days_delinquent > 0 THEN b.days_delinquent + g.days ELSE 0 END
      OR regexp_replace(c.next_reason, '"days": [0-9]+', '') <> regexp_replace(b.next_reason, '"days": [0-9]+', ''));

CREATE OR REPLACE TABLE changed_action AS
SELECT coalesce(a.party_no, b.party_no) AS party_no
FROM action_now AS a
FULL JOIN published_action AS b ON b.party_no = a.party_no AND b.step = a.step AND b.cycle = a.cycle
WHERE a.party_no IS NULL OR b.party_no IS NULL OR a.due_on <> b.due_on OR a.segment <> b.segment OR a.rule <> b.rule
   OR a.channel <> b.channel OR a.template <> b.template;

CREATE OR REPLACE TABLE changed_party AS
SELECT party_no, CAST(sum(CASE WHEN what = 'states' THEN 1 ELSE 0 END) AS BIGINT) AS states,
       CAST(sum(CASE WHEN what = 'dues' THEN 1 ELSE 0 END) AS BIGINT) AS dues,
       CAST(sum(CASE WHEN what = 'cases' THEN 1 ELSE 0 END) AS BIGINT) AS cases,
       CAST(sum(CASE WHEN what = 'actions' THEN 1 ELSE 0 END) AS BIGINT) AS actions
FROM (
    SELECT party_no, 'states' AS what FROM changed_state
    UNION ALL
    SELECT party_no, 'states' AS what FROM changed_risk
    UNION ALL
    SELECT party_no, 'dues' AS what FROM changed_due
    UNION ALL
    SELECT party_no, 'cases' AS what FROM changed_case
    UNION ALL
    SELECT party_no, 'actions' AS what FROM changed_action
    UNION ALL
    SELECT party_no, 'others' AS what FROM promise_settled WHERE changed
    UNION ALL
    SELECT party_no, 'others' AS what FROM instalment_settled WHERE changed
    UNION ALL
    SELECT party_no, 'others' AS what FROM arrangement_settled WHERE changed
    UNION ALL
    SELECT b.party_no, 'others' AS what FROM allocation_anew AS l JOIN position_before AS b ON b.account_no = l.account_no
) AS d
GROUP BY party_no;
