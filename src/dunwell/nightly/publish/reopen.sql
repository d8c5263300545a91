-- What closed a case was taken back: the same case again, where it is the same episode.
WITH reopened AS (
    UPDATE casework_case AS c
    SET closed_on = NULL, close_reason = ''
    FROM stage_case AS s
    JOIN pub ON pub.party_no = s.party_no AND pub.fresh
    WHERE s.partition = %(partition)s AND s.fate = 'open' AND c.party_id = pub.party_id AND c.closed_on > %(as_of)s::date - 30
      AND NOT EXISTS (SELECT 1 FROM casework_case AS x WHERE x.party_id = c.party_id AND x.id > c.id)
      AND (c.oldest_due_date = s.oldest_due_date OR c.entered_on = s.entered_on)
    RETURNING c.id, c.party_id, c.case_no, s.past_due, s.currency, s.bucket, s.days_delinquent
)
INSERT INTO pub_said (place, kind, party_id, case_id, data)
SELECT 0, 'case.opened', party_id, id,
       '{"bucket":' || to_json(bucket) || ',"case_no":' || to_json(case_no) || ',"currency":' || to_json(currency)
       || ',"days":' || days_delinquent || ',"past_due":"' || past_due || '","reopened":true}'
FROM reopened
