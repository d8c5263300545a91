-- Money that moved on the candidates' accounts: receipts and reversals in PostgreSQL, and what only the host's files
-- tell (accounts that were not in work then). The same reference is the same booking. Announced money counts as moved
-- since the position until the host has answered it; a posted one then counts as the booking, a dropped one not at all.
-- What takes back a purchase, interest or a fee (`posting`) is no money that moved.
CREATE OR REPLACE TABLE told AS
SELECT b.account_no, b.host_ref, b.type, b.amount, b.posting_date, b.business_date, b.reverses_ref,
       coalesce(b.counts_to_minimum, r.counts_to_minimum, CASE
           WHEN b.type = 'reversal' THEN coalesce(r.type, 'repayment') = 'repayment' ELSE b.type = 'repayment'
       END) AS counts,
       CASE WHEN b.type = 'reversal' THEN -1 ELSE 1 END AS direction
FROM booking AS b
JOIN candidate AS c ON c.account_no = b.account_no
LEFT JOIN booking AS r ON b.type = 'reversal' AND r.account_no = b.account_no AND r.host_ref = b.reverses_ref
LEFT JOIN receipt AS p ON p.account_no = b.account_no AND p.host_ref = b.host_ref AND NOT p.provisional
LEFT JOIN taken_back AS t ON t.account_no = b.account_no AND t.host_ref = b.host_ref
LEFT JOIN posting AS o ON b.type = 'reversal' AND o.account_no = b.account_no AND o.host_ref = b.reverses_ref
WHERE p.account_no IS NULL AND t.account_no IS NULL AND o.account_no IS NULL
  AND (b.type <> 'reversal' OR coalesce(r.type, 'repayment') IN ('repayment', 'merchant_refund', 'chargeback'));

CREATE OR REPLACE TABLE movement AS
SELECT p.account_no, p.amount, p.posting_date, p.counts,
       p.provisional OR p.posting_date > k.as_of OR p.business_date > k.as_of AS since_position, p.provisional AS announced,
       p.business_date AS told_on
FROM receipt AS p
JOIN candidate AS c ON c.account_no = p.account_no
CROSS JOIN parameter AS k
WHERE p.answer = ''
UNION ALL
SELECT t.account_no, CAST(-t.amount AS DECIMAL(18, 2)), t.posting_date, t.counts,
       t.posting_date > k.as_of OR t.business_date > k.as_of, FALSE, t.business_date
FROM taken_back AS t
JOIN candidate AS c ON c.account_no = t.account_no
CROSS JOIN parameter AS k
UNION ALL
SELECT o.account_no, CAST(o.amount * o.direction AS DECIMAL(18, 2)), o.posting_date, o.counts,
       o.posting_date > k.as_of OR o.business_date > k.as_of, FALSE, o.business_date
FROM told AS o
CROSS JOIN parameter AS k;

-- What was received, payment by payment, less what was taken back of it.
CREATE OR REPLACE TABLE received AS
SELECT p.payment_id, p.account_no, p.host_ref, p.posting_date, p.transaction_date, p.counts,
       CAST(p.amount - coalesce(t.amount, 0) AS DECIMAL(18, 2)) AS amount,
       p.provisional OR p.posting_date > k.as_of OR p.business_date > k.as_of AS since_position
FROM receipt AS p
JOIN candidate AS c ON c.account_no = p.account_no
CROSS JOIN parameter AS k
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM taken_back GROUP BY payment_id) AS t ON t.payment_id = p.payment_id
WHERE p.answer = '';
