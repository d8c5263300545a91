-- What stands there already, under the locks: which of the merge's statements have anything to do.
SELECT count(*) FILTER (WHERE pub.fresh), count(*) FILTER (WHERE NOT pub.fresh),
       coalesce(bool_or(EXISTS (SELECT 1 FROM casework_case AS c WHERE c.party_id = pub.party_id)), false),
       coalesce(bool_or(EXISTS (
           SELECT 1 FROM casework_plannedaction AS x WHERE x.party_id = pub.party_id AND x.state = 'planned'
       )), false),
       EXISTS (SELECT 1 FROM stage_part AS r WHERE r.partition = %(partition)s),
       EXISTS (SELECT 1 FROM stage_line AS l WHERE l.partition = %(partition)s)
FROM pub
