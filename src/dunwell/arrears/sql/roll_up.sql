-- From accounts to the party: the work is on a person. The account that is latest leads (then the one with most past
-- due); amounts are those of the accounts in its currency, for currencies are never added together. What is past due in
-- another currency keeps its case open, and stands beside on the case page.
CREATE OR REPLACE TABLE leading_account AS
SELECT party_no, account_no, currency, product, branch, oldest_due_date, grace_days, days_past_due, days_delinquent, bucket,
       stage
FROM (
    SELECT s.*, row_number() OVER (
        PARTITION BY s.party_no ORDER BY s.past_due > 0 DESC, s.days_past_due DESC, s.past_due DESC, s.account_no
    ) AS place
    FROM account_state AS s
) AS ranked
WHERE place = 1;

CREATE OR REPLACE TABLE party_state AS
SELECT l.party_no, l.currency, l.product, l.branch, t.balance, t.past_due, l.oldest_due_date, l.days_past_due,
       l.days_delinquent, l.bucket, l.stage, t.first_payment_default, t.accounts, t.accounts_past_due, t.credit_limit,
       t.disputed_amount, t.paid_since, t.periods_past_due, t.auto_debit, t.auto_debit_failed,
       coalesce(p.promise_state, '') AS promise_state, p.promise_due,
       CASE WHEN l.days_delinquent < 1 THEN NULL ELSE coalesce(c.entered_on, CAST(
           l.oldest_due_date + l.grace_days + 1 AS DATE
       )) END AS entered_on,
       coalesce(y.staff, FALSE) AS staff, coalesce(y.sensitive, FALSE) AS sensitive,
       x.last_contact, x.last_reached, coalesce(x.contacts_30_days, 0) AS contacts_30_days,
       coalesce(h.holds, 0) AS holds
FROM leading_account AS l
JOIN (
    SELECT s.party_no, sum(s.balance) AS balance, sum(s.past_due) AS past_due, count(*) AS accounts,
           CAST(sum(CASE WHEN s.past_due > 0 THEN 1 ELSE 0 END) AS BIGINT) AS accounts_past_due, sum(s.credit_limit) AS credit_limit,
           sum(s.disputed_amount) AS disputed_amount, sum(s.paid_since) AS paid_since,
           bool_or(s.first_payment_default) AS first_payment_default, max(s.periods) AS periods_past_due,
           bool_or(s.auto_debit) AS auto_debit,
           bool_or(s.auto_debit AND s.auto_debit_result NOT IN ('', 'ok', 'paid', 'success')) AS auto_debit_failed
    FROM account_state AS s
    JOIN leading_account AS l ON l.party_no = s.party_no AND l.currency = s.currency
    GROUP BY s.party_no
) AS t ON t.party_no = l.party_no
LEFT JOIN party_promise AS p ON p.party_no = l.party_no
LEFT JOIN open_case AS c ON c.party_no = l.party_no
LEFT JOIN party AS y ON y.party_no = l.party_no
LEFT JOIN contacted AS x ON x.party_no = l.party_no
LEFT JOIN (
    SELECT party_no, count(*) AS holds FROM hold WHERE account_no IS NULL GROUP BY party_no
) AS h ON h.party_no = l.party_no;
