-- What an older run planned, was not sent and is not planned any more.
WITH cancelled AS (
    UPDATE casework_plannedaction AS x
    SET state = 'cancelled', state_reason = CASE WHEN c.fate = 'open' THEN 'not_planned_any_more' ELSE c.close_reason END
    FROM pub
    JOIN stage_case AS c ON c.party_no = pub.party_no AND c.partition = %(partition)s
    WHERE pub.fresh AND (pub.actions OR c.fate <> 'open') AND x.party_id = pub.party_id AND x.state = 'planned'
      AND NOT EXISTS (
          SELECT 1 FROM stage_action AS s
          WHERE s.partition = %(partition)s AND s.party_no = pub.party_no AND s.step = x.step AND s.cycle = x.cycle
      )
    RETURNING x.party_id, x.case_id, x.step, x.state_reason
)
INSERT INTO pub_said (place, kind, party_id, case_id, data)
SELECT 4, 'action.cancelled', party_id, case_id,
       '{"reason":' || to_json(min(state_reason)) || ',"steps":['
       || string_agg(to_json(step)::text, ',' ORDER BY step COLLATE "C")
       || ']}'
FROM cancelled
GROUP BY party_id, case_id
