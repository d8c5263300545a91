-- What changed since the last file: a few people have a new mobile number, a few cards are replaced.
CREATE OR REPLACE TABLE changed_contact AS
SELECT party_no, 'mobile' AS kind, mobile(party_no, concat('new', getvariable('as_of'))) AS value, 'own' AS label, 'left_by_debtor' AS source
FROM person WHERE role = 'primary' AND chance(party_no, concat('moved', getvariable('as_of'))) < 0.002
ORDER BY party_no;

CREATE OR REPLACE TABLE changed_card AS
SELECT account_no, card_no, kind, party_no AS holder_party_no, status, replaces_card_no
FROM (
    SELECT account_no, card_number(id, 1) AS card_no, 'primary' AS kind, party_no, 'replaced' AS status, '' AS replaces_card_no, id FROM account
    UNION ALL
    SELECT account_no, card_number(id, 10 + :nr), 'primary', party_no, 'active', card_number(id, 1), id FROM account
)
WHERE chance(id, concat('lost', getvariable('as_of'))) < 0.001 AND chance(id, 'replaced') >= 0.05
ORDER BY account_no, card_no;

CREATE OR REPLACE TABLE changed_party AS
SELECT p.* FROM party_row AS p
WHERE p.party_no IN (SELECT party_no FROM changed_contact)
ORDER BY p.party_no, p.account_no;
