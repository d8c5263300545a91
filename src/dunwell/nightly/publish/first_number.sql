-- The first use of a month looks at what is there.
INSERT INTO nightly_casenumber (month, last)
SELECT %(month)s, coalesce(max(substr(case_no, 8)::bigint), 0) FROM casework_case WHERE case_no LIKE 'C-' || %(month)s || '-%%'
ON CONFLICT (month) DO NOTHING
