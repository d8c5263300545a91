-- Promises and what payments made of them. A part is settled by money received from the day it was made to the day it
-- is due, both included (no grace), oldest due first, each cent once. A part is kept as soon as it is paid in full; it
-- is broken, or partly kept, the night after its date. What a reversal takes back was never received.
--
-- Parts of a party and currency are numbered in the order in which they are served, payments as they came in. The
-- money a payment gives to a part is worked out part by part: `spent` carries what earlier parts have used up.
CREATE OR REPLACE TABLE promise_served AS
SELECT p.*, row_number() OVER (
    PARTITION BY p.party_no, p.currency ORDER BY p.due_date, p.made_on, p.promise_id, p.position
) AS turn
FROM promise_part AS p
WHERE NOT p.withdrawn;

CREATE OR REPLACE TABLE promise_money AS
SELECT b.party_no, b.currency, r.transaction_date AS day, sum(r.amount) AS amount
FROM received AS r
JOIN account_state AS b ON b.account_no = r.account_no
JOIN (SELECT party_no, currency, min(made_on) AS first_day FROM promise_served GROUP BY party_no, currency) AS p
  ON p.party_no = b.party_no AND p.currency = b.currency AND r.transaction_date >= p.first_day
WHERE r.counts AND r.amount > 0
GROUP BY b.party_no, b.currency, r.transaction_date;

CREATE OR REPLACE TABLE promise_spent AS
WITH RECURSIVE spent AS (
    SELECT m.party_no, m.currency, m.day, m.amount AS remaining, CAST(0 AS DECIMAL(38, 2)) AS given, CAST(0 AS BIGINT) AS turn
    FROM promise_money AS m
    UNION ALL
    SELECT party_no, currency, day, CAST(remaining - given AS DECIMAL(38, 2)), CAST(given AS DECIMAL(38, 2)), turn
    FROM (
        SELECT s.party_no, s.currency, s.day, s.remaining, p.turn,
               CASE WHEN s.day BETWEEN p.made_on AND p.due_date THEN greatest(0, least(s.remaining,
                   p.amount - coalesce(sum(CASE WHEN s.day BETWEEN p.made_on AND p.due_date THEN s.remaining ELSE 0 END) OVER (
                       PARTITION BY s.party_no, s.currency ORDER BY s.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                   ), 0)
               )) ELSE 0 END AS given
        FROM spent AS s
        JOIN promise_served AS p ON p.party_no = s.party_no AND p.currency = s.currency AND p.turn = s.turn + 1
    ) AS served
)
SELECT party_no, currency, turn, sum(given) AS received FROM spent WHERE turn > 0 GROUP BY party_no, currency, turn;

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
    FROM promise_served AS p
    CROSS JOIN parameter AS k
    LEFT JOIN promise_spent AS s ON s.party_no = p.party_no AND s.currency = p.currency AND s.turn = p.turn
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
