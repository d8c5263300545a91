-- What payments paid (CN-ALLOC). A payment is spread when it comes in, over what was owed then: the last position published
-- before it (`position_before`, `due_before`), in the order for its days past due on its posting date. Orders are data:
-- `allocation_order`, one row a component, those of one rank share in proportion to what is owed on them (to the cent,
-- half-up; what is left of a cent goes to the one named first). What is left over is a credit balance. What a corrected
-- file booked anew is spread once, over the position that is published by then.
--
-- A payment and its reversal leave no trace but the log: a payment is spread as what is left of it, and what was taken back
-- since the position of a payment that the position held is owed, and due, again.
CREATE OR REPLACE TABLE allocation_receipt AS
SELECT r.account_no, r.payment_id, r.posting_date, r.counts, r.kept, r.gone_since,
       r.provisional OR r.posting_date > b.business_date OR r.business_date > b.business_date
       OR (r.anew AND l.payment_id IS NULL) AS since_position
FROM (
    SELECT r.account_no, r.payment_id, r.posting_date, r.business_date, r.counts, r.provisional, r.anew,
           CAST(r.amount - coalesce(t.gone, 0) AS DECIMAL(18, 2)) AS kept,
           CAST(coalesce(t.gone_since, 0) AS DECIMAL(18, 2)) AS gone_since
    FROM receipt AS r
    LEFT JOIN (
        SELECT v.payment_id, sum(v.amount) AS gone,
               sum(CASE WHEN v.posting_date > b.business_date OR v.business_date > b.business_date THEN v.amount ELSE 0 END)
                   AS gone_since
        FROM taken_back AS v
        LEFT JOIN position_before AS b ON b.account_no = v.account_no
        GROUP BY v.payment_id
    ) AS t ON t.payment_id = r.payment_id
    WHERE r.answer = ''
) AS r
LEFT JOIN position_before AS b ON b.account_no = r.account_no
LEFT JOIN (SELECT DISTINCT payment_id FROM line_before) AS l ON l.payment_id = r.payment_id;

-- What is owed at the position, and again because it was taken back since: the money spread last first.
CREATE OR REPLACE TABLE allocation_owed AS
SELECT account_no, component, CAST(sum(owed) AS DECIMAL(18, 2)) AS owed
FROM (
    SELECT account_no, component, owed FROM owed_before
    UNION ALL
    SELECT account_no, component, least(amount, gone_since - spread_after)
    FROM (
        SELECT l.account_no, l.component, l.amount, r.gone_since,
               coalesce(sum(l.amount) OVER (
                   PARTITION BY l.payment_id ORDER BY l.position DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ), 0) AS spread_after
        FROM line_before AS l
        JOIN allocation_receipt AS r ON r.payment_id = l.payment_id AND NOT r.since_position AND r.gone_since > 0
    ) AS again
    WHERE spread_after < gone_since AND component <> 'credit_balance'
) AS owed
GROUP BY account_no, component;

-- How late an account was when a payment was posted follows from the dues and the counted money before it alone. Payments
-- go to the oldest due first, so the unpaid dues at the position are the newest ones; the host's own date wins.
CREATE OR REPLACE TABLE allocation_past_due AS
SELECT p.account_no, p.business_date, p.overdue_since, p.past_due_at_close + coalesce(g.gone_since, 0) AS past_due,
       coalesce(g.gone_since, 0) > 0 AS again
FROM position_before AS p
LEFT JOIN (
    SELECT account_no, sum(gone_since) AS gone_since
    FROM allocation_receipt
    WHERE counts AND NOT since_position AND gone_since > 0
    GROUP BY account_no
) AS g ON g.account_no = p.account_no;

