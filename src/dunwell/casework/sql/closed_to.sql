-- Whether a party stands on one of these lists: its case is not for a collector who is not named for them.
-- (Written as a function so that the plans of casework_take_next stay what they are.)
CREATE OR REPLACE FUNCTION casework_closed_to(of_party bigint, lists text[], at_moment timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM compliance_listentry AS e
        WHERE e.party_id = of_party AND e.list = ANY(lists)
          AND e.starts_at <= at_moment AND (e.ends_at IS NULL OR e.ends_at > at_moment)
          AND NOT EXISTS (SELECT 1 FROM compliance_listremoval AS r WHERE r.entry_id = e.id)
    );
END
$$;
