-- Demands to the holder of an account that are proved to have reached him (CN-REF-EFFECTIVE): a delivered message or
-- letter, a demand that he signed, a call or visit in which he was reached and identified and that was recorded.
SELECT (c.reserved_at AT TIME ZONE 'Asia/Shanghai')::date, c.channel || ' ' || c.id
FROM portfolio_account AS a
JOIN compliance_contact AS c ON c.party_id = a.party_id AND c.person_id = c.party_id
WHERE a.id = %(account)s AND c.direction = 'out' AND c.purpose IN ('demand', 'statutory_notice')
  AND c.channel IN ('sms', 'email', 'letter')
  AND EXISTS (SELECT 1 FROM compliance_contactoutcome AS o WHERE o.contact_id = c.id AND o.outcome = 'delivered')
UNION ALL
SELECT (c.reserved_at AT TIME ZONE 'Asia/Shanghai')::date, c.channel || ' ' || c.id
FROM portfolio_account AS a
JOIN compliance_contact AS c ON c.party_id = a.party_id AND c.person_id = c.party_id
JOIN LATERAL (
    SELECT outcome, identified FROM compliance_contactoutcome WHERE contact_id = c.id ORDER BY id DESC LIMIT 1
) AS o ON o.outcome = 'connected_rpc' AND o.identified
WHERE a.id = %(account)s AND c.direction = 'out' AND c.purpose = 'demand' AND c.channel IN ('call', 'visit')
  AND EXISTS (SELECT 1 FROM channels_recordingmatch AS r WHERE r.contact_id = c.id)
UNION ALL
SELECT f.starts_on, 'fact ' || f.id
FROM legal_limitationfact AS f
LEFT JOIN legal_limitationfactwithdrawal AS w ON w.fact_id = f.id
WHERE f.account_id = %(account)s AND f.kind = 'signed_demand' AND w.fact_id IS NULL
ORDER BY 1, 2
