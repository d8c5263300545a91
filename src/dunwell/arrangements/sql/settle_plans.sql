-- Arrangements and where they stand. Before the host has confirmed it is what people did: proposed, approved, agreed, and
-- what ended it. In force, an instalment is late the night after its date (or after the day on which the plan came into
-- force, if that is later); within grace it is missed, beyond breached; what was overdue when it is paid in full revives
-- it. Paid later than grace and the days of revival, or once more than it may be revived, it is terminated for good. It has
-- ended when all of it is paid, or was repaid early: by the host's books nothing was owed on the account any more.
CREATE OR REPLACE TABLE instalment_settled AS
SELECT instalment_id, arrangement_id, party_no, currency, due_date, amount, received, paid_on, state,
       state <> state_before OR received <> received_before OR paid_on IS DISTINCT FROM paid_before AS changed,
       -- how late it was, or is, in days beyond its date
       CAST(CASE WHEN in_force_on IS NULL THEN 0
                 ELSE greatest(0, date_diff('day', greatest(due_date, in_force_on), coalesce(paid_on, as_of)))
            END AS BIGINT) AS days_late
FROM (
    SELECT i.instalment_id, i.arrangement_id, r.party_no, r.currency, i.due_date, i.amount, r.in_force_on, k.as_of,
           i.state AS state_before, i.received AS received_before, i.paid_on AS paid_before,
           CAST(coalesce(s.received, 0) AS DECIMAL(18, 2)) AS received,
           CASE WHEN coalesce(s.received, 0) >= i.amount THEN s.last_day END AS paid_on,
           CASE WHEN coalesce(s.received, 0) >= i.amount
                    THEN CASE WHEN s.last_day <= greatest(i.due_date, coalesce(r.in_force_on, i.due_date)) THEN 'paid'
                              ELSE 'paid_late' END
                WHEN r.in_force_on IS NULL OR greatest(i.due_date, r.in_force_on) >= k.as_of THEN 'open'
                WHEN coalesce(s.received, 0) > 0 THEN 'partly_paid'
                ELSE 'missed'
           END AS state
    FROM instalment AS i
    JOIN arrangement AS r ON r.arrangement_id = i.arrangement_id
    CROSS JOIN parameter AS k
    LEFT JOIN agreed AS a ON a.line_kind = 2 AND a.line_id = i.instalment_id
    LEFT JOIN agreed_spent AS s ON s.party_no = a.party_no AND s.currency = a.currency AND s.turn = a.turn
) AS judged;

CREATE OR REPLACE TABLE arrangement_settled AS
SELECT arrangement_id, party_no, account_no, currency, standing,
       CASE WHEN standing = standing_before THEN standing_on ELSE as_of END AS standing_on,
       standing <> standing_before AS changed, overdue, next_due
FROM (
    SELECT r.arrangement_id, r.party_no, r.account_no, r.currency, r.standing AS standing_before, r.standing_on, k.as_of,
           t.overdue, t.next_due,
           CASE WHEN r.replaced THEN 'replaced'
                WHEN r.cancelled THEN 'cancelled'
                WHEN r.repaid THEN 'ended'
                WHEN d.party_no IS NOT NULL THEN 'died'
                WHEN r.refused THEN 'refused'
                WHEN r.rejected THEN 'rejected'
                WHEN r.in_force_on IS NULL AND r.agreed_on IS NOT NULL THEN 'agreed'
                WHEN r.in_force_on IS NULL AND r.lapses_on < k.as_of THEN 'lapsed'
                WHEN r.in_force_on IS NULL AND r.approved THEN 'approved'
                WHEN r.in_force_on IS NULL THEN 'proposed'
                WHEN t.latest > r.grace_days + r.revival_days OR t.revived > r.revivals THEN 'terminated'
                WHEN t.unpaid = 0 THEN 'ended'
                WHEN t.latest_unpaid > r.grace_days THEN 'breached'
                WHEN t.latest_unpaid > 0 THEN 'missed'
                ELSE 'in_force'
           END AS standing
    FROM arrangement AS r
    CROSS JOIN parameter AS k
    JOIN (
        SELECT s.arrangement_id, max(s.days_late) AS latest,
               max(CASE WHEN s.paid_on IS NULL THEN s.days_late ELSE 0 END) AS latest_unpaid,
               CAST(sum(CASE WHEN s.paid_on IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unpaid,
               count(DISTINCT CASE WHEN s.paid_on IS NOT NULL AND s.days_late > q.grace_days THEN s.paid_on END) AS revived,
               CAST(sum(CASE WHEN s.state IN ('missed', 'partly_paid') THEN s.amount - s.received ELSE 0 END) AS DECIMAL(18, 2)) AS overdue,
               min(CASE WHEN s.paid_on IS NULL THEN s.due_date END) AS next_due
        FROM instalment_settled AS s
        JOIN arrangement AS q ON q.arrangement_id = s.arrangement_id
        GROUP BY s.arrangement_id
    ) AS t ON t.arrangement_id = r.arrangement_id
    LEFT JOIN (SELECT DISTINCT party_no FROM hold WHERE kind = 'death') AS d ON d.party_no = r.party_no
) AS judged;
