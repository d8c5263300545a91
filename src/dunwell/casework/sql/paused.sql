-- Whether a collector is paused on a case: an open complaint of its person is against him.
CREATE OR REPLACE FUNCTION casework_paused(of_case bigint, collector bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM casework_complaint AS k
        WHERE k.case_id = of_case AND k.against_id = collector
          AND NOT EXISTS (
            SELECT 1 FROM casework_complaintstep AS s WHERE s.complaint_id = k.id AND s.kind IN ('closed', 'withdrawn'))
    );
END
$$;
