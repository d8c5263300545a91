-- How payments were spread, where it is other than published: the old lines go.
DELETE FROM arrears_allocationline AS x
USING stage_line AS s, pub
WHERE s.partition = %(partition)s AND pub.party_no = s.party_no AND pub.fresh AND x.payment_id = s.payment_id
