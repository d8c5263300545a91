-- How the host's position differs from what we expect: its position of the night before, what it told since, and our
-- interest and late charge in place of its own. Money goes to the components in the order in force for its days past due.
-- Until charge-off the host's figures stand; what is beyond the tolerance waits for a person's explanation.
CREATE OR REPLACE TABLE difference_told AS
SELECT account_no, sum(retail) AS retail, sum(cash) AS cash, sum(interest) AS interest, sum(fees) AS fees,
       sum(paid_out) AS paid_out, sum(paid) AS paid, min(paid_on) AS paid_on, max(paid_on) AS last_paid_on
FROM (
    SELECT b.account_no, CASE WHEN b.type = 'purchase' THEN b.amount * b.sign ELSE 0 END AS retail,
           CASE WHEN b.type = 'cash' THEN b.amount * b.sign ELSE 0 END AS cash,
           CASE WHEN b.type = 'interest' THEN b.amount * b.sign ELSE 0 END AS interest,
           CASE WHEN b.type = 'fee' THEN b.amount * b.sign ELSE 0 END AS fees,
           CASE WHEN b.type = 'refund_of_credit_balance' THEN b.amount * b.sign ELSE 0 END AS paid_out,
           CAST(0 AS DECIMAL(18, 2)) AS paid, CAST(NULL AS DATE) AS paid_on
    FROM (
        SELECT account_no, type, amount, business_date AS told_on, 1 AS sign FROM posting
        UNION ALL
        SELECT r.account_no, p.type, r.amount, r.business_date, -1
        FROM booking AS r
        JOIN posting AS p ON p.account_no = r.account_no AND p.host_ref = r.reverses_ref
        WHERE r.type = 'reversal'
    ) AS b
    CROSS JOIN night_before AS n
    CROSS JOIN parameter AS k
    WHERE b.told_on > n.business_date AND b.told_on <= k.as_of
    UNION ALL
    SELECT m.account_no, 0, 0, 0, 0, 0, m.amount, CASE WHEN m.amount > 0 THEN m.posting_date END
    FROM movement AS m
    CROSS JOIN night_before AS n
    CROSS JOIN parameter AS k
    WHERE m.told_on > n.business_date AND m.told_on <= k.as_of AND NOT m.announced
) AS moved
GROUP BY account_no;

-- Ours: of the statements closed since the night before; a late charge is booked with the first statement from its day on.
CREATE OR REPLACE TABLE difference_ours AS
SELECT g.account_no, sum(c.on_balance) AS on_balance, sum(c.off_balance) AS off_balance, sum(c.late) AS late,
       max(c.statement_date) AS closed_on
FROM (
    SELECT f.account_no, f.statement_date, f.on_balance, f.off_balance, coalesce(l.amount, 0) AS late
    FROM interest_charged AS f
    JOIN interest_statement AS s
        ON s.account_no = f.account_no AND s.statement_date = f.statement_date AND s.due_date IS NOT NULL
    CROSS JOIN night_before AS n
    CROSS JOIN parameter AS k
    LEFT JOIN (
        SELECT t.account_no, t.statement_date, sum(t.amount) AS amount
        FROM (
            SELECT c.account_no, c.amount, min(s.statement_date) AS statement_date
            FROM late_charged AS c
            JOIN interest_statement AS s
                ON s.account_no = c.account_no AND s.statement_date >= c.charged_on AND s.due_date IS NOT NULL
            GROUP BY c.account_no, c.statement_nr, c.amount
        ) AS t
        GROUP BY t.account_no, t.statement_date
    ) AS l ON l.account_no = f.account_no AND l.statement_date = f.statement_date
    WHERE f.statement_date > n.business_date AND f.statement_date <= k.as_of
) AS c
JOIN interest_given AS g ON g.id = c.account_no
GROUP BY g.account_no;

