-- Each collector of the entity with what he does now. A call under way is one reserved and without outcome; its end by his
-- telephone begins the wrap-up. Time on cases is from each case.taken to the next of his entries that lets it go, at most
-- the twenty minutes that a hold lasts; both are read from facts that are there anyway.
WITH people AS (
    SELECT u.id, u.name_zh, u.name_en, u.staff_no, coalesce(t.code, '') AS team
    FROM identity_user AS u LEFT JOIN identity_team AS t ON t.id = u.team_id
    WHERE u.entity_id = %(entity)s AND u.is_active AND u.role IN ('collector', 'team_leader')
),
today AS (
    SELECT l.actor_id, l.kind, l.recorded_at, l.case_id,
           lead(l.recorded_at) OVER (PARTITION BY l.actor_id ORDER BY l.id) AS next_at
    FROM evidence_log AS l
    WHERE l.business_date = %(day)s AND l.kind IN ('case.taken', 'case.released', 'contact.recorded', 'promise.made')
      AND l.actor_id IN (SELECT id FROM people)
),
worked AS (
    SELECT actor_id,
           count(*) FILTER (WHERE kind = 'case.taken') AS cases,
           coalesce(sum(extract(epoch FROM least(coalesce(next_at, %(now)s::timestamptz), recorded_at + interval '20 minutes')
               - recorded_at)) FILTER (WHERE kind = 'case.taken'), 0)::int AS on_cases,
           count(*) FILTER (WHERE kind = 'promise.made') AS promises,
           max(recorded_at) AS last_at
    FROM today GROUP BY actor_id
),
dialled AS (
    SELECT k.by_id, count(*) AS dials,
           count(*) FILTER (WHERE o.outcome = 'connected_rpc') AS reached,
           coalesce(sum(extract(epoch FROM o.recorded_at - e.at)) FILTER (WHERE e.at IS NOT NULL AND o.recorded_at > e.at), 0)::int AS wrap_up,
           count(*) FILTER (WHERE e.at IS NOT NULL AND o.recorded_at > e.at) AS wrapped
    FROM compliance_contact AS k
    LEFT JOIN LATERAL (
        SELECT x.outcome, x.recorded_at FROM compliance_contactoutcome AS x WHERE x.contact_id = k.id ORDER BY x.id DESC LIMIT 1
    ) AS o ON TRUE
    LEFT JOIN LATERAL (SELECT min(v.at) AS at FROM channels_callevent AS v WHERE v.call_id = k.id AND v.kind = 'ended') AS e ON TRUE
    WHERE k.channel = 'call' AND k.direction = 'out' AND k.by_id IN (SELECT id FROM people)
      AND k.reserved_at >= %(day)s::date::timestamp AT TIME ZONE 'Asia/Shanghai'
    GROUP BY k.by_id
),
calling AS (
    SELECT DISTINCT ON (k.by_id) k.by_id, k.case_id, k.reserved_at,
           (SELECT max(v.at) FROM channels_callevent AS v WHERE v.call_id = k.id AND v.kind IN ('ended', 'lost')) AS ended_at
    FROM compliance_contact AS k
    WHERE k.channel = 'call' AND k.by_id IN (SELECT id FROM people)
      AND k.reserved_at > %(now)s::timestamptz - interval '3 hours'
      AND NOT EXISTS (SELECT 1 FROM compliance_contactoutcome AS o WHERE o.contact_id = k.id)
    ORDER BY k.by_id, k.id DESC
),
holding AS (
    SELECT DISTINCT ON (c.held_by_id) c.held_by_id, c.id, c.case_no, c.party_id
    FROM casework_case AS c
    WHERE c.held_by_id IN (SELECT id FROM people) AND c.held_until > %(now)s
    ORDER BY c.held_by_id, c.held_until DESC
),
resting AS (
    SELECT DISTINCT ON (b.user_id) b.user_id, b.starts_at
    FROM floor_break AS b LEFT JOIN floor_breakend AS e ON e.ended_id = b.id
    WHERE b.until > %(now)s AND b.starts_at <= %(now)s AND e.ended_id IS NULL ORDER BY b.user_id, b.id DESC
),
away AS (
    SELECT DISTINCT a.user_id FROM casework_absence AS a LEFT JOIN casework_absenceend AS e ON e.absence_id = a.id
    WHERE a.starts_on <= %(day)s AND least(a.ends_on, e.ends_on) >= %(day)s
),
asking AS (
    SELECT DISTINCT ON (q.user_id) q.user_id, q.case_id, q.recorded_at
    FROM floor_helprequest AS q LEFT JOIN floor_helpanswer AS a ON a.request_id = q.id
    WHERE a.request_id IS NULL AND q.recorded_at > %(now)s::timestamptz - interval '12 hours' ORDER BY q.user_id, q.id DESC
)
SELECT p.id AS user_id, p.name_zh, p.name_en, p.staff_no, p.team,
       CASE WHEN q.user_id IS NOT NULL THEN 'help' WHEN k.by_id IS NOT NULL AND k.ended_at IS NULL THEN 'on_call'
            WHEN k.by_id IS NOT NULL THEN 'wrap_up' WHEN h.id IS NOT NULL THEN 'working'
            WHEN r.user_id IS NOT NULL THEN 'break' WHEN y.user_id IS NOT NULL THEN 'absent'
            WHEN w.last_at IS NOT NULL THEN 'idle' ELSE 'off' END AS state,
       CASE WHEN q.user_id IS NOT NULL THEN q.recorded_at WHEN k.by_id IS NOT NULL THEN coalesce(k.ended_at, k.reserved_at)
            WHEN h.id IS NOT NULL THEN (
                SELECT max(t.recorded_at) FROM today AS t WHERE t.actor_id = p.id AND t.kind = 'case.taken' AND t.case_id = h.id)
            WHEN r.user_id IS NOT NULL THEN r.starts_at ELSE w.last_at END AS since,
       coalesce(h.case_no, (SELECT c.case_no FROM casework_case AS c WHERE c.id = coalesce(q.case_id, k.case_id)), '') AS case_no,
       coalesce(d.dials, 0) AS dials, coalesce(d.reached, 0) AS reached, coalesce(w.promises, 0) AS promises,
       coalesce(w.cases, 0) AS cases, coalesce(w.on_cases, 0) AS on_cases,
       coalesce(d.wrap_up, 0) AS wrap_up, coalesce(d.wrapped, 0) AS wrapped
FROM people AS p
LEFT JOIN worked AS w ON w.actor_id = p.id
LEFT JOIN dialled AS d ON d.by_id = p.id
LEFT JOIN calling AS k ON k.by_id = p.id
LEFT JOIN holding AS h ON h.held_by_id = p.id
LEFT JOIN resting AS r ON r.user_id = p.id
LEFT JOIN away AS y ON y.user_id = p.id
LEFT JOIN asking AS q ON q.user_id = p.id
