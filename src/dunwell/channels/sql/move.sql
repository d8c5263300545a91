-- The next state of many messages, each with every column that a state may change.
UPDATE channels_message AS message SET
    state = moved.state, not_before = moved.not_before, line = moved.line, sender = moved.sender,
    handed_at = moved.handed_at, parts = moved.parts, cost = moved.cost, currency = moved.currency,
    contact_id = moved.contact_id, decision_id = moved.decision_id, refusal_rule = moved.refusal_rule,
    subject_sealed = moved.subject_sealed, text_sealed = moved.text_sealed
FROM unnest(
    %(id)b::bigint[], %(state)b::text[], %(not_before)b::timestamptz[], %(line)b::text[], %(sender)b::int[],
    %(handed_at)b::timestamptz[], %(parts)b::smallint[], %(cost)b::numeric[], %(currency)b::text[],
    %(contact_id)b::bigint[], %(decision_id)b::bigint[], %(refusal_rule)b::text[], %(subject_sealed)b::bytea[],
    %(text_sealed)b::bytea[]
) AS moved(id, state, not_before, line, sender, handed_at, parts, cost, currency, contact_id, decision_id, refusal_rule,
           subject_sealed, text_sealed)
WHERE message.id = moved.id
