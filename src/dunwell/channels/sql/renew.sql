-- The texts of many messages, filled again before they leave.
UPDATE channels_message AS message SET subject_sealed = renewed.subject_sealed, text_sealed = renewed.text_sealed
FROM unnest(%(id)b::bigint[], %(subject_sealed)b::bytea[], %(text_sealed)b::bytea[])
    AS renewed(id, subject_sealed, text_sealed)
WHERE message.id = renewed.id
