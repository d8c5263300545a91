-- Everything short that stands beside a case, in one row: holds, lists and wishes of the person, promises with their
-- parts, planned actions, what comes back when, pinned notes and the asker's draft (still sealed), his call without an outcome.
SELECT
    (SELECT coalesce(json_agg(json_build_object(
        'id', h.id, 'kind', h.kind, 'reason', h.reason, 'account', a.account_no, 'amount', h.amount::text,
        'starts_at', h.starts_at, 'ends_at', h.ends_at) ORDER BY h.id), '[]')
     FROM compliance_hold AS h
     LEFT JOIN compliance_holdlift AS l ON l.hold_id = h.id
     LEFT JOIN portfolio_account AS a ON a.id = h.account_id
     WHERE h.party_id = c.party_id AND l.hold_id IS NULL AND h.starts_at <= %(now)s
       AND (h.ends_at IS NULL OR h.ends_at > %(now)s)) AS holds,
    (SELECT coalesce(json_agg(json_build_object('list', e.list, 'reason', e.reason) ORDER BY e.id), '[]')
     FROM compliance_listentry AS e
     LEFT JOIN compliance_listremoval AS g ON g.entry_id = e.id
     WHERE g.entry_id IS NULL AND e.party_id = c.party_id AND e.starts_at <= %(now)s AND (e.ends_at IS NULL OR e.ends_at > %(now)s)) AS lists,
    (SELECT coalesce(json_agg(json_build_object(
        'id', w.id, 'kind', w.kind, 'channel', w.channel, 'window_from', w.window_from, 'window_to', w.window_to,
        'evidence', w.evidence) ORDER BY w.id), '[]')
     FROM compliance_consent AS w
     WHERE w.party_id = c.party_id AND w.starts_at <= %(now)s AND (w.ends_at IS NULL OR w.ends_at > %(now)s)) AS wishes,
    (SELECT coalesce(json_agg(p.told ORDER BY p.id DESC), '[]')
     FROM (
        SELECT p.id, json_build_object(
            'id', p.id, 'made_on', p.made_on, 'recorded_by', p.recorded_by, 'currency', p.currency, 'withdrawn', w.promise_id IS NOT NULL,
            'parts', (SELECT json_agg(json_build_object(
                'due_date', t.due_date, 'amount', t.amount::text, 'received', t.received::text, 'state', t.state,
                'payer', y.name_masked, 'payer_id', t.payer_id)
                ORDER BY t.position) FROM arrangements_promisepart AS t
                LEFT JOIN portfolio_party AS y ON y.id = t.payer_id WHERE t.promise_id = p.id)) AS told
        FROM arrangements_promise AS p
        LEFT JOIN arrangements_promisewithdrawal AS w ON w.promise_id = p.id
        WHERE p.party_id = c.party_id ORDER BY p.id DESC LIMIT 5
     ) AS p) AS promises,
    (SELECT coalesce(json_agg(a.told ORDER BY a.due_on, a.id), '[]')
     FROM (
        SELECT a.id, a.due_on, json_build_object(
            'id', a.id, 'step', a.step, 'channel', a.channel, 'purpose', a.purpose, 'template', a.template,
            'due_on', a.due_on, 'segment', a.segment, 'rule', a.rule, 'gate', a.gate_preview) AS told
        FROM casework_plannedaction AS a
        WHERE a.case_id = c.id AND a.state = 'planned' ORDER BY a.due_on, a.id LIMIT 20
     ) AS a) AS planned,
    (SELECT coalesce(json_agg(json_build_object(
        'id', r.id, 'kind', r.kind, 'due_at', r.due_at, 'reason', r.reason) ORDER BY r.due_at), '[]')
     FROM casework_reminder AS r WHERE r.case_id = c.id AND r.done_at IS NULL) AS reminders,
    (SELECT coalesce(json_agg(n.told ORDER BY n.id DESC), '[]')
     FROM (
        SELECT n.id, json_build_object(
            'sealed', encode(n.text_sealed, 'hex'), 'at', n.recorded_at, 'by', n.recorded_by) AS told
        FROM casework_note AS n JOIN casework_case AS o ON o.id = n.case_id
        WHERE o.party_id = c.party_id AND n.pinned ORDER BY n.id DESC LIMIT 3
     ) AS n) AS pinned,
    (SELECT coalesce(json_agg(json_build_object('kind', f.kind, 'code', f.code, 'at', f.recorded_at)), '[]')
     FROM (
        SELECT DISTINCT ON (f.kind) f.kind, f.code, f.recorded_at
        FROM casework_finding AS f WHERE f.party_id = c.party_id ORDER BY f.kind, f.id DESC
     ) AS f) AS findings,
    (SELECT coalesce(json_agg(json_build_object('kind', v.kind, 'ends_on', v.ends_on) ORDER BY v.id), '[]')
     FROM casework_vulnerabilitymark AS v LEFT JOIN casework_vulnerabilityend AS n ON n.mark_id = v.id
     WHERE v.party_id = c.party_id AND n.mark_id IS NULL
       AND v.ends_on >= (%(now)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date) AS care,
    (SELECT json_build_object(
        'id', k.id, 'point', k.contact_point_id, 'masked', p.masked, 'direction', k.direction, 'party_type', k.party_type,
        'purpose', k.purpose, 'reserved_at', k.reserved_at, 'expires_at', k.expires_at)
     FROM compliance_contact AS k LEFT JOIN portfolio_contactpoint AS p ON p.id = k.contact_point_id
     WHERE k.party_id = c.party_id AND k.by_id = %(user)s AND k.channel = 'call'
       AND NOT EXISTS (SELECT FROM compliance_contactoutcome AS o WHERE o.contact_id = k.id)
     ORDER BY k.id DESC LIMIT 1) AS open_contact,
    (SELECT json_build_object('sealed', encode(d.data_sealed, 'hex'), 'at', d.saved_at)
     FROM casework_draft AS d WHERE d.case_id = c.id AND d.user_id = %(user)s) AS draft
FROM casework_case AS c
WHERE c.id = %(case)s
