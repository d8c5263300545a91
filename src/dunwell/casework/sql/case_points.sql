-- The contact points of the cardholder and of everybody who has a part in his accounts: source, standing, today's dials
-- to the number (whoever dialled it, for whatever case), and what came of the last one.
WITH people AS (
    SELECT c.party_id, 'primary' AS role, '' AS relation, 0 AS place
    FROM casework_case AS c WHERE c.id = %(case)s
    UNION
    SELECT r.party_id, r.role, r.relation, 1
    FROM casework_case AS c
    JOIN portfolio_account AS a ON a.party_id = c.party_id
    JOIN portfolio_accountrole AS r ON r.account_no = a.account_no
    JOIN portfolio_party AS p ON p.id = r.party_id AND p.entity_id = a.entity_id
    WHERE c.id = %(case)s AND r.party_id <> c.party_id
)
SELECT o.id AS party_id, w.role, w.relation, o.name_masked, o.timezone AS party_timezone, p.id, p.kind, p.label,
       p.source, p.masked, p.timezone, p.status, p.status_reason, p.status_on, coalesce(d.dials, 0) AS dials,
       x.outcome AS last_outcome, x.reserved_at AS last_at
FROM people AS w
JOIN portfolio_party AS o ON o.id = w.party_id
LEFT JOIN portfolio_contactpoint AS p ON p.party_id = w.party_id
LEFT JOIN LATERAL (
    SELECT count(*) AS dials FROM compliance_contact AS k
    WHERE k.point_digest = p.digest AND k.local_date = %(today)s AND k.channel IN ('call', 'ai_call')
      AND k.direction = 'out'
) AS d ON TRUE
LEFT JOIN LATERAL (
    SELECT k.reserved_at,
           (SELECT u.outcome FROM compliance_contactoutcome AS u WHERE u.contact_id = k.id ORDER BY u.id DESC LIMIT 1) AS outcome
    FROM compliance_contact AS k
    WHERE k.point_digest = p.digest AND k.local_date > %(today)s::date - 90 AND k.contact_point_id = p.id
    ORDER BY k.local_date DESC, k.id DESC LIMIT 1
) AS x ON TRUE
ORDER BY w.place, w.party_id, p.kind = 'mobile' DESC, p.kind = 'landline' DESC, p.status = 'valid' DESC, p.id
LIMIT 60
