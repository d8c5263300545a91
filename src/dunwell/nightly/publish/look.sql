-- What stands there already, under the locks: which of the merge's statements have anything to do. The parties are given as
-- an array and the rows counted: with EXISTS, or a LIMIT, a planner without statistics reads on through whole indexes.
SELECT count(*) FILTER (WHERE pub.fresh), count(*) FILTER (WHERE NOT pub.fresh),
       (SELECT count(*) > 0 FROM casework_case AS c WHERE c.party_id = ANY (ARRAY(SELECT party_id FROM pub))),
       (SELECT count(*) > 0 FROM casework_plannedaction AS x
        WHERE x.party_id = ANY (ARRAY(SELECT party_id FROM pub)) AND x.state = 'planned'),
       EXISTS (SELECT 1 FROM stage_part AS r WHERE r.partition = %(partition)s),
       EXISTS (SELECT 1 FROM stage_instalment AS i WHERE i.partition = %(partition)s)
           OR EXISTS (SELECT 1 FROM stage_arrangement AS a WHERE a.partition = %(partition)s),
       EXISTS (SELECT 1 FROM stage_line AS l WHERE l.partition = %(partition)s)
FROM pub
