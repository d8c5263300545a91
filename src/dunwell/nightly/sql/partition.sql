-- Parties in work. Those that are to be written, in number order, are cut so that no transaction of publishing writes more
-- than 5,000 rows; the others have no partition.
CREATE OR REPLACE TABLE publish_party AS
SELECT r.party_no, r.touches,
       CASE WHEN r.written THEN CAST(floor((sum(CASE WHEN r.written THEN r.rows_written ELSE 0 END) OVER (
           ORDER BY r.party_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) - 1) / 4000) AS INTEGER) END AS partition
FROM (
    SELECT c.party_no, coalesce(y.touches, 0) AS touches,
           x.party_no IS NOT NULL OR b.party_no IS NULL OR coalesce(y.touches, 0) <> b.touches AS written, 2 + coalesce(a.rows_written, 0) + coalesce(p.rows_written, 0) + coalesce(m.rows_written, 0)
           + coalesce(l.rows_written, 0) AS rows_written
    FROM case_now AS c
    LEFT JOIN (
        SELECT s.party_no, count(DISTINCT s.account_no) * 2 + count(d.account_no) AS rows_written
        FROM account_state AS s
        LEFT JOIN due_kept AS d ON d.account_no = s.account_no
        GROUP BY s.party_no
    ) AS a ON a.party_no = c.party_no
    LEFT JOIN (SELECT party_no, count(*) + 1 AS rows_written FROM action_now GROUP BY party_no) AS p ON p.party_no = c.party_no
    LEFT JOIN (
        SELECT party_no, count(*) * 2 AS rows_written FROM promise_settled WHERE changed GROUP BY party_no
    ) AS m ON m.party_no = c.party_no
    LEFT JOIN (
        SELECT b.party_no, count(*) * 2 AS rows_written
        FROM allocation_anew AS l
        JOIN position_before AS b ON b.account_no = l.account_no
        GROUP BY b.party_no
    ) AS l ON l.party_no = c.party_no
    LEFT JOIN working_party AS w ON w.party_no = c.party_no
    LEFT JOIN party AS y ON y.party_no = c.party_no
    LEFT JOIN changed_party AS x ON x.party_no = c.party_no
    LEFT JOIN published_party AS b ON b.party_no = c.party_no
    WHERE c.fate <> 'none' OR c.past_due > 0 OR w.party_no IS NOT NULL
) AS r;
