UPDATE pub SET has_case = true, case_id = c.id, case_no = c.case_no
FROM casework_case AS c
WHERE pub.fresh AND (pub.cases OR pub.actions) AND c.party_id = pub.party_id AND c.closed_on IS NULL
