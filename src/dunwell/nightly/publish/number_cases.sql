-- So many case numbers of a month, once each: the answer is the last one. The first use of a month looks at what is there.
INSERT INTO nightly_casenumber AS n (month, last)
SELECT %(month)s, %(count)s + coalesce((
    SELECT max(substr(case_no, 8)::bigint) FROM casework_case WHERE case_no LIKE 'C-' || %(month)s || '-%%'
), 0)
ON CONFLICT (month) DO UPDATE SET last = n.last + %(count)s
RETURNING last