CREATE OR REPLACE TABLE allocation_due AS
SELECT account_no,
       CASE WHEN place = 1 AND NOT again THEN least(due_date, coalesce(overdue_since, due_date)) ELSE due_date END AS due_date,
       sum(amount) OVER (PARTITION BY account_no ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS paid_by
FROM (
    SELECT account_no, due_date, overdue_since, again, least(amount, past_due - late_after) AS amount,
           row_number() OVER (PARTITION BY account_no ORDER BY due_date, late_after DESC) AS place
    FROM (
        SELECT d.account_no, d.due_date, d.amount, p.overdue_since, p.past_due, p.again,
               coalesce(sum(d.amount) OVER (
                   PARTITION BY d.account_no ORDER BY d.statement_date DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ), 0) AS late_after
        FROM due_before AS d
        JOIN allocation_past_due AS p ON p.account_no = d.account_no AND d.due_date < p.business_date
        WHERE d.amount > 0
    ) AS late
    WHERE late_after < past_due
    UNION ALL
    SELECT p.account_no, p.overdue_since, p.overdue_since, FALSE, p.past_due, 1
    FROM allocation_past_due AS p
    LEFT JOIN (
        SELECT DISTINCT d.account_no
        FROM due_before AS d
        JOIN position_before AS b ON b.account_no = d.account_no AND d.due_date < b.business_date
        WHERE d.amount > 0
    ) AS k ON k.account_no = p.account_no
    WHERE k.account_no IS NULL AND p.overdue_since IS NOT NULL AND p.past_due > 0
) AS unpaid;

CREATE OR REPLACE TABLE allocation_payment AS
SELECT p.account_no, p.payment_id, CAST(p.amount * 100 AS BIGINT) AS amount, p.turn, o.rule
FROM (
    SELECT m.account_no, m.payment_id, m.amount, m.turn, m.posting_date,
           coalesce(greatest(0, date_diff('day', min(d.due_date), m.posting_date)), 0) AS days_past_due
    FROM (
        SELECT r.account_no, r.payment_id, r.kept AS amount, r.posting_date,
               row_number() OVER (PARTITION BY r.account_no ORDER BY r.posting_date, r.payment_id) AS turn,
               coalesce(sum(CASE WHEN r.counts THEN r.kept ELSE 0 END) OVER (
                   PARTITION BY r.account_no ORDER BY r.posting_date, r.payment_id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
               ), 0) AS paid_before
        FROM allocation_receipt AS r
        WHERE r.since_position AND r.kept > 0
    ) AS m
    LEFT JOIN allocation_due AS d ON d.account_no = m.account_no AND d.paid_by > m.paid_before
    GROUP BY m.account_no, m.payment_id, m.amount, m.turn, m.posting_date
) AS p
JOIN (
    SELECT DISTINCT rule, from_day, to_day, valid_from, valid_to FROM allocation_order
) AS o ON p.days_past_due BETWEEN o.from_day AND o.to_day AND p.posting_date BETWEEN o.valid_from AND o.valid_to;

-- Payment after payment, in cents: all accounts' first ones at once, then all second ones. `owed` is what is left to pay.
CREATE OR REPLACE TABLE allocation_spread AS
WITH RECURSIVE spread AS (
    SELECT o.account_no, CAST(0 AS BIGINT) AS turn, o.component, CAST(o.owed * 100 AS BIGINT) AS owed, CAST(0 AS BIGINT) AS given,
           CAST(0 AS BIGINT) AS place
    FROM allocation_owed AS o
    JOIN (SELECT DISTINCT account_no FROM allocation_payment) AS p ON p.account_no = o.account_no
    WHERE o.owed > 0
    UNION ALL
    SELECT account_no, turn, component, CAST(owed - given AS BIGINT), CAST(given AS BIGINT), place
    FROM (
        SELECT account_no, turn, component, place, owed,
               CASE WHEN owed_in_rank = 0 THEN 0
                    -- rounded one by one, the first may be left with less than nothing, or more than is owed on it
                    WHEN min(CASE WHEN named_first THEN available - others END) OVER (PARTITION BY account_no, rank) < 0
                      OR max(CASE WHEN named_first THEN available - others - owed END) OVER (PARTITION BY account_no, rank) > 0
                        THEN from_here - coalesce(lead(from_here) OVER (PARTITION BY account_no, rank ORDER BY place), 0)
                    WHEN named_first THEN available - others
                    ELSE share
               END AS given
        FROM (
            SELECT *, sum(CASE WHEN named_first THEN 0 ELSE share END) OVER (PARTITION BY account_no, rank) AS others
            FROM (
                SELECT *,  -- with whole numbers, (2ab + g - (2ab + g) mod 2g) / 2g is ab / g rounded half-up
                       CASE WHEN owed_in_rank > 0 THEN CAST((
                           2 * paid * named + ranked - (2 * paid * named + ranked) % (2 * ranked)) / (2 * ranked) AS BIGINT)
                       END AS share,
                       CASE WHEN owed_in_rank > 0 THEN CAST((
                           2 * paid * behind + ranked - (2 * paid * behind + ranked) % (2 * ranked)) / (2 * ranked) AS BIGINT)
                       END AS from_here
                FROM (
                    SELECT *, CAST(available AS DECIMAL(19, 0)) AS paid, CAST(owed AS DECIMAL(18, 0)) AS named,
                           CAST(owed_from_here AS DECIMAL(18, 0)) AS behind, CAST(owed_in_rank AS DECIMAL(19, 0)) AS ranked
                    FROM (
                        SELECT *, CAST(greatest(0, least(owed_in_rank, amount - (owed_up_to_rank - owed_in_rank))) AS BIGINT) AS available
                        FROM (
                            SELECT s.account_no, p.turn, s.component, s.owed, p.amount, o.rank, o.place,
                                   o.place = min(o.place) OVER (PARTITION BY s.account_no, o.rank) AS named_first,
                                   sum(s.owed) OVER (PARTITION BY s.account_no, o.rank) AS owed_in_rank,
                                   sum(s.owed) OVER (
                                       PARTITION BY s.account_no ORDER BY o.rank RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                                   ) AS owed_up_to_rank,
                                   sum(s.owed) OVER (
                                       PARTITION BY s.account_no, o.rank ORDER BY o.place DESC
                                       ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                                   ) AS owed_from_here
                            FROM (SELECT account_no, turn, component, owed FROM spread) AS s
                            JOIN allocation_payment AS p ON p.account_no = s.account_no AND p.turn = s.turn + 1
                            JOIN allocation_order AS o ON o.rule = p.rule AND o.component = s.component
                        ) AS joined
                    ) AS offered
                ) AS numbered
            ) AS rounded
        ) AS summed
    ) AS shared
)
SELECT account_no, turn, component, CAST(given * 0.01 AS DECIMAL(18, 2)) AS amount, place FROM spread WHERE turn > 0 AND given > 0;

-- Payments that an older position spread keep the lines they have, as far as they are not taken back (the money spread
-- last first); announced ones that were answered keep none.
CREATE OR REPLACE TABLE allocation_line AS
SELECT account_no, payment_id, position, component, CAST(least(amount, kept - before) AS DECIMAL(18, 2)) AS amount, rule
FROM (
    SELECT g.account_no, g.payment_id, g.component, g.amount, g.rule, r.kept,
           CAST(row_number() OVER (PARTITION BY g.payment_id ORDER BY g.place) - 1 AS INTEGER) AS position,
           coalesce(sum(g.amount) OVER (
               PARTITION BY g.payment_id ORDER BY g.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0) AS before
    FROM (
        SELECT p.account_no, p.payment_id, s.component, s.amount, p.rule, s.place
        FROM allocation_payment AS p
        JOIN allocation_spread AS s ON s.account_no = p.account_no AND s.turn = p.turn
        UNION ALL
        SELECT p.account_no, p.payment_id, 'credit_balance', p.amount - coalesce(s.amount, 0), p.rule, 1000000
        FROM (SELECT account_no, payment_id, turn, CAST(amount * 0.01 AS DECIMAL(18, 2)) AS amount, rule FROM allocation_payment) AS p
        LEFT JOIN (
            SELECT account_no, turn, sum(amount) AS amount FROM allocation_spread GROUP BY account_no, turn
        ) AS s ON s.account_no = p.account_no AND s.turn = p.turn
        WHERE p.amount > coalesce(s.amount, 0)
        UNION ALL
        SELECT l.account_no, l.payment_id, l.component, l.amount, l.rule, l.position
        FROM line_before AS l
        LEFT JOIN allocation_payment AS p ON p.payment_id = l.payment_id
        WHERE p.payment_id IS NULL
    ) AS g
    JOIN allocation_receipt AS r ON r.payment_id = g.payment_id
) AS spread
WHERE before < kept;

-- The payments whose lines are other than those published, and their new lines; without one, an empty position.
CREATE OR REPLACE TABLE allocation_anew AS
SELECT c.account_no, c.payment_id, l.position, l.component, l.amount, l.rule
FROM (
    SELECT DISTINCT coalesce(n.account_no, b.account_no) AS account_no, coalesce(n.payment_id, b.payment_id) AS payment_id
    FROM allocation_line AS n
    FULL OUTER JOIN (
        SELECT l.* FROM line_before AS l JOIN receipt AS r ON r.payment_id = l.payment_id
    ) AS b ON b.payment_id = n.payment_id AND b.position = n.position
    WHERE n.payment_id IS NULL OR b.payment_id IS NULL
       OR n.component <> b.component OR n.amount <> b.amount OR n.rule <> b.rule
) AS c
LEFT JOIN allocation_line AS l ON l.payment_id = c.payment_id;
