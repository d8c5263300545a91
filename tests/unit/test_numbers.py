"""Numbers of people, companies, cards and telephones, against the packaged tables."""

from datetime import date

import pytest

from dunwell.kernel.numbers import check
from dunwell.portfolio import reference

TABLES = reference.tables()
AS_OF = date(2026, 11, 20)


def verdict(kind: str, value: str) -> tuple[bool, str, str]:
    found = check(kind, value, TABLES, AS_OF)
    return found.valid, found.normalised, found.code or found.warning


@pytest.mark.parametrize(
    "value, expected",
    [
        ("11010519491231002X", (True, "11010519491231002X", "")),  # the example of GB 11643-1999
        ("11010519491231002x", (True, "11010519491231002X", "")),
        (" 110105 19491231 002X ", (True, "11010519491231002X", "")),
        ("１１０１０５１９４９１２３１００２Ｘ", (True, "11010519491231002X", "")),  # noqa: RUF001
        ("440524188001010014", (True, "440524188001010014", "")),  # the other example of GB 11643-1999
        ("990101199001013172", (True, "990101199001013172", "region_unknown")),
        ("110105194912310021", (False, "110105194912310021", "id_check_digit")),
        ("110105194902300029", (False, "110105194902300029", "id_birth_date")),
        ("110105190002290028", (False, "110105190002290028", "id_birth_date")),  # 1900 had no leap day
        ("110105202612310021", (False, "110105202612310021", "id_birth_date")),  # not born yet
        ("130503670401001", (False, "130503670401001", "id_fifteen_digits")),
        ("1101051949123100", (False, "1101051949123100", "id_length")),
        ("", (False, "", "id_length")),
        ("1101051949123A0021", (False, "1101051949123A0021", "id_characters")),
        ("11010519491231X02X", (False, "11010519491231X02X", "id_characters")),
        ("११०१०५१९४९१२३१००२X", (False, "११०१०५१९४९१२३१००२X", "id_characters")),
    ],
)
def test_resident_identity_number(value, expected):
    assert verdict("resident_id", value) == expected


def test_the_birth_date_and_the_region_of_the_birth_year_are_read():
    found = check("resident_id", "11010519491231002X", TABLES)
    assert (found.birth_date, found.province, found.county) == (date(1949, 12, 31), "北京市", "朝阳区")


@pytest.mark.parametrize("year, county", [(1980, "南山区"), (1990, "南山矿区"), (2000, "南泉区"), (2010, "达坂城区")])
def test_a_code_has_the_name_it_had_in_the_birth_year(year, county):
    from stdnum.cn import ric

    body = f"650107{year}0101001"
    assert check("resident_id", body + ric.calc_check_digit(body + "0"), TABLES).county == county


@pytest.mark.parametrize(
    "value, expected",
    [
        ("91110000600037341L", (True, "91110000600037341L", "")),
        ("91110000600037341l", (True, "91110000600037341L", "")),
        ("9111 0000 6000 37341L", (True, "91110000600037341L", "")),
        ("911100006000373410", (False, "911100006000373410", "uscc_check_character")),
        ("91110000600037341", (False, "91110000600037341", "uscc_length")),
        ("9111000060003734IL", (False, "9111000060003734IL", "uscc_characters")),  # I is not a letter of it
        ("91I10000600037341L", (False, "91I10000600037341L", "uscc_characters")),
    ],
)
def test_unified_social_credit_code(value, expected):
    assert verdict("uscc", value) == expected


@pytest.mark.parametrize("authority", ["N2", "A1", "Y1", "93"])
def test_a_code_of_an_authority_with_a_letter_is_one(authority):
    body = f"{authority}110000600037341"
    answers = [check("uscc", body + last, TABLES).valid for last in "0123456789ABCDEFGHJKLMNPQRTUWXY"]
    assert answers.count(True) == 1


@pytest.mark.parametrize(
    "value, expected",
    [
        ("13912345678", (True, "13912345678", "")),
        ("+8613912345678", (True, "13912345678", "")),
        ("0086 139 1234 5678", (True, "13912345678", "")),
        ("86-13912345678", (True, "13912345678", "")),
        ("１３９１２３４５６７８", (True, "13912345678", "")),  # noqa: RUF001
        ("139-1234-5678", (True, "13912345678", "")),
        ("13912345678\u3000", (True, "13912345678", "")),
        ("1391234567", (False, "1391234567", "mobile_length")),
        ("139123456789", (False, "139123456789", "mobile_length")),
        ("12912345678", (False, "12912345678", "mobile_prefix")),
        ("03912345678", (False, "03912345678", "mobile_prefix")),
        ("1391234567O", (False, "1391234567O", "mobile_characters")),
        ("", (False, "", "mobile_characters")),
    ],
)
def test_mobile_number(value, expected):
    assert verdict("mobile", value) == expected


def test_a_known_prefix_has_a_place_and_an_unknown_one_a_warning():
    known = check("mobile", "13000005678", TABLES)
    assert (known.province, known.county, known.place.timezone) == ("山东", "济南", "Asia/Shanghai")
    unknown = next(f"{p}5678" for p in range(1540000, 1550000) if TABLES.segment(str(p)) is None)
    assert verdict("mobile", unknown) == (True, unknown, "prefix_unknown")


@pytest.mark.parametrize(
    "value, expected",
    [
        ("0531-82345678", (True, "0531-82345678", "")),
        ("(0531) 8234 5678", (True, "0531-82345678", "")),
        ("01062345678", (True, "010-62345678", "")),
        ("+86 21 6234 5678", (True, "021-62345678", "")),
        ("0479-8223456", (True, "0479-8223456", "")),
        ("010-62345678-801", (True, "010-62345678-801", "")),
        ("010-62345678转801", (True, "010-62345678-801", "")),
        ("4008001234", (True, "4008001234", "")),
        ("010-02345678", (False, "010-02345678", "landline_shape")),
        ("0999-82345678", (True, "0999-82345678", "")),
        ("0399-2345678", (True, "0399-2345678", "area_unknown")),
        ("82345678", (False, "82345678", "landline_area_missing")),
        ("0531-823", (False, "0531-823", "landline_shape")),
    ],
)
def test_landline(value, expected):
    assert verdict("landline", value) == expected


@pytest.mark.parametrize(
    "value, expected",
    [
        ("4111111111111111", (True, "4111111111111111", "")),
        ("6225 8800 0000 0001", (True, "6225880000000001", "")),
        ("4111111111111112", (False, "4111111111111112", "card_check_digit")),
        ("411111111111", (False, "411111111111", "card_length")),
        ("41111111111111111111", (False, "41111111111111111111", "card_length")),
        ("0000000000000000", (False, "0000000000000000", "card_check_digit")),
        ("4111111111111l11", (False, "4111111111111l11", "card_characters")),
    ],
)
def test_card_number(value, expected):
    assert verdict("card", value) == expected


@pytest.mark.parametrize(
    "value, valid",
    [
        ("lin@example.com", True),
        ("lin.zhi-yuan+card@mail.example.com", True),
        ("lin@EXAMPLE.com", True),
        ("lin@example", False),
        ("lin@@example.com", False),
        ("lin@exa mple.c", False),
        (".lin@example.com", False),
        ("lin..zhi@example.com", False),
        ("@example.com", False),
        ("lin@-example.com", False),
        ("", False),
    ],
)
def test_email_address(value, valid):
    assert check("email", value).valid is valid


def test_an_unknown_kind_is_an_error_of_the_program():
    with pytest.raises(KeyError):
        check("passport", "E12345678")
