-- The quarter of an hour from which a case is ready; one that is always ready stands before all others.
CREATE OR REPLACE FUNCTION casework_slot(ready timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(date_bin(interval '15 minutes', ready, timestamptz '2000-01-01 00:00:00+00'), timestamptz '-infinity')
$$;
DROP INDEX IF EXISTS case_next_pool;
CREATE INDEX case_next_pool ON casework_case (entity_id, casework_slot(ready_at), rank, id)
WHERE queue = 'call' AND closed_on IS NULL AND owner_id IS NULL AND held_by_id IS NULL;
