-- What went in must come out: a night whose sums do not agree stops before publishing.
CREATE OR REPLACE TABLE total AS
SELECT 'accounts' AS name, CAST(p.accounts AS DECIMAL(22, 2)) AS expected, CAST(b.accounts AS DECIMAL(22, 2)) AS found
FROM (SELECT count(DISTINCT account_no) AS accounts FROM position) AS p
CROSS JOIN (SELECT count(*) AS accounts FROM book) AS b
UNION ALL
SELECT 'balance', p.balance, b.balance
FROM (SELECT coalesce(sum(balance), 0) AS balance FROM position) AS p
CROSS JOIN (SELECT coalesce(sum(balance), 0) AS balance FROM book) AS b
UNION ALL
SELECT 'past_due', b.past_due, s.past_due
FROM (SELECT coalesce(sum(past_due), 0) AS past_due FROM book) AS b
CROSS JOIN (SELECT coalesce(sum(past_due), 0) AS past_due FROM account_state) AS s
UNION ALL
SELECT 'parties', c.parties, s.parties
FROM (SELECT CAST(count(DISTINCT party_no) AS DECIMAL(22, 2)) AS parties FROM candidate) AS c
CROSS JOIN (SELECT CAST(count(*) AS DECIMAL(22, 2)) AS parties FROM party_state) AS s
UNION ALL
SELECT 'bucket_balance', p.balance, b.balance
FROM (SELECT coalesce(sum(balance), 0) AS balance FROM position) AS p
CROSS JOIN (SELECT coalesce(sum(balance), 0) AS balance FROM bucket_day) AS b;
