-- Whose cases a collector works today: his own, and those of whoever is away and whom he covers (the bank's day).
-- queries/covers.py asks it, too; its in_force says for many days at once which absences count: both change together.
CREATE OR REPLACE FUNCTION casework_works_for(collector bigint, at_moment timestamptz) RETURNS bigint[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT collector UNION SELECT a.user_id FROM casework_absence AS a
        LEFT JOIN casework_absenceend AS e ON e.absence_id = a.id
        WHERE a.cover_id = collector AND a.starts_on <= (at_moment AT TIME ZONE 'Asia/Shanghai')::date
          AND least(a.ends_on, e.ends_on) >= (at_moment AT TIME ZONE 'Asia/Shanghai')::date
    );
END
$$;

-- The lists of guarded persons for which he is not named: their cases are not his to open.
CREATE OR REPLACE FUNCTION casework_closed_lists(collector bigint, at_moment timestamptz) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT list FROM unnest(ARRAY['staff', 'sensitive']) AS guarded(list)
        WHERE list NOT IN (
            SELECT named.list FROM (
                SELECT DISTINCT ON (o.list) o.list, o.ends_at FROM compliance_namedofficer AS o
                WHERE o.user_id = collector AND o.starts_at <= at_moment ORDER BY o.list, o.id DESC
            ) AS named WHERE named.ends_at IS NULL OR named.ends_at > at_moment
        )
    );
END
$$;

-- The head of a collector's worklist: of the cases that he owns or covers those that may be called now, in the order in
-- which casework_take_next brings them, then those that wait, the soonest first. Nothing is held or locked.
CREATE OR REPLACE FUNCTION casework_worklist(collector bigint, at_moment timestamptz, head integer)
RETURNS SETOF casework_case LANGUAGE plpgsql STABLE ROWS 12 AS $$
DECLARE
    mine bigint[] := casework_works_for(collector, at_moment);
    closed text[] := casework_closed_lists(collector, at_moment);
    found integer;
BEGIN
    RETURN QUERY
        SELECT best.* FROM unnest(mine) AS of(owner) CROSS JOIN LATERAL (
            SELECT c.* FROM casework_case AS c
            WHERE c.owner_id = of.owner AND c.queue = 'call' AND c.closed_on IS NULL
              AND (c.held_by_id IS NULL OR c.held_until <= at_moment OR c.held_by_id = collector)
              AND (c.ready_at IS NULL OR c.ready_at <= at_moment)
              AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
            ORDER BY c.rank, c.id LIMIT head
        ) AS best
        ORDER BY best.rank, best.id LIMIT head;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found < head THEN
        RETURN QUERY
            SELECT c.* FROM casework_case AS c
            WHERE c.owner_id = ANY (mine) AND c.queue = 'call' AND c.closed_on IS NULL
              AND (c.held_by_id IS NULL OR c.held_until <= at_moment OR c.held_by_id = collector)
              AND c.ready_at > at_moment
              AND NOT casework_closed_to(c.party_id, closed, at_moment) AND NOT casework_paused(c.id, collector)
            ORDER BY c.ready_at, c.id LIMIT head - found;
    END IF;
END
$$;
