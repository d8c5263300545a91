-- Contacts with their last outcome: those of a period, and those before it that its counts and cool-offs look back on.
SELECT
    contact.id, contact.reserved_at, contact.channel, contact.direction, entity.kind AS actor, contact.entity_id,
    contact.party_type, contact.party_id, contact.person_id, contact.point_digest, contact.case_id, contact.decision_id,
    coalesce(last.outcome, 'pending') AS outcome
FROM compliance_contact AS contact
JOIN identity_entity AS entity ON entity.id = contact.entity_id
LEFT JOIN LATERAL (
    SELECT outcome.outcome FROM compliance_contactoutcome AS outcome
    WHERE outcome.contact_id = contact.id ORDER BY outcome.id DESC LIMIT 1
) AS last ON true
WHERE contact.reserved_at < %(until)s
  AND (contact.reserved_at >= %(since)s OR contact.party_type = ANY(%(third_parties)s))
ORDER BY contact.reserved_at, contact.id
