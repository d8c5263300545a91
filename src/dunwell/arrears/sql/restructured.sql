-- Which debts are restructured ones, and until when they are observed (CN-5T-2023): from the first due date after the
-- restructuring, or from the last one that was not paid as agreed, so many months and so many periods at least. A debt that
-- is restructured while it is observed is restructured again.
CREATE OR REPLACE TABLE restructuring_observed AS
SELECT r.restructuring_id, r.account_no, r.starts_on, greatest(o.observed_to, coalesce(r.periods_to, o.observed_to)) AS observed_to
FROM restructuring AS r
JOIN risk_observation AS o ON o.observed_from = r.observed_from;

CREATE OR REPLACE TABLE restructured AS
SELECT r.account_no, r.starts_on, r.observed_to, CAST(1 + count(b.restructuring_id) AS INTEGER) AS times
FROM restructuring_observed AS r
LEFT JOIN restructuring_observed AS b
  ON b.account_no = r.account_no AND b.restructuring_id < r.restructuring_id
 AND r.starts_on BETWEEN b.starts_on AND b.observed_to
GROUP BY r.restructuring_id, r.account_no, r.starts_on, r.observed_to;
