-- How often each rule stood in the way of a contact since a moment: every failing rule of a refusal counts.
SELECT reason ->> 'rule' AS rule, count(*) AS times
FROM compliance_gatedecision AS decision CROSS JOIN LATERAL jsonb_array_elements(decision.reasons) AS reason
WHERE decision.decided_at >= %(since)s AND decision.verdict <> 'ALLOW' AND decision.entity_id = %(entity)s
GROUP BY 1
