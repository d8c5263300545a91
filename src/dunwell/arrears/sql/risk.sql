-- The five-tier class of each account: the worst of the card table (days with grace, pauses not taken out), the table of
-- all financial assets (calendar days), the restructuring while it is observed, and manual judgement while it lasts.
-- A judgement makes a class worse and never better. Ranks: 1 pass to 5 loss; of equal ones the first rule is named.
CREATE OR REPLACE TABLE risk_observed AS
SELECT r.account_no, max(f.rule) AS rule, max(f.rank) AS rank
FROM restructured AS r
JOIN risk_floor AS f ON r.times BETWEEN f.from_times AND f.to_times
CROSS JOIN parameter AS k
WHERE k.as_of BETWEEN r.starts_on AND r.observed_to
GROUP BY r.account_no;

CREATE OR REPLACE TABLE risk_judged AS
SELECT j.account_no, max(c.rank) AS rank
FROM risk_judgement AS j
JOIN risk_class AS c ON c.risk_class = j.risk_class
CROSS JOIN parameter AS k
WHERE k.as_of >= j.starts_on AND (j.ends_on IS NULL OR k.as_of <= j.ends_on)
GROUP BY j.account_no;

CREATE OR REPLACE TABLE account_risk AS
SELECT w.account_no, c.risk_class,
       CASE WHEN w.card = w.worst THEN w.card_rule WHEN w.asset = w.worst THEN w.asset_rule
            WHEN w.observed = w.worst THEN w.observed_rule ELSE 'JUDGEMENT' END AS risk_rule,
       d.risk_class AS card_class, s.risk_class AS asset_class, w.days_unpaused, w.past_due
FROM (
    SELECT p.account_no, p.card_rule, p.asset_rule, o.rule AS observed_rule, p.card, p.asset,
           coalesce(o.rank, 1) AS observed, p.days_unpaused, p.past_due,
           greatest(p.card, p.asset, coalesce(o.rank, 1), coalesce(j.rank, 1)) AS worst
    FROM (
        SELECT a.account_no, a.card_rule, a.asset_rule, a.days_unpaused, a.past_due, coalesce(x.rank, 1) AS card,
               coalesce(y.rank, 1) AS asset
        FROM (
            -- within grace nothing is past due for a class, in whichever way the days are counted
            SELECT l.account_no, r.card_rule, r.asset_rule, l.days_unpaused, l.past_due,
                   CASE WHEN l.days_unpaused <= 0 THEN 0
                        WHEN r.card_counts = 'days_past_due' THEN least(l.days_past_due, r.last_day)
                        ELSE least(l.days_unpaused, r.last_day) END AS card_day,
                   CASE WHEN l.days_unpaused <= 0 THEN 0
                        WHEN r.asset_counts = 'days_past_due' THEN least(l.days_past_due, r.last_day)
                        ELSE least(l.days_unpaused, r.last_day) END AS asset_day
            FROM aged AS l
            CROSS JOIN risk_rule AS r
        ) AS a
        LEFT JOIN risk_day AS x ON x.place = 1 AND x.day = a.card_day
        LEFT JOIN risk_day AS y ON y.place = 2 AND y.day = a.asset_day
    ) AS p
    LEFT JOIN risk_observed AS o ON o.account_no = p.account_no
    LEFT JOIN risk_judged AS j ON j.account_no = p.account_no
) AS w
JOIN risk_class AS c ON c.rank = w.worst
JOIN risk_class AS d ON d.rank = w.card
JOIN risk_class AS s ON s.rank = w.asset;
