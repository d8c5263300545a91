-- One action a party, treatment step and cycle, for ever: what was done stays done, what was cancelled may come back.
WITH planned AS (
    INSERT INTO casework_plannedaction AS x (
        entity_id, party_id, case_id, step, cycle, channel, purpose, template, due_on, segment, rule, strategy_sha256, run_id,
        state, state_reason, gate_preview
    )
    SELECT %(entity)s, pub.party_id, pub.case_id, s.step, s.cycle, s.channel, s.purpose, s.template, s.due_on, s.segment,
           s.rule, %(strategy)s, %(run)s, 'planned', '', '{}'
    FROM stage_action AS s
    JOIN pub ON pub.party_no = s.party_no AND pub.fresh AND (pub.has_case OR pub.opened)
    WHERE s.partition = %(partition)s
    ON CONFLICT (party_id, step, cycle) DO UPDATE
    SET case_id = excluded.case_id, channel = excluded.channel, purpose = excluded.purpose, template = excluded.template,
        due_on = excluded.due_on, segment = excluded.segment, rule = excluded.rule,
        strategy_sha256 = excluded.strategy_sha256, run_id = excluded.run_id, state = 'planned', state_reason = ''
    WHERE x.state <> 'done' AND (x.state = 'cancelled' OR (x.case_id, x.due_on, x.segment, x.rule, x.channel, x.template)
        IS DISTINCT FROM (excluded.case_id, excluded.due_on, excluded.segment, excluded.rule, excluded.channel,
            excluded.template))
    RETURNING x.party_id, x.case_id, x.step, (xmax = 0) AS anew
)
INSERT INTO pub_step (party_id, case_id, step) SELECT party_id, case_id, step FROM planned WHERE anew
