-- What people of an entity share with somebody else, of the kinds that are asked for: papers by content, by look and by
-- words, complaints by words, telephones of representatives, numbers and addresses by their keyed hashes. Only values that
-- two people and more have; of looks and words only where the papers are not the same byte for byte.
WITH pages AS (
    SELECT p.party_id, p.recorded_at::date AS day, f.sha256, l.alike, l.words
    FROM casework_paperlook AS l
    JOIN arrangements_proof AS p ON p.id = l.proof_id
    JOIN evidence_storedfile AS f ON f.id = p.file_id
    WHERE %(kinds)s::text[] && ARRAY['look', 'words']
), held AS (
    SELECT 'paper' AS kind, f.sha256 AS shared, p.party_id AS party, p.recorded_at::date AS day
    FROM arrangements_proof AS p JOIN evidence_storedfile AS f ON f.id = p.file_id
    WHERE 'paper' = ANY(%(kinds)s)
    UNION ALL
    SELECT 'look', g.alike, g.party_id, g.day FROM pages AS g
    WHERE 'look' = ANY(%(kinds)s) AND g.alike IN (
        SELECT o.alike FROM pages AS o WHERE o.alike <> '' GROUP BY o.alike HAVING count(DISTINCT o.sha256) >= 2)
    UNION ALL
    SELECT 'words', encode(g.words, 'hex'), g.party_id, g.day FROM pages AS g
    WHERE 'words' = ANY(%(kinds)s) AND g.words IN (
        SELECT o.words FROM pages AS o WHERE o.words IS NOT NULL GROUP BY o.words HAVING count(DISTINCT o.sha256) >= 2)
    UNION ALL
    SELECT 'complaint', encode(k.text_digest, 'hex'), k.party_id, k.received_on
    FROM casework_complaint AS k WHERE k.text_digest IS NOT NULL AND 'complaint' = ANY(%(kinds)s)
    UNION ALL
    SELECT 'telephone', encode(r.telephone_digest, 'hex'), r.party_id, r.recorded_at::date
    FROM casework_representative AS r WHERE r.telephone_digest IS NOT NULL AND 'telephone' = ANY(%(kinds)s)
    UNION ALL
    SELECT CASE WHEN c.kind = 'address' THEN 'address' ELSE 'number' END, encode(c.digest, 'hex'), c.party_id, c.known_since
    FROM portfolio_contactpoint AS c
    WHERE c.kind IN ('mobile', 'address') AND %(kinds)s::text[] && ARRAY['number', 'address']
)
SELECT h.kind, h.shared, h.party, coalesce(min(h.day)::text, '') AS day
FROM held AS h JOIN portfolio_party AS p ON p.id = h.party
WHERE p.entity_id = %(entity)s AND (h.kind, h.shared) IN (
    SELECT o.kind, o.shared FROM held AS o GROUP BY o.kind, o.shared HAVING count(DISTINCT o.party) >= 2)
GROUP BY h.kind, h.shared, h.party
ORDER BY h.kind, h.shared, h.party
