-- Promises and what payments made of them. A part is settled by money received from the day it was made to the day it
-- is due, both included (no grace), oldest due first, each cent once. A part is kept as soon as it is paid in full; it
-- is broken, or partly kept, the night after its date. What a reversal takes back was never received.
--
-- Instalments of arrangements are served from the same money in the same order, so that a cent given to one is not given
-- to the other: by money on their own account, from the day of the agreement on, in time or late; after a plan was repaid early
-- its instalments to come take nothing more.
--
-- What is agreed of a party and currency is numbered in the order in which it is served, payments as they came in. The
-- money a payment gives to a line is worked out line by line: `agreed_spent` carries what earlier lines have used up.
CREATE OR REPLACE TABLE agreed AS
SELECT a.*, row_number() OVER (
    PARTITION BY a.party_no, a.currency ORDER BY a.due_date, a.made_on, a.line_kind, a.owner_id, a.position
) AS turn
FROM (
    SELECT 1 AS line_kind, p.part_id AS line_id, p.promise_id AS owner_id, p.position, p.party_no, p.currency,
           CAST(NULL AS VARCHAR) AS account_no, p.made_on, p.due_date, p.due_date AS last_day, p.amount
    FROM promise_part AS p
    WHERE NOT p.withdrawn
    UNION ALL
    SELECT 2 AS line_kind, i.instalment_id, i.arrangement_id, i.position, r.party_no, r.currency, r.account_no, r.agreed_on,
           i.due_date, coalesce(r.repaid_on, CAST('9999-12-31' AS DATE)), i.amount
    FROM instalment AS i
    JOIN arrangement AS r ON r.arrangement_id = i.arrangement_id
    WHERE r.agreed_on IS NOT NULL
) AS a;

CREATE OR REPLACE TABLE agreed_money AS
SELECT b.party_no, b.currency, b.account_no, r.transaction_date AS day, sum(r.amount) AS amount
FROM received AS r
JOIN account_state AS b ON b.account_no = r.account_no
JOIN (SELECT party_no, currency, min(made_on) AS first_day FROM agreed GROUP BY party_no, currency) AS p
  ON p.party_no = b.party_no AND p.currency = b.currency AND r.transaction_date >= p.first_day
WHERE r.counts AND r.amount > 0
GROUP BY b.party_no, b.currency, b.account_no, r.transaction_date;

CREATE OR REPLACE TABLE agreed_spent AS
WITH RECURSIVE spent AS (
    SELECT m.party_no, m.currency, m.account_no, m.day, m.amount AS remaining, CAST(0 AS DECIMAL(38, 2)) AS given,
           CAST(0 AS BIGINT) AS turn
    FROM agreed_money AS m
    UNION ALL
    SELECT party_no, currency, account_no, day, CAST(remaining - given AS DECIMAL(38, 2)), CAST(given AS DECIMAL(38, 2)), turn
    FROM (
        SELECT fitting.party_no, fitting.currency, fitting.account_no, fitting.day, fitting.remaining, fitting.turn,
               CASE WHEN fitting.fits THEN greatest(0, least(fitting.remaining,
                   fitting.amount - coalesce(sum(CASE WHEN fitting.fits THEN fitting.remaining ELSE 0 END) OVER (
                       PARTITION BY fitting.party_no, fitting.currency ORDER BY fitting.day, fitting.account_no
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                   ), 0)
               )) ELSE 0 END AS given
        FROM (
            SELECT s.party_no, s.currency, s.account_no, s.day, s.remaining, p.turn, p.amount,
                   s.day BETWEEN p.made_on AND p.last_day AND coalesce(p.account_no = s.account_no, TRUE) AS fits
            FROM spent AS s
            JOIN agreed AS p ON p.party_no = s.party_no AND p.currency = s.currency AND p.turn = s.turn + 1
        ) AS fitting
    ) AS served
)
SELECT party_no, currency, turn, sum(given) AS received, max(CASE WHEN given > 0 THEN day END) AS last_day
FROM spent
WHERE turn > 0
GROUP BY party_no, currency, turn;

CREATE OR REPLACE TABLE promise_settled AS
SELECT part_id, promise_id, party_no, currency, due_date, amount, received, state,
       CASE WHEN state = 'open' THEN NULL WHEN state = state_before THEN judged_before ELSE as_of END AS judged_on,
       state <> state_before OR received <> received_before AS changed, state <> state_before AS judged_anew
FROM (
    SELECT p.part_id, p.promise_id, p.party_no, p.currency, p.due_date, p.amount, p.state AS state_before,
           p.received AS received_before, p.judged_on AS judged_before, k.as_of,
           CAST(coalesce(s.received, 0) AS DECIMAL(18, 2)) AS received,
           CASE WHEN coalesce(s.received, 0) >= p.amount THEN 'kept'
                WHEN p.due_date >= k.as_of THEN 'open'
                WHEN coalesce(s.received, 0) > 0 THEN 'partly_kept'
                ELSE 'broken'
           END AS state
    FROM promise_part AS p
    JOIN agreed AS a ON a.line_kind = 1 AND a.line_id = p.part_id
    CROSS JOIN parameter AS k
    LEFT JOIN agreed_spent AS s ON s.party_no = a.party_no AND s.currency = a.currency AND s.turn = a.turn
) AS judged;

-- Where the party's promises stand: its latest one, and the next day on which money is promised.
CREATE OR REPLACE TABLE party_promise AS
SELECT party_no,
       CASE WHEN bool_or(open_part) THEN 'open' WHEN bool_or(broken_part AND newest) THEN 'broken'
            WHEN bool_or(partly_part AND newest) THEN 'partly_kept' ELSE 'kept' END AS promise_state,
       min(CASE WHEN open_part THEN due_date END) AS promise_due
FROM (
    SELECT s.party_no, s.due_date, s.state = 'open' AS open_part, s.state = 'broken' AS broken_part,
           s.state = 'partly_kept' AS partly_part, s.promise_id = l.promise_id AS newest
    FROM promise_settled AS s
    JOIN (SELECT party_no, max(promise_id) AS promise_id FROM promise_settled GROUP BY party_no) AS l ON l.party_no = s.party_no
) AS part
GROUP BY party_no;
