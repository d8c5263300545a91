-- Arrangements and where they stand. Before the host has confirmed it is what people did: proposed, approved, agreed, and
-- what ended it. In force, an instalment is late the night after its date (or after the day on which the plan came into
-- force, if that is later); within grace it is missed, beyond breached; what was overdue when it is paid in full revives
-- it. Paid later than grace and the days of revival, or once more than it may be revived, it is terminated for good. It has
-- ended when all of it is paid, or was repaid early: by the host's books nothing was owed on the account any more. Neither
-- outlasts the money: where a payment is taken back it stands again as its own terms say, though it had ended.
--
-- The parts of a combined plan stand as one: what was decided of one was of all, and an instalment of the whole is as late as
-- the latest of its parts' and paid when the last of these is. A part that was repaid early is paid; with the last of them the
-- whole has ended. `overdue` and `next_due` are the whole's.
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
                WHEN r.in_force_on IS NULL OR r.repaid_on IS NOT NULL OR greatest(i.due_date, r.in_force_on) >= k.as_of THEN 'open'
                WHEN coalesce(s.received, 0) > 0 THEN 'partly_paid'
                ELSE 'missed'
           END AS state
    FROM instalment AS i
    JOIN arrangement AS r ON r.arrangement_id = i.arrangement_id
    CROSS JOIN parameter AS k
    LEFT JOIN agreed AS a ON a.line_kind = 2 AND a.line_id = i.instalment_id
    LEFT JOIN agreed_spent AS s ON s.party_no = a.party_no AND s.currency = a.currency AND s.turn = a.turn
) AS judged;

-- An agreement: a combined plan, known by its number, or an arrangement by itself.
CREATE OR REPLACE TABLE agreement AS
SELECT arrangement_id, grace_days, repaid_on, cancelled, rejected, replaced,
       CASE WHEN combined_id IS NULL THEN 'single' ELSE 'combined' END AS made_as,
       coalesce(combined_id, arrangement_id) AS agreement_no
FROM arrangement;

CREATE OR REPLACE TABLE agreement_line AS
SELECT g.made_as, g.agreement_no, s.due_date, max(g.grace_days) AS grace_days, max(s.days_late) AS days_late,
       CASE WHEN count(*) = count(s.paid_on) THEN max(s.paid_on) END AS paid_on,
       sum(CASE WHEN s.state IN ('missed', 'partly_paid') THEN s.amount - s.received ELSE 0 END) AS overdue
FROM instalment_settled AS s
JOIN agreement AS g ON g.arrangement_id = s.arrangement_id AND g.repaid_on IS NULL
GROUP BY g.made_as, g.agreement_no, s.due_date;

CREATE OR REPLACE TABLE agreement_decided AS
SELECT made_as, agreement_no, bool_or(cancelled) AS cancelled, bool_or(rejected) AS rejected, bool_or(replaced) AS replaced
FROM agreement
GROUP BY made_as, agreement_no;

CREATE OR REPLACE TABLE arrangement_settled AS
SELECT arrangement_id, party_no, account_no, currency, standing,
       CASE WHEN standing = standing_before THEN standing_on ELSE as_of END AS standing_on,
       standing <> standing_before AS changed, overdue, next_due
FROM (
    SELECT r.arrangement_id, r.party_no, r.account_no, r.currency, r.standing AS standing_before, r.standing_on, k.as_of,
           CAST(coalesce(t.overdue, 0) AS DECIMAL(18, 2)) AS overdue, t.next_due,
           CASE WHEN j.replaced THEN 'replaced'
                WHEN j.cancelled THEN 'cancelled'
                WHEN r.repaid_on IS NOT NULL AND t.agreement_no IS NULL THEN 'ended'
                WHEN d.party_no IS NOT NULL AND (r.in_force_on IS NULL OR t.unpaid > 0) THEN 'died'
                WHEN r.refused THEN 'refused'
                WHEN j.rejected THEN 'rejected'
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
    JOIN agreement AS g ON g.arrangement_id = r.arrangement_id
    JOIN agreement_decided AS j ON j.made_as = g.made_as AND j.agreement_no = g.agreement_no
    LEFT JOIN (
        SELECT made_as, agreement_no, max(days_late) AS latest,
               max(CASE WHEN paid_on IS NULL THEN days_late ELSE 0 END) AS latest_unpaid,
               CAST(sum(CASE WHEN paid_on IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS unpaid,
               count(DISTINCT CASE WHEN paid_on IS NOT NULL AND days_late > grace_days THEN paid_on END) AS revived,
               CAST(sum(overdue) AS DECIMAL(18, 2)) AS overdue,
               min(CASE WHEN paid_on IS NULL THEN due_date END) AS next_due
        FROM agreement_line
        GROUP BY made_as, agreement_no
    ) AS t ON t.made_as = g.made_as AND t.agreement_no = g.agreement_no
    LEFT JOIN (SELECT DISTINCT party_no FROM hold WHERE kind = 'death') AS d ON d.party_no = r.party_no
) AS judged;
