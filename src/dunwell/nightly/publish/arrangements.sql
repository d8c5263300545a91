WITH judged AS (
    UPDATE arrangements_arrangement AS r
    SET standing = s.standing, standing_on = s.standing_on
    FROM stage_arrangement AS s
    JOIN pub ON pub.party_no = s.party_no AND pub.fresh
    WHERE s.partition = %(partition)s AND r.id = s.arrangement_id
    RETURNING r.id, pub.party_id, pub.case_id, r.account_id, r.product, r.standing, s.overdue, s.next_due, s.currency, r.combined_id
)
INSERT INTO pub_said (place, kind, party_id, case_id, account_id, data)
SELECT 6, 'arrangement.judged', party_id, case_id, account_id,
       '{"arrangement":' || id || ',"currency":' || to_json(currency) || ',"next_due":'
       || coalesce('"' || to_char(next_due, 'YYYY-MM-DD') || '"', 'null') || ',"overdue":"' || overdue || '","product":'
       || to_json(product) || ',"standing":' || to_json(standing) || '}'
FROM judged
WHERE combined_id IS NULL  -- the parts of a combined plan are judged as one, and said once
      OR id = (SELECT min(p.id) FROM arrangements_arrangement AS p WHERE p.combined_id = judged.combined_id)