-- Where nothing was told, no statement closed and no money lies ready, the position of the night before is what we expect.
CREATE OR REPLACE TABLE difference_still AS
SELECT b.account_no, b.principal, b.interest, b.late_charge, b.fees
FROM (
    SELECT l.account_no, coalesce(l.credit_balance, 0) AS credit,
           coalesce(l.principal_retail, 0) + coalesce(l.principal_cash, 0) + coalesce(l.principal_instalment_billed, 0)
               + coalesce(l.principal_instalment_unbilled, 0) AS principal,
           coalesce(l.interest_on_balance, 0) + coalesce(l.interest_off_balance, 0) AS interest,
           coalesce(l.late_charge, 0) AS late_charge, coalesce(l.other_fees, 0) AS fees,
           least(coalesce(l.principal_retail, 0), coalesce(l.principal_cash, 0), coalesce(l.principal_instalment_billed, 0),
                 coalesce(l.principal_instalment_unbilled, 0), coalesce(l.interest_on_balance, 0),
                 coalesce(l.interest_off_balance, 0), coalesce(l.late_charge, 0), coalesce(l.other_fees, 0)) AS least_owed
    FROM account_state AS c
    JOIN position_last AS l ON l.account_no = c.account_no AND l.currency = c.currency
) AS b
LEFT JOIN difference_told AS t ON t.account_no = b.account_no
LEFT JOIN difference_ours AS u ON u.account_no = b.account_no
WHERE t.account_no IS NULL AND u.account_no IS NULL AND b.credit = 0 AND b.least_owed >= 0;

-- What is owed before the money of these days, component by component; what a statement after that money charged comes on top.
CREATE OR REPLACE TABLE difference_owed AS
SELECT c.account_no, o.component, o.place, o.rank,
       CAST(CASE WHEN u.closed_on > t.last_paid_on THEN CASE o.component
           WHEN 'interest_on_balance' THEN coalesce(u.on_balance, 0)
           WHEN 'interest_off_balance' THEN coalesce(u.off_balance, 0)
           WHEN 'late_charge' THEN coalesce(u.late, 0)
           ELSE 0
       END ELSE 0 END AS DECIMAL(18, 2)) AS on_top,
       CAST(CASE o.component
           WHEN 'principal_retail' THEN coalesce(b.principal_retail, 0) + coalesce(t.retail, 0)
           WHEN 'principal_cash' THEN coalesce(b.principal_cash, 0) + coalesce(t.cash, 0)
           WHEN 'principal_instalment_billed' THEN coalesce(b.principal_instalment_billed, 0)
           WHEN 'principal_instalment_unbilled' THEN coalesce(b.principal_instalment_unbilled, 0)
           WHEN 'interest_on_balance' THEN coalesce(b.interest_on_balance, 0)
               + CASE WHEN u.closed_on > t.last_paid_on THEN 0 ELSE coalesce(u.on_balance, 0) END
           WHEN 'interest_off_balance' THEN coalesce(b.interest_off_balance, 0)
               + CASE WHEN u.closed_on > t.last_paid_on THEN 0 ELSE coalesce(u.off_balance, 0) END
           WHEN 'late_charge' THEN coalesce(b.late_charge, 0)
               + CASE WHEN u.closed_on > t.last_paid_on THEN 0 ELSE coalesce(u.late, 0) END
           -- of the fees told, those that the host put among its late charges are none of the others
           WHEN 'other_fees' THEN coalesce(b.other_fees, 0)
               + greatest(0, coalesce(t.fees, 0) - greatest(0, c.late_charge - coalesce(b.late_charge, 0)))
       END AS DECIMAL(18, 2)) AS owed,
       CAST(coalesce(t.paid, 0) + coalesce(b.credit_balance, 0) - coalesce(t.paid_out, 0) AS DECIMAL(18, 2)) AS money
FROM account_state AS c
JOIN position_last AS b ON b.account_no = c.account_no AND b.currency = c.currency
CROSS JOIN parameter AS k
LEFT JOIN difference_still AS d ON d.account_no = c.account_no
LEFT JOIN difference_told AS t ON t.account_no = c.account_no
LEFT JOIN difference_ours AS u ON u.account_no = c.account_no
JOIN allocation_order AS o
    ON greatest(0, coalesce(date_diff('day', b.overdue_since, coalesce(t.paid_on, k.as_of)), 0)) BETWEEN o.from_day AND o.to_day
    AND coalesce(t.paid_on, k.as_of) BETWEEN o.valid_from AND o.valid_to
WHERE d.account_no IS NULL;

CREATE OR REPLACE TABLE difference_expected AS
SELECT account_no,
       CAST(sum(CASE WHEN component LIKE 'principal%' THEN left_of_it ELSE 0 END) AS DECIMAL(18, 2)) AS principal,
       CAST(sum(CASE WHEN component LIKE 'interest%' THEN left_of_it ELSE 0 END) AS DECIMAL(18, 2)) AS interest,
       CAST(sum(CASE WHEN component = 'late_charge' THEN left_of_it ELSE 0 END) AS DECIMAL(18, 2)) AS late_charge,
       CAST(sum(CASE WHEN component = 'other_fees' THEN left_of_it ELSE 0 END) AS DECIMAL(18, 2)) AS fees,
       CAST(greatest(0, max(money) - sum(owed)) AS DECIMAL(18, 2)) AS credit
