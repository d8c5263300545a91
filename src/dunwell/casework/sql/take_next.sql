-- The next case of one collector, held for him until `until_moment`; NULL when nothing waits.
-- A function, so that its plans are kept by the connection and the whole choice is one round trip. Every statement in
-- it sees what was committed before that statement (READ COMMITTED), which is why the lock on the collector comes
-- first: a double click finds the case that its first half took.
CREATE OR REPLACE FUNCTION casework_take_next(
    collector bigint, of_entity bigint, at_moment timestamptz, until_moment timestamptz
) RETURNS SETOF casework_case LANGUAGE plpgsql AS $$
DECLARE
    chosen bigint;
    mine bigint[];
    closed text[];
    head record;
    beyond timestamptz := '-infinity';
    best_slot timestamptz;
    best_rank integer;
    best_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7201, collector::int);
    mine := casework_works_for(collector, at_moment);
    closed := casework_closed_lists(collector, at_moment);

    -- interrupted work is restored
    SELECT c.id INTO chosen FROM casework_case AS c
    WHERE c.held_by_id = collector AND c.held_until > at_moment AND c.closed_on IS NULL
      AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
    ORDER BY c.held_until DESC, c.id LIMIT 1 FOR NO KEY UPDATE OF c;

    -- call-backs and tasks that are due, one's own word before a colleague's
    IF chosen IS NULL THEN
        SELECT c.id INTO chosen
        FROM casework_reminder AS r JOIN casework_case AS c ON c.id = r.case_id
        WHERE r.kind IN ('call_back', 'task') AND r.done_at IS NULL
          AND r.due_at <= at_moment AND (r.kind = 'task' OR r.due_at > at_moment - interval '2 days')
          AND c.entity_id = of_entity AND c.closed_on IS NULL
          AND (c.owner_id = ANY (mine) OR c.owner_id IS NULL)
          AND (c.held_by_id IS NULL OR c.held_until <= at_moment)
          AND (c.ready_at IS NULL OR c.ready_at <= at_moment)
          AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
        ORDER BY (r.recorded_by = collector) DESC NULLS LAST, r.due_at, c.id
        LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED;
    END IF;

    -- his own cases and those that he covers, each owner's by one look into the index
    IF chosen IS NULL THEN
        SELECT best.id INTO chosen
        FROM unnest(mine) AS of(owner) CROSS JOIN LATERAL (
            SELECT c.id, c.rank FROM casework_case AS c
            WHERE c.owner_id = of.owner AND c.queue = 'call' AND c.closed_on IS NULL
              AND (c.held_by_id IS NULL OR c.held_until <= at_moment)
              AND (c.ready_at IS NULL OR c.ready_at <= at_moment)
              AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
            ORDER BY c.rank, c.id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED
        ) AS best
        ORDER BY best.rank, best.id LIMIT 1;
    END IF;

    -- what a colleague left open until his hold ran out
    IF chosen IS NULL THEN
        SELECT c.id INTO chosen FROM casework_case AS c
        WHERE c.held_by_id IS NOT NULL AND c.held_until <= at_moment
          AND c.entity_id = of_entity AND c.owner_id IS NULL AND c.queue = 'call' AND c.closed_on IS NULL
          AND (c.ready_at IS NULL OR c.ready_at <= at_moment)
          AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
        ORDER BY c.rank, c.id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED;
    END IF;

    -- The pool. Its index has the quarter of an hour from which a case is ready before the rank, so cases that must
    -- wait are never read. The first of each quarter that holds cases is one probe: we step from quarter to quarter
    -- and keep the best ...
    IF chosen IS NULL THEN
        LOOP
            SELECT casework_slot(c.ready_at), c.rank, c.id INTO head FROM casework_case AS c
            WHERE c.queue = 'call' AND c.closed_on IS NULL AND c.owner_id IS NULL AND c.held_by_id IS NULL
              AND c.entity_id = of_entity AND casework_slot(c.ready_at) >= beyond
              AND casework_slot(c.ready_at) <= at_moment AND (c.ready_at IS NULL OR c.ready_at <= at_moment)
              AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
            ORDER BY casework_slot(c.ready_at), c.rank, c.id LIMIT 1;
            EXIT WHEN NOT FOUND;
            IF best_rank IS NULL OR (head.rank, head.id) < (best_rank, best_id) THEN
                best_slot := head.casework_slot;
                best_rank := head.rank;
                best_id := head.id;
            END IF;
            beyond := CASE WHEN head.casework_slot = '-infinity' THEN timestamptz '1900-01-01 00:00:00+00'
                      ELSE head.casework_slot + interval '15 minutes' END;
        END LOOP;

        -- ... and take the first free one of the best quarter;
        IF best_rank IS NOT NULL THEN
            SELECT c.id INTO chosen FROM casework_case AS c
            WHERE c.queue = 'call' AND c.closed_on IS NULL AND c.owner_id IS NULL AND c.held_by_id IS NULL
              AND c.entity_id = of_entity AND casework_slot(c.ready_at) = best_slot
              AND (c.ready_at IS NULL OR c.ready_at <= at_moment)
              AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
            ORDER BY c.rank, c.id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED;
        END IF;

        -- where colleagues are just taking all of that quarter, the first free one of any.
        IF chosen IS NULL AND best_rank IS NOT NULL THEN
            SELECT c.id INTO chosen FROM casework_case AS c
            WHERE c.queue = 'call' AND c.closed_on IS NULL AND c.owner_id IS NULL AND c.held_by_id IS NULL
              AND c.entity_id = of_entity AND casework_slot(c.ready_at) <= at_moment
              AND (c.ready_at IS NULL OR c.ready_at <= at_moment)
              AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
            ORDER BY casework_slot(c.ready_at), c.rank, c.id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED;
        END IF;
    END IF;

    RETURN QUERY
        UPDATE casework_case AS c SET held_by_id = collector, held_until = until_moment
        WHERE c.id = chosen RETURNING c.*;
END
$$;
