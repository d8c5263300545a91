-- The parties of a partition, locked in the order of their numbers; fresh are those that nobody touched since the freeze.
INSERT INTO pub (party_no, party_id, fresh, timezone, has_case, opened, cases, actions)
SELECT s.party_no, p.id, p.touches = s.touches, p.timezone, false, false, s.cases, s.actions
FROM portfolio_party AS p
JOIN stage_party AS s ON s.party_no = p.party_no
WHERE s.partition = %(partition)s AND p.entity_id = %(entity)s
ORDER BY p.id
FOR NO KEY UPDATE OF p