FROM (
    SELECT account_no, component, owed, money, on_top,
           -- money taken back that an older position held goes to the principal's first component
           owed - CASE WHEN money < 0 THEN CASE WHEN component = 'principal_retail' THEN money ELSE 0 END
                       ELSE greatest(0, least(owed, money - coalesce(owed_before, 0))) END + on_top AS left_of_it
    FROM (
        SELECT *, sum(owed) OVER (
            PARTITION BY account_no ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS owed_before
        FROM difference_owed
    ) AS placed
) AS paid
GROUP BY account_no
UNION ALL
SELECT account_no, CAST(principal AS DECIMAL(18, 2)), CAST(interest AS DECIMAL(18, 2)), CAST(late_charge AS DECIMAL(18, 2)),
       CAST(fees AS DECIMAL(18, 2)), CAST(0 AS DECIMAL(18, 2))
FROM difference_still;

-- One row a component that differs, with the likeliest cause.
CREATE OR REPLACE TABLE host_difference AS
SELECT account_no, party_no, currency, component, expected, found, CAST(found - expected AS DECIMAL(18, 2)) AS difference, cause,
       -- where our own figure is not exact only what moved the balance untold is held against the host
       abs(found - expected) > tolerance AND (exact OR cause IN ('booking_not_told', 'statement_missing')) AS beyond
FROM (
    SELECT d.*,
           CASE WHEN abs(d.found - d.expected) <= d.rounding THEN 'rounding'
                WHEN d.component = 'interest' AND abs(d.found - d.expected - (d.host_interest - d.our_interest)) <= d.rounding
                     AND d.host_interest <> d.our_interest
                    THEN CASE WHEN d.statement_missing THEN 'statement_missing' WHEN NOT d.exact THEN 'days_not_known'
                              ELSE 'rate_or_method' END
                WHEN d.component = 'late_charge' AND d.paid = 0 THEN 'late_charge_differs'
                WHEN abs(d.untold) > d.rounding THEN CASE WHEN d.statement_missing THEN 'statement_missing' ELSE 'booking_not_told' END
                WHEN d.paid <> 0 THEN CASE WHEN d.exact THEN 'payment_spread' ELSE 'days_not_known' END
                ELSE CASE WHEN d.exact THEN 'unknown' ELSE 'days_not_known' END
           END AS cause
    FROM (
        SELECT c.account_no, c.party_no, c.currency, x.component,
               CASE x.component WHEN 'principal' THEN e.principal WHEN 'interest' THEN e.interest
                                WHEN 'late_charge' THEN e.late_charge WHEN 'fees' THEN e.fees ELSE e.credit END AS expected,
               CASE x.component
                   WHEN 'principal' THEN c.principal_retail + c.principal_cash + c.principal_instalment_billed
                                         + c.principal_instalment_unbilled
                   WHEN 'interest' THEN c.interest_on_balance + c.interest_off_balance
                   WHEN 'late_charge' THEN c.late_charge
                   WHEN 'fees' THEN c.other_fees
                   ELSE c.credit_balance
               END AS found,
               coalesce(t.interest, 0) AS host_interest, coalesce(u.on_balance + u.off_balance, 0) AS our_interest,
               coalesce(t.paid, 0) AS paid, coalesce(i.exact, FALSE) AS exact,
               -- what moved the host's balance and no booking tells
               c.closing_balance - b.balance - coalesce(t.retail + t.cash + t.interest + t.fees + t.paid_out - t.paid, 0) AS untold,
               c.statement_date > coalesce(s.newest, DATE '1900-01-01') AS statement_missing,
               coalesce(r.rounding, 0) AS rounding, coalesce(r.amount, 0) AS tolerance
        FROM account_state AS c
        JOIN position_last AS b ON b.account_no = c.account_no AND b.currency = c.currency
        JOIN difference_expected AS e ON e.account_no = c.account_no
        CROSS JOIN difference_component AS x
        LEFT JOIN difference_told AS t ON t.account_no = c.account_no
        LEFT JOIN difference_ours AS u ON u.account_no = c.account_no
        LEFT JOIN account_interest AS i ON i.account_no = c.account_no
        LEFT JOIN (SELECT account_no, max(statement_date) AS newest FROM statement GROUP BY account_no) AS s ON s.account_no = c.account_no
        LEFT JOIN difference_tolerance AS r ON r.currency = c.currency
    ) AS d
    WHERE d.found <> d.expected
) AS caused;
