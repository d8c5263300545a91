-- What stands beside a case, in one row: at which hours of his day he was dialled and answered in 180 days, what he said in
-- the last talks, since when the asker has had it open, his open request for help, the last abuse, which colleagues opened
-- it in the last ten minutes, who assists today, and the bank's own scripts in force.
SELECT
    (SELECT coalesce(json_agg(json_build_object('hour', h.hour, 'dials', h.dials, 'reached', h.reached) ORDER BY h.hour), '[]')
     FROM (
        SELECT extract(hour FROM k.reserved_at AT TIME ZONE coalesce(nullif(p.timezone, ''), 'Asia/Shanghai'))::int AS hour,
               count(*) AS dials,
               count(*) FILTER (WHERE EXISTS (
                    SELECT 1 FROM compliance_contactoutcome AS o WHERE o.contact_id = k.id AND o.outcome = 'connected_rpc'
               )) AS reached
        FROM (SELECT i.* FROM compliance_contact AS i WHERE i.party_id = c.party_id ORDER BY i.id DESC LIMIT 500) AS k
        WHERE k.person_id = c.party_id AND k.channel = 'call' AND k.direction = 'out'
          AND k.reserved_at > %(now)s::timestamptz - interval '180 days'
        GROUP BY 1
     ) AS h) AS hours,
    (SELECT coalesce(json_agg(s.result ORDER BY s.id DESC), '[]')
     FROM (
        SELECT o.id, o.result
        FROM (SELECT i.* FROM compliance_contact AS i WHERE i.party_id = c.party_id ORDER BY i.id DESC LIMIT 100) AS k
        JOIN compliance_contactoutcome AS o ON o.contact_id = k.id
        WHERE k.person_id = c.party_id AND o.result <> '' ORDER BY o.id DESC LIMIT 3
     ) AS s) AS said,
    EXISTS (SELECT 1 FROM compliance_hold AS h LEFT JOIN compliance_holdlift AS f ON f.hold_id = h.id
            WHERE h.party_id = c.party_id AND h.kind = 'hardship' AND f.hold_id IS NULL AND h.starts_at <= %(now)s
              AND (h.ends_at IS NULL OR h.ends_at > %(now)s)) AS hardship,
    (SELECT l.recorded_at FROM evidence_log AS l
     WHERE l.party_id = c.party_id AND l.kind = 'case.taken' AND l.actor_id = %(asker)s AND c.held_by_id = %(asker)s
     ORDER BY l.id DESC LIMIT 1) AS taken_at,
    (SELECT q.recorded_at FROM floor_helprequest AS q LEFT JOIN floor_helpanswer AS a ON a.request_id = q.id
     WHERE q.case_id = c.id AND q.user_id = %(asker)s AND a.request_id IS NULL ORDER BY q.id DESC LIMIT 1) AS help_asked_at,
    (SELECT json_build_object('kind', b.kind, 'at', b.recorded_at) FROM floor_abuse AS b
     JOIN casework_case AS o ON o.id = b.case_id WHERE o.party_id = c.party_id ORDER BY b.id DESC LIMIT 1) AS abuse,
    (SELECT coalesce(json_agg(json_build_object('user', v.id, 'name_zh', v.name_zh, 'name_en', v.name_en, 'at', v.at) ORDER BY v.at DESC), '[]')
     FROM (
        SELECT u.id, u.name_zh, u.name_en, max(l.recorded_at) AS at
        FROM (SELECT i.* FROM evidence_log AS i WHERE i.party_id = c.party_id ORDER BY i.id DESC LIMIT 40) AS l
        JOIN identity_user AS u ON u.id = l.actor_id
        WHERE l.kind = 'party.viewed' AND l.actor_id <> %(asker)s AND l.case_id = c.id
          AND l.recorded_at > %(now)s::timestamptz - interval '10 minutes'
        GROUP BY u.id
     ) AS v) AS looking,
    (SELECT coalesce(json_agg(json_build_object('name_zh', u.name_zh, 'name_en', u.name_en) ORDER BY u.staff_no), '[]')
     FROM casework_assist AS t JOIN identity_user AS u ON u.id = t.user_id
     LEFT JOIN casework_assistend AS e ON e.assist_id = t.id
     WHERE t.case_id = c.id AND t.starts_on <= (%(now)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date
       AND coalesce(least(t.ends_on, e.ends_on), 'infinity') >= (%(now)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date) AS assists,
    (SELECT coalesce(json_agg(json_build_object('content', s.content, 'version', s.version)), '[]')
     FROM (
        SELECT DISTINCT ON (t.code) t.content, t.version
        FROM floor_article AS t JOIN floor_articleapproval AS a ON a.article_id = t.id
        WHERE t.entity_id = c.entity_id AND t.kind = 'script' AND a.from_day <= (%(now)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date
        ORDER BY t.code, t.version DESC
     ) AS s) AS scripts
FROM casework_case AS c JOIN portfolio_party AS p ON p.id = c.party_id
WHERE c.id = %(case)s
