-- The next state of many messages, each with every column that a state may change.
UPDATE channels_message AS message SET
    state = moved.state, not_before = moved.not_before, line = moved.line, sender = moved.sender,
    handed_at = moved.handed_at, parts = moved.parts, cost = moved.cost, currency = moved.currency,
    contact_id = moved.contact_id, decision_id = moved.decision_id, refusal_rule = moved.refusal_rule,
    subject_sealed = moved.subject_sealed, text_sealed = moved.text_sealed
FROM unnest(
    %(id)s::bigint[], %(state)s::text[], %(not_before)s::timestamptz[], %(line)s::text[], %(sender)s::int[],
    %(handed_at)s::timestamptz[], %(parts)s::smallint[], %(cost)s::numeric[], %(currency)s::text[],
    %(contact_id)s::bigint[], %(decision_id)s::bigint[], %(refusal_rule)s::text[], %(subject_sealed)s::bytea[],
    %(text_sealed)s::bytea[]
) AS moved(id, state, not_before, line, sender, handed_at, parts, cost, currency, contact_id, decision_id, refusal_rule,
           subject_sealed, text_sealed)
WHERE message.id = moved.id
