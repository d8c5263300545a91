-- Each step of tracing over some days: tried, found, and found where he answered afterwards.
SELECT t.step, count(*)::int AS tried, count(*) FILTER (WHERE t.result = 'found')::int AS found,
       count(*) FILTER (WHERE t.result = 'found' AND EXISTS (
           SELECT 1 FROM compliance_contact AS k JOIN compliance_contactoutcome AS o ON o.contact_id = k.id
           WHERE k.contact_point_id = t.contact_point_id AND k.party_id = c.party_id AND k.reserved_at >= t.recorded_at
             AND o.outcome = 'connected_rpc'))::int AS reached
FROM casework_trace AS t JOIN casework_case AS c ON c.id = t.case_id
WHERE c.entity_id = %(entity)s AND (t.recorded_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN %(first)s AND %(last)s
GROUP BY t.step ORDER BY found DESC, t.step
