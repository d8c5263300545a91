-- Booked repayments of some days, less what was taken back, to cases open on the day of the payment; with `whose` only
-- to cases that he ever owned or assisted on.
SELECT p.id, c.id AS case_id, c.case_no, a.account_no, p.host_ref, p.transaction_date, p.posting_date, p.currency,
       p.amount - coalesce(r.amount, 0) AS amount
FROM payments_payment AS p
JOIN portfolio_account AS a ON a.id = p.account_id
JOIN LATERAL (
    SELECT c.id, c.case_no FROM casework_case AS c
    WHERE c.party_id = a.party_id AND c.opened_on <= p.transaction_date
      AND (c.closed_on IS NULL OR c.closed_on >= p.transaction_date)
    ORDER BY c.opened_on DESC, c.id DESC LIMIT 1
) AS c ON TRUE
LEFT JOIN LATERAL (SELECT sum(r.amount) AS amount FROM payments_reversal AS r WHERE r.payment_id = p.id) AS r ON TRUE
WHERE a.entity_id = %(entity)s AND p.posting_date BETWEEN %(first)s AND %(last)s
  AND p.kind = 'repayment' AND NOT p.provisional AND p.amount > coalesce(r.amount, 0)
  AND (%(whose)s::bigint IS NULL
       OR a.party_id IN (
            SELECT o.party_id FROM casework_ownership AS w JOIN casework_case AS o ON o.id = w.case_id
            WHERE w.owner_id = %(whose)s::bigint
            UNION SELECT o.party_id FROM casework_assist AS w JOIN casework_case AS o ON o.id = w.case_id
            WHERE w.user_id = %(whose)s::bigint))
ORDER BY p.transaction_date, p.id
