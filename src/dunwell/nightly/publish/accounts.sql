-- Accounts that are new or told otherwise.
INSERT INTO portfolio_account (entity_id, account_no, currency, product, branch, cycle_day, open_date, party_id)
SELECT %(entity)s, s.account_no, s.currency, s.product, s.branch, s.cycle_day, s.open_date, pub.party_id
FROM stage_state AS s
JOIN pub ON pub.party_no = s.party_no
LEFT JOIN portfolio_account AS a ON a.entity_id = %(entity)s AND a.account_no = s.account_no
WHERE s.partition = %(partition)s
  AND (a.id IS NULL OR (a.product, a.branch, a.cycle_day, a.open_date, a.party_id)
      IS DISTINCT FROM (s.product, s.branch, s.cycle_day, s.open_date, pub.party_id))
ON CONFLICT (entity_id, account_no) DO UPDATE
SET product = excluded.product, branch = excluded.branch, cycle_day = excluded.cycle_day, open_date = excluded.open_date,
    party_id = excluded.party_id
