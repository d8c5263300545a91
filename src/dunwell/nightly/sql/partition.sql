-- Parties in work, in number order, cut so that no transaction of publishing writes more than 5,000 rows.
CREATE OR REPLACE TABLE due_kept AS
SELECT d.account_no, d.statement_date, d.due_date, d.minimum_payment, d.amount
FROM due AS d
JOIN account_state AS s ON s.account_no = d.account_no
JOIN (SELECT account_no, max(nr) AS last_nr FROM due GROUP BY account_no) AS n ON n.account_no = d.account_no
WHERE d.nr > n.last_nr - 3 OR d.due_date >= s.oldest_due_date;

CREATE OR REPLACE TABLE publish_party AS
SELECT r.party_no, coalesce(y.touches, 0) AS touches,
       CAST(floor((sum(r.rows_written) OVER (ORDER BY r.party_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - 1) / 4000)
           AS INTEGER) AS partition
FROM (
    SELECT c.party_no, 2 + coalesce(a.rows_written, 0) + coalesce(p.rows_written, 0) + coalesce(m.rows_written, 0)
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
    WHERE c.fate <> 'none' OR c.past_due > 0 OR w.party_no IS NOT NULL
) AS r
LEFT JOIN party AS y ON y.party_no = r.party_no;
