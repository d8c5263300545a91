-- The queue and the day of an entity: the pool by its index, counted to 100,000 at most, and what is owned.
SELECT
    (SELECT count(*) FROM (
        SELECT 1 FROM casework_case AS c WHERE c.entity_id = %(entity)s AND c.queue = 'call' AND c.closed_on IS NULL
          AND c.owner_id IS NULL AND c.held_by_id IS NULL AND casework_slot(c.ready_at) <= %(now)s
          AND (c.ready_at IS NULL OR c.ready_at <= %(now)s) LIMIT 100000
     ) AS n) + (SELECT count(*) FROM casework_case AS c
        WHERE c.owner_id IN (SELECT u.id FROM identity_user AS u WHERE u.entity_id = %(entity)s) AND c.queue = 'call'
          AND c.closed_on IS NULL AND (c.held_by_id IS NULL OR c.held_until <= %(now)s)
          AND (c.ready_at IS NULL OR c.ready_at <= %(now)s)) AS waiting,
    (SELECT count(*) FROM casework_case AS c WHERE c.held_by_id IS NOT NULL AND c.held_until > %(now)s AND c.entity_id = %(entity)s) AS in_work,
    (SELECT count(*) FROM (
        SELECT 1 FROM casework_case AS c WHERE c.entity_id = %(entity)s AND c.queue = 'call' AND c.closed_on IS NULL
          AND c.owner_id IS NULL AND c.held_by_id IS NULL AND casework_slot(c.ready_at) >= casework_slot(%(now)s)
          AND c.ready_at > %(now)s LIMIT 100000
     ) AS n) AS put_off,
    (SELECT count(*) FROM casework_reminder AS r JOIN casework_case AS c ON c.id = r.case_id
     WHERE r.kind = 'call_back' AND r.done_at IS NULL AND r.due_at <= %(now)s AND c.closed_on IS NULL
       AND c.entity_id = %(entity)s) AS call_backs,
    k.dials, k.answered, k.reached,
    (SELECT count(*) FROM evidence_log AS l WHERE l.business_date = %(day)s AND l.kind = 'promise.made' AND l.entity_id = %(entity)s) AS promises,
    (SELECT count(*) FROM evidence_log AS l WHERE l.business_date = %(day)s AND l.kind = 'payment.received' AND l.entity_id = %(entity)s) AS paid
FROM (
    SELECT count(*) AS dials,
           count(*) FILTER (WHERE o.outcome IN ('connected_rpc', 'connected_wpc', 'hung_up', 'refused_to_identify')) AS answered,
           count(*) FILTER (WHERE o.outcome = 'connected_rpc') AS reached
    FROM compliance_contact AS k
    LEFT JOIN LATERAL (
        SELECT x.outcome FROM compliance_contactoutcome AS x WHERE x.contact_id = k.id ORDER BY x.id DESC LIMIT 1
    ) AS o ON TRUE
    WHERE k.entity_id = %(entity)s AND k.channel = 'call' AND k.direction = 'out'
      AND k.reserved_at >= %(day)s::date::timestamp AT TIME ZONE 'Asia/Shanghai'
) AS k
