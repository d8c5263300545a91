-- What the gate needs to know of each asked contact, beside the ledger: one row an asking, in its order.
WITH asked AS (
    SELECT * FROM unnest(
        %(parties)b::bigint[], %(persons)b::bigint[], %(points)b::bigint[], %(accounts)b::bigint[], %(channels)b::text[],
        %(purposes)b::text[], %(cases)b::bigint[]
    ) WITH ORDINALITY AS t(party_id, person_id, point_id, account_id, channel, purpose, case_id, n)
)
SELECT
    asked.n,
    party.entity_id,
    %(entity)s::bigint AS collector,
    person.timezone AS person_zone,
    party.timezone AS party_zone,
    coalesce(point.timezone, '') AS point_zone,
    coalesce(point.kind, '') AS point_kind,
    coalesce(point.source, '') AS point_source,
    coalesce(point.status, '') AS point_status,
    point.digest AS point_digest,
    coalesce(point.party_id = asked.person_id, false) AS point_is_his,
    (SELECT kind FROM identity_entity WHERE id = %(entity)s) AS actor,
    ARRAY(
        SELECT role.role || '/' || role.relation
        FROM portfolio_accountrole AS role JOIN portfolio_account AS account ON account.account_no = role.account_no
        WHERE account.party_id = asked.party_id AND role.party_id = asked.person_id
    ) AS roles,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object('id', hold.id, 'kind', hold.kind, 'ends_at', hold.ends_at,
            'amount', hold.amount::text)
            ORDER BY hold.id), '[]')
        FROM compliance_hold AS hold
        WHERE hold.party_id IN (asked.party_id, asked.person_id)
          -- a contact about one account is not stopped by what concerns another one only
          AND (asked.account_id IS NULL OR hold.account_id IS NULL OR hold.account_id = asked.account_id)
          AND hold.starts_at <= %(now)s AND (hold.ends_at IS NULL OR hold.ends_at > %(now)s)
          AND NOT EXISTS (SELECT 1 FROM compliance_holdlift AS lift WHERE lift.hold_id = hold.id)
    ) AS holds,
    (
        SELECT coalesce(jsonb_agg(to_jsonb(wish)), '[]')
        FROM (
            SELECT DISTINCT ON (consent.kind, consent.channel, consent.account_id)
                consent.kind, consent.channel, consent.window_from, consent.window_to, consent.starts_at, consent.ends_at,
                consent.value, consent.account_id
            FROM compliance_consent AS consent
            WHERE consent.party_id = asked.person_id AND consent.starts_at <= %(now)s
            ORDER BY consent.kind, consent.channel, consent.account_id, consent.id DESC
        ) AS wish
        WHERE wish.ends_at IS NULL OR wish.ends_at > %(now)s
    ) AS consents,
    ARRAY(
        SELECT DISTINCT entry.list
        FROM compliance_listentry AS entry
        WHERE (entry.party_id IN (asked.party_id, asked.person_id) OR entry.digest = point.digest)
          AND entry.starts_at <= %(now)s AND (entry.ends_at IS NULL OR entry.ends_at > %(now)s)
          AND NOT EXISTS (SELECT 1 FROM compliance_listremoval AS removal WHERE removal.entry_id = entry.id)
        ORDER BY entry.list
    ) AS lists,
    ARRAY(
        SELECT named.list
        FROM (
            SELECT DISTINCT ON (officer.list) officer.list, officer.ends_at
            FROM compliance_namedofficer AS officer
            WHERE officer.user_id = %(user)s AND officer.starts_at <= %(now)s
            ORDER BY officer.list, officer.id DESC
        ) AS named
        WHERE named.ends_at IS NULL OR named.ends_at > %(now)s
    ) AS officer_of,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object('rules', release.rules, 'holds', release.holds)), '[]')
        FROM compliance_release AS release
        WHERE release.party_id = asked.party_id AND release.person_id = asked.person_id AND release.ends_at > %(now)s
          AND release.channel = asked.channel AND release.purpose = asked.purpose AND release.recorded_at <= %(now)s
          AND release.case_id IS NOT DISTINCT FROM asked.case_id
    ) AS released,
    ARRAY(
        SELECT last.kind
        FROM (
            SELECT DISTINCT ON (so.kind, so.person_id, so.agency_id) so.kind, so.ends_at
            FROM compliance_circumstance AS so
            WHERE so.party_id = asked.party_id AND so.starts_at <= %(now)s
              AND (so.person_id IS NULL OR so.person_id = asked.person_id)
              AND (so.agency_id IS NULL OR so.agency_id = %(entity)s)
            ORDER BY so.kind, so.person_id, so.agency_id, so.id DESC
        ) AS last
        WHERE last.ends_at IS NULL OR last.ends_at > %(now)s
    ) AS circumstances,
    (
        SELECT CASE WHEN listing.starts_on <= %(today)s AND (listing.ends_on IS NULL OR listing.ends_on >= %(today)s)
            THEN 'yes' ELSE 'no' END
        FROM compliance_agencylisting AS listing WHERE listing.entity_id = %(entity)s ORDER BY listing.id DESC LIMIT 1
    ) AS listed,
    (SELECT role FROM identity_user WHERE id = %(user)s) AS team,
    owed.accounts AS accounts_in_work,
    owed.late AS accounts_late,
    owed.balance::text AS balance,
    EXISTS (
        SELECT 1
        FROM payments_payment AS payment JOIN portfolio_account AS account ON account.id = payment.account_id
        WHERE account.party_id = asked.party_id AND payment.provisional
          AND NOT EXISTS (SELECT 1 FROM payments_paymentanswer AS answer WHERE answer.payment_id = payment.id)
    ) AS announced,
    ARRAY(
        SELECT left(encode(number.digest, 'hex'), 24) || '/' || number.status FROM portfolio_contactpoint AS number
        WHERE number.party_id = asked.party_id AND number.kind IN ('mobile', 'landline')
    ) AS numbers
FROM asked
JOIN portfolio_party AS party ON party.id = asked.party_id
JOIN portfolio_party AS person ON person.id = asked.person_id
LEFT JOIN portfolio_contactpoint AS point ON point.id = asked.point_id
-- what the published state does not know yet: money booked since the party was touched
CROSS JOIN LATERAL (
    SELECT count(*) AS accounts, count(*) FILTER (WHERE state.past_due > coalesce(fresh.paid, 0)) AS late,
        -- what a contact about the rest of a held amount is about; None where it would add currencies
        CASE WHEN count(DISTINCT account.currency) FILTER (WHERE asked.account_id IS NULL OR account.id = asked.account_id) = 1
            THEN sum(state.balance) FILTER (WHERE asked.account_id IS NULL OR account.id = asked.account_id) END AS balance
    FROM portfolio_account AS account
    JOIN arrears_accountstate AS state ON state.account_id = account.id
    LEFT JOIN portfolio_touch AS touch ON touch.party_id = account.party_id
    LEFT JOIN LATERAL (
        SELECT sum(payment.amount) AS paid FROM payments_payment AS payment
        WHERE payment.account_id = account.id AND payment.counts_to_minimum AND NOT payment.provisional
          AND payment.recorded_at >= touch.since
          AND NOT EXISTS (SELECT 1 FROM payments_reversal AS reversal WHERE reversal.payment_id = payment.id)
    ) AS fresh ON true
    WHERE account.party_id = asked.party_id
) AS owed
ORDER BY asked.n
