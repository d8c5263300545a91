INSERT INTO portfolio_account (entity_id, account_no, currency, product, branch, cycle_day, open_date, party_id)
SELECT %(entity)s, s.account_no, s.currency, s.product, s.branch, s.cycle_day, s.open_date, pub.party_id
FROM stage_state AS s
JOIN pub ON pub.party_no = s.party_no
WHERE s.partition = %(partition)s
ON CONFLICT (entity_id, account_no) DO UPDATE
SET product = excluded.product, branch = excluded.branch, cycle_day = excluded.cycle_day, open_date = excluded.open_date,
    party_id = excluded.party_id
WHERE (portfolio_account.product, portfolio_account.branch, portfolio_account.cycle_day, portfolio_account.open_date,
       portfolio_account.party_id)
    IS DISTINCT FROM (excluded.product, excluded.branch, excluded.cycle_day, excluded.open_date, excluded.party_id)
