-- What people of an entity share with somebody else: papers by content, complaints by words, telephones of
-- representatives, numbers and addresses by their keyed hashes. Only values that two people and more have.
WITH held AS (
    SELECT 'paper' AS kind, f.sha256 AS shared, p.party_id AS party, p.recorded_at::date AS day
    FROM arrangements_proof AS p JOIN evidence_storedfile AS f ON f.id = p.file_id
    UNION ALL
    SELECT 'complaint', encode(k.text_digest, 'hex'), k.party_id, k.received_on
    FROM casework_complaint AS k WHERE k.text_digest IS NOT NULL
    UNION ALL
    SELECT 'telephone', encode(r.telephone_digest, 'hex'), r.party_id, r.recorded_at::date
    FROM casework_representative AS r WHERE r.telephone_digest IS NOT NULL
    UNION ALL
    SELECT CASE WHEN c.kind = 'address' THEN 'address' ELSE 'number' END, encode(c.digest, 'hex'), c.party_id, c.known_since
    FROM portfolio_contactpoint AS c WHERE c.kind IN ('mobile', 'address')
)
SELECT h.kind, h.shared, h.party, coalesce(min(h.day)::text, '') AS day
FROM held AS h JOIN portfolio_party AS p ON p.id = h.party
WHERE p.entity_id = %(entity)s AND (h.kind, h.shared) IN (
    SELECT o.kind, o.shared FROM held AS o GROUP BY o.kind, o.shared HAVING count(DISTINCT o.party) >= 2)
GROUP BY h.kind, h.shared, h.party
ORDER BY h.kind, h.shared, h.party
