-- Records of people seen in clear, by person of staff and day: the same number or name seen twice is one record.
SELECT l.business_date, l.actor_id, max(l.actor) AS actor, max(l.entity_id) AS entity_id,
       count(DISTINCT (l.party_id, l.kind, coalesce(l.data ->> 'contact_point', l.data ->> 'what', l.id::text))) AS records
FROM evidence_log AS l
WHERE l.business_date BETWEEN %(first)s AND %(last)s AND l.kind = ANY(%(kinds)s) AND l.actor_id IS NOT NULL
  AND (%(entity)s::bigint IS NULL OR l.entity_id = %(entity)s)
GROUP BY l.business_date, l.actor_id
ORDER BY l.business_date DESC, records DESC, l.actor_id
