-- What touched a fresh party was in the freeze. One touched since is reassessed, whoever has reassessed it meanwhile: its
-- position is another one now.
WITH done AS (
    DELETE FROM portfolio_touch AS t USING pub WHERE pub.fresh AND t.party_id = pub.party_id
)
INSERT INTO portfolio_touch (party_id, since)
SELECT party_id, %(now)s FROM pub WHERE NOT fresh
ON CONFLICT (party_id) DO NOTHING
