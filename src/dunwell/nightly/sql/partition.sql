-- Parties in work, and what of them is to be written: all of whom nothing is published or something was told since, of the
-- others what differs. In number order they are cut so that no transaction of publishing writes more than 5,000 rows; those
-- of whom nothing is written have no partition.
CREATE OR REPLACE TABLE publish_party AS
SELECT party_no, touches, states, dues, cases, actions,
       CASE WHEN written THEN CAST(floor((sum(CASE WHEN written THEN rows_written ELSE 0 END) OVER (
           ORDER BY party_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) - 1) / 4500) AS INTEGER) END AS partition
FROM (
    SELECT w.party_no, w.touches, w.written, w.whole OR w.states > 0 AS states, w.whole OR w.dues > 0 AS dues,
           w.whole OR w.cases > 0 AS cases, w.whole OR w.actions > 0 AS actions,
           -- an account, a case and a payment may be written twice, and each kind of row has its entry in the log
           CASE WHEN w.whole OR w.states > 0 THEN coalesce(a.accounts, 0) * 2 ELSE 0 END
           + CASE WHEN w.whole THEN coalesce(a.dues, 0) ELSE w.dues END
           + CASE WHEN w.whole OR w.cases > 0 THEN 2 ELSE 0 END
           + CASE WHEN w.whole THEN coalesce(p.actions, 0) + 1 WHEN w.actions > 0 THEN w.actions + 1 ELSE 0 END
           + coalesce(m.rows_written, 0) + coalesce(l.rows_written, 0) AS rows_written
    FROM (
        SELECT c.party_no, coalesce(y.touches, 0) AS touches,
               b.party_no IS NULL OR coalesce(y.touches, 0) <> b.touches AS whole,
               x.party_no IS NOT NULL OR b.party_no IS NULL OR coalesce(y.touches, 0) <> b.touches AS written,
               coalesce(x.states, 0) AS states, coalesce(x.dues, 0) AS dues, coalesce(x.cases, 0) AS cases,
               coalesce(x.actions, 0) AS actions
        FROM case_now AS c
        LEFT JOIN working_party AS w ON w.party_no = c.party_no
        LEFT JOIN party AS y ON y.party_no = c.party_no
        LEFT JOIN changed_party AS x ON x.party_no = c.party_no
        LEFT JOIN published_party AS b ON b.party_no = c.party_no
        WHERE c.fate <> 'none' OR c.past_due > 0 OR w.party_no IS NOT NULL
    ) AS w
    LEFT JOIN (
        SELECT s.party_no, count(*) AS accounts, CAST(sum(coalesce(d.dues, 0)) AS BIGINT) AS dues
        FROM account_state AS s
        LEFT JOIN (SELECT account_no, count(*) AS dues FROM due_kept GROUP BY account_no) AS d ON d.account_no = s.account_no
        GROUP BY s.party_no
    ) AS a ON a.party_no = w.party_no
    LEFT JOIN (SELECT party_no, count(*) AS actions FROM action_now GROUP BY party_no) AS p ON p.party_no = w.party_no
    LEFT JOIN (
        SELECT party_no, count(*) * 2 AS rows_written
        FROM (
            SELECT party_no FROM promise_settled WHERE changed
            UNION ALL
            SELECT party_no FROM instalment_settled WHERE changed
            UNION ALL
            SELECT party_no FROM arrangement_settled WHERE changed
        ) AS judged
        GROUP BY party_no
    ) AS m ON m.party_no = w.party_no
    LEFT JOIN (
        SELECT b.party_no, count(*) * 2 AS rows_written
        FROM allocation_anew AS l
        JOIN position_before AS b ON b.account_no = l.account_no
        GROUP BY b.party_no
    ) AS l ON l.party_no = w.party_no
) AS r;
