SELECT casework_sort(e.kind, e.data) AS sort, count(*) AS entries
FROM evidence_log AS e WHERE e.party_id = %(party)s GROUP BY 1
