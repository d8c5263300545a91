-- The five-tier class of each account: the worst of the card table (days with grace, pauses not taken out), the table of
-- all financial assets (calendar days), the restructuring while it is observed, and manual judgement while it lasts.
-- A judgement makes a class worse and never better. Ranks: 1 pass to 5 loss; of equal ones the first rule is named.
CREATE OR REPLACE TABLE risk_reason AS
SELECT a.account_no, e.place, e.rule, e.rank
FROM aged AS a
JOIN risk_edge AS e ON CASE WHEN e.counts = 'days_past_due' THEN a.days_past_due ELSE a.days_unpaused END
    BETWEEN e.from_day AND e.to_day
    -- within grace nothing is past due for a class, in whichever way the days are counted
    AND (e.rank = 1 OR a.days_unpaused > 0)
UNION ALL
SELECT r.account_no, f.place, f.rule, f.rank
FROM restructured AS r
JOIN risk_floor AS f ON r.times BETWEEN f.from_times AND f.to_times
CROSS JOIN parameter AS k
WHERE k.as_of BETWEEN r.starts_on AND r.observed_to
UNION ALL
SELECT j.account_no, 9, 'JUDGEMENT', c.rank
FROM risk_judgement AS j
JOIN risk_class AS c ON c.risk_class = j.risk_class
CROSS JOIN parameter AS k
WHERE k.as_of >= j.starts_on AND (j.ends_on IS NULL OR k.as_of <= j.ends_on);

CREATE OR REPLACE TABLE account_risk AS
SELECT a.account_no, c.risk_class, w.rule AS risk_rule, d.risk_class AS card_class, s.risk_class AS asset_class
FROM aged AS a
JOIN (
    SELECT account_no, rule, rank
    FROM (
        SELECT account_no, rule, rank, row_number() OVER (PARTITION BY account_no ORDER BY rank DESC, place) AS nr
        FROM risk_reason
    ) AS ordered
    WHERE nr = 1
) AS w ON w.account_no = a.account_no
JOIN (
    SELECT account_no, max(CASE WHEN place = 1 THEN rank ELSE 1 END) AS card,
           max(CASE WHEN place = 2 THEN rank ELSE 1 END) AS asset
    FROM risk_reason GROUP BY account_no
) AS t ON t.account_no = a.account_no
JOIN risk_class AS c ON c.rank = w.rank
JOIN risk_class AS d ON d.rank = t.card
JOIN risk_class AS s ON s.rank = t.asset;
