-- Earlier contacts of persons and of numbers, across all entities, cases and persons, with their last outcome.
SELECT
    contact.reserved_at, contact.channel, contact.direction, entity.kind AS actor, contact.entity_id,
    contact.party_type,
    contact.party_id, contact.person_id, contact.point_digest, contact.case_id,
    coalesce(last.outcome, 'pending') AS outcome,
    EXISTS (  -- said once it stands, whatever is reported later
        SELECT 1 FROM compliance_contactoutcome AS said WHERE said.contact_id = contact.id AND said.result = 'refused'
    ) AS refused
FROM compliance_contact AS contact
JOIN identity_entity AS entity ON entity.id = contact.entity_id
LEFT JOIN LATERAL (
    SELECT outcome.outcome FROM compliance_contactoutcome AS outcome
    WHERE outcome.contact_id = contact.id ORDER BY outcome.id DESC LIMIT 1
) AS last ON true
WHERE contact.id IN (
    SELECT id FROM compliance_contact
    WHERE person_id = ANY(%(persons)b::bigint[]) AND (local_date >= %(since)s OR party_type = ANY(%(third_parties)b::text[]))
    UNION
    SELECT id FROM compliance_contact
    WHERE point_digest = ANY(%(digests)b::bytea[]) AND (local_date >= %(since)s OR party_type = ANY(%(third_parties)b::text[]))
)
ORDER BY contact.reserved_at, contact.id
