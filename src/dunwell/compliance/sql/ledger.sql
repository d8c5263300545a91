-- Earlier contacts of persons and of numbers, across all entities, cases and persons, with their last outcome.
SELECT
    contact.reserved_at, contact.channel, contact.direction, entity.kind AS actor, contact.entity_id,
    contact.party_type,
    contact.party_id, contact.person_id, contact.point_digest, contact.case_id,
    coalesce(last.outcome, 'pending') AS outcome,
    EXISTS (  -- said once it stands, whatever is reported later
        SELECT 1 FROM compliance_contactoutcome AS said WHERE said.contact_id = contact.id AND said.result = 'refused'
    ) AS refused
FROM (  -- joined, not `= ANY`: a plan made while the ledger was empty would go through all of it for each of them
    SELECT found.id FROM unnest(%(persons)b::bigint[]) AS his(id) JOIN compliance_contact AS found ON found.person_id = his.id
    WHERE found.local_date >= %(since)s OR found.party_type = ANY(%(third_parties)b::text[])
    UNION
    SELECT found.id FROM unnest(%(points)b::bigint[]) AS asked(id)
    JOIN portfolio_contactpoint AS point ON point.id = asked.id
    JOIN compliance_contact AS found ON found.point_digest = point.digest
    WHERE found.local_date >= %(since)s OR found.party_type = ANY(%(third_parties)b::text[])
) AS theirs
JOIN compliance_contact AS contact ON contact.id = theirs.id
JOIN identity_entity AS entity ON entity.id = contact.entity_id
LEFT JOIN LATERAL (
    SELECT outcome.outcome FROM compliance_contactoutcome AS outcome
    WHERE outcome.contact_id = contact.id ORDER BY outcome.id DESC LIMIT 1
) AS last ON true
ORDER BY contact.reserved_at, contact.id
