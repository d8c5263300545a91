-- Synthetic people: a name from two lists, an identity number of a region that does not exist (9901..) with a right
-- check digit, a mobile number of a prefix that was never allocated (1540), mail at example.com.
CREATE OR REPLACE MACRO picked(list, id, salt) AS list[1 + CAST(floor(chance(id, salt) * len(list)) AS INTEGER)];
CREATE OR REPLACE MACRO check_digit(s) AS substr('10X98765432', 1 + CAST(list_sum(list_transform(range(1, 18),
    lambda i: CAST(substr(s, i, 1) AS INTEGER) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i])) % 11 AS INTEGER), 1);
CREATE OR REPLACE MACRO luhn(s) AS (10 - list_sum(list_transform(range(1, 16), lambda i:
    CASE WHEN i % 2 = 0 THEN CAST(substr(s, i, 1) AS INTEGER)
         ELSE CAST(substr('0246813579', 1 + CAST(substr(s, i, 1) AS INTEGER), 1) AS INTEGER) END)) % 10) % 10;
CREATE OR REPLACE MACRO card_number(id, nr) AS concat(format('9999{:09d}{:02d}', id, nr), luhn(format('9999{:09d}{:02d}', id, nr)));

CREATE OR REPLACE TABLE person AS
SELECT party_no, role, account_no, relation,
       concat(picked(getvariable('surnames'), party_no, 'surname'), picked(getvariable('given'), party_no, 'given'),
              CASE WHEN chance(party_no, 'two') < 0.75 THEN picked(getvariable('given'), party_no, 'second') ELSE '' END) AS name,
       picked(getvariable('provinces'), party_no, 'province') AS province, born, sex
FROM (
    SELECT party_no, 'primary' AS role, account_no, '' AS relation, sex,
           CAST(month_end(1) - to_years(age) - to_days(CAST(floor(chance(party_no, 'born') * 364) AS INTEGER)) AS DATE) AS born
    FROM (SELECT *, row_number() OVER (PARTITION BY party_no ORDER BY id) AS nr FROM account) WHERE nr = 1
    UNION ALL
    SELECT format('{}{:08d}', prefix, id), role, account_no, relation, 1 + CAST(chance(id, concat(role, 'sex')) < 0.5 AS INTEGER),
           CAST(month_end(1) - to_years(22 + CAST(floor(chance(id, concat(role, 'age')) * 40) AS INTEGER)) AS DATE)
    FROM (
        SELECT id, account_no, 'S' AS prefix, 'supplementary' AS role, 'spouse' AS relation FROM account WHERE chance(id, 'supplementary') < 0.03
        UNION ALL
        SELECT id, account_no, 'G', 'guarantor', 'parent' FROM account WHERE chance(id, 'guarantor') < 0.02
        UNION ALL
        SELECT id, account_no, 'K', 'declared_contact', picked(['mother', 'father', 'spouse', 'colleague', 'friend'], id, 'relation')
        FROM account WHERE chance(id, 'contact') < 0.10
    )
);

CREATE OR REPLACE TABLE party_row AS
SELECT p.party_no, coalesce(a.account_no, p.account_no) AS account_no, p.role, 'person' AS kind, p.name,
       CASE WHEN p.role = 'declared_contact' THEN '' ELSE 'resident_id' END AS id_kind,
       CASE WHEN p.role = 'declared_contact' THEN '' ELSE concat(body, check_digit(body)) END AS id_no,
       p.province[1] AS province, 'zh-hans' AS language, p.relation
FROM (
    SELECT *, format('9901{:02d}{}{:02d}{}', 1 + CAST(floor(chance(party_no, 'county') * 20) AS INTEGER), strftime(born, '%Y%m%d'),
                     CAST(floor(chance(party_no, 'seq') * 100) AS INTEGER),
                     2 * CAST(floor(chance(party_no, 'last') * 5) AS INTEGER) + CASE WHEN sex = 1 THEN 1 ELSE 0 END) AS body
    FROM person
) AS p
LEFT JOIN account AS a ON p.role = 'primary' AND a.party_no = p.party_no
ORDER BY p.party_no, account_no;

CREATE OR REPLACE MACRO mobile(party_no, salt) AS format('1540{:07d}', CAST(floor(chance(party_no, salt) * 10000000) AS INTEGER));

CREATE OR REPLACE TABLE contact_row AS
SELECT party_no, 'mobile' AS kind, mobile(party_no, 'mobile') AS value, 'own' AS label,
       CASE WHEN role = 'declared_contact' THEN 'declared_contact' ELSE 'contract' END AS source
FROM person
UNION ALL
SELECT party_no, 'mobile', mobile(party_no, 'second'), 'own', 'left_by_debtor'
FROM person WHERE role = 'primary' AND chance(party_no, 'has_second') < 0.15
UNION ALL
SELECT party_no, 'email', concat(lower(party_no), '@example.com'), 'own', 'contract'
FROM person WHERE role <> 'declared_contact' AND chance(party_no, 'has_mail') < 0.6
UNION ALL
SELECT party_no, 'address', format('{}示例市模拟路{}号{}室', province[2], 1 + CAST(floor(chance(party_no, 'street') * 300) AS INTEGER),
                                   101 + CAST(floor(chance(party_no, 'room') * 2000) AS INTEGER)), 'home', 'contract'
FROM person WHERE role <> 'declared_contact'
ORDER BY party_no, kind, value;

CREATE OR REPLACE TABLE card_row AS
SELECT account_no, card_number(id, 1) AS card_no, 'primary' AS kind, party_no AS holder_party_no,
       CASE WHEN chance(id, 'replaced') < 0.05 THEN 'replaced' ELSE 'active' END AS status, '' AS replaces_card_no
FROM account
UNION ALL
SELECT account_no, card_number(id, 2), 'primary', party_no, 'active', card_number(id, 1)
FROM account WHERE chance(id, 'replaced') < 0.05
UNION ALL
SELECT account_no, card_number(id, 3), 'supplementary', format('S{:08d}', id), 'active', ''
FROM account WHERE chance(id, 'supplementary') < 0.03
ORDER BY account_no, card_no;
