-- What is held about a person, by category: how many records, and the day of the last.
SELECT 'contacts' AS category, count(*) AS records, max(local_date) AS last FROM compliance_contact
WHERE party_id = %(party)s OR person_id = %(party)s
UNION ALL SELECT 'messages', count(*), max((recorded_at AT TIME ZONE 'Asia/Shanghai')::date) FROM channels_message
WHERE party_id = %(party)s
UNION ALL SELECT 'recordings', count(*), max((r.started_at AT TIME ZONE 'Asia/Shanghai')::date)
FROM channels_recordingmatch AS m JOIN channels_recording AS r ON r.id = m.recording_id
JOIN compliance_contact AS c ON c.id = m.contact_id WHERE c.party_id = %(party)s OR c.person_id = %(party)s
UNION ALL SELECT 'accounts', count(*), max(open_date) FROM portfolio_account WHERE party_id = %(party)s
UNION ALL SELECT 'payments', count(*), max(p.posting_date) FROM payments_payment AS p
JOIN portfolio_account AS a ON a.id = p.account_id WHERE a.party_id = %(party)s
UNION ALL SELECT 'promises', count(*), max(made_on) FROM arrangements_promise WHERE party_id = %(party)s
UNION ALL SELECT 'notes', count(*), max((n.recorded_at AT TIME ZONE 'Asia/Shanghai')::date) FROM casework_note AS n
JOIN casework_case AS k ON k.id = n.case_id WHERE k.party_id = %(party)s
UNION ALL SELECT 'papers', count(*), max(in_force_from) FROM legal_paper WHERE party_id = %(party)s
UNION ALL SELECT 'points', count(*), max(known_since) FROM portfolio_contactpoint WHERE party_id = %(party)s
UNION ALL SELECT 'identity', count(*), NULL FROM portfolio_partyidentity WHERE party_id = %(party)s
