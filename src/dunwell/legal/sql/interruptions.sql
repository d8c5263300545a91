-- What happened to accounts that may interrupt limitation, as facts: payments that stayed, promises that were not
-- withdrawn, and the contacts with the debtor himself. Which contacts count is legal/interruptions.yaml's.
SELECT p.account_id, p.posting_date AS happened_on, 'part_payment' AS kind, 'payment' AS what, p.id,
       '' AS channel, '' AS purpose, '' AS source, '' AS outcome, false AS recorded
FROM payments_payment AS p
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM payments_reversal GROUP BY payment_id) AS r ON r.payment_id = p.id
WHERE p.account_id = ANY(%(accounts)s) AND NOT p.provisional AND p.kind = 'repayment' AND coalesce(r.amount, 0) < p.amount
UNION ALL
SELECT a.id, m.made_on, 'promise', 'promise', m.id, '', '', '', '', false
FROM arrangements_promise AS m
JOIN portfolio_account AS a ON a.party_id = m.party_id AND a.currency = m.currency
LEFT JOIN arrangements_promisewithdrawal AS w ON w.promise_id = m.id
WHERE a.id = ANY(%(accounts)s) AND w.promise_id IS NULL
UNION ALL
SELECT a.id, (c.reserved_at AT TIME ZONE 'Asia/Shanghai')::date, '', 'contact', c.id,
       c.channel, c.purpose, t.source, o.outcome,
       EXISTS (SELECT 1 FROM channels_recordingmatch AS r WHERE r.contact_id = c.id)
FROM portfolio_account AS a
JOIN compliance_contact AS c ON c.party_id = a.party_id AND c.person_id = c.party_id
JOIN portfolio_contactpoint AS t ON t.id = c.contact_point_id
JOIN LATERAL (
    SELECT outcome FROM compliance_contactoutcome WHERE contact_id = c.id ORDER BY id DESC LIMIT 1
) AS o ON true
WHERE a.id = ANY(%(accounts)s) AND c.direction = 'out' AND c.purpose = ANY(%(purposes)s)
  -- a notice that only tells him something asks for nothing
  AND NOT EXISTS (
      SELECT 1 FROM channels_message AS told JOIN casework_notice AS n ON n.message_id = told.id
      WHERE told.contact_id = c.id AND n.kind <> 'limitation_demand'
  )
  AND o.outcome = ANY(%(outcomes)s)
