"""Sealing, masks and working days: pure values in, pure values out."""

from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dunwell.evidence import rules as evidence
from dunwell.kernel import masks, sealing
from dunwell.kernel.calendar import BeyondCalendar
from dunwell.portfolio import reference

CALENDAR = reference.calendar()


@pytest.mark.parametrize("algorithm", sealing.ALGORITHMS)
@given(text=st.binary(max_size=200), place=st.binary(max_size=20), at=st.integers(min_value=0))
@settings(max_examples=30)
def test_a_sealed_value_opens_as_it_was_and_not_when_a_bit_is_another(algorithm, text, place, at):
    key = sealing.new_key()
    sealed = sealing.seal(key, text, place, algorithm)
    assert sealing.unseal(key, sealed, place) == text
    assert sealing.algorithm_of(sealed) == algorithm
    position = at % len(sealed)
    forged = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
    for value, wrong_place, wrong_key in (
        (forged, place, key),
        (sealed, place + b"x", key),
        (sealed, place, sealing.new_key()),
        (sealed[:-1], place, key),
        (b"", place, key),
    ):
        with pytest.raises(sealing.Unsealable):
            sealing.unseal(wrong_key, value, wrong_place)


def test_the_same_text_sealed_twice_differs_and_its_digest_does_not():
    key = sealing.new_key()
    assert sealing.seal(key, b"x", b"") != sealing.seal(key, b"x", b"")
    assert sealing.digest(key, "x") == sealing.digest(key, "x") != sealing.digest(sealing.new_key(), "x")


def test_a_wrapped_key_does_not_open_as_a_value():
    master, key = sealing.new_key(), sealing.new_key()
    wrapped = sealing.wrap(master, key, b"party/1")
    assert sealing.unwrap(master, wrapped, b"party/1") == key
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(master, wrapped, b"party/1")


def test_hmac_and_sm3_agree_with_their_standards():
    assert sealing.digest(b"Jefe", "what do ya want for nothing?").hex().startswith("5bdcc146bf60754e")  # RFC 4231
    assert sealing.hashed(b"abc", "sm3").hex().startswith("66c7f0f462eeedd9")  # GB/T 32905, A.1


@pytest.mark.parametrize(
    "mask, value, expected",
    [
        (masks.mask_name, "林远", "林*"),
        (masks.mask_name, "林致远", "林*远"),
        (masks.mask_name, "欧阳致远", "欧**远"),
        (masks.mask_name, "林", "*"),
        (masks.mask_name, "", ""),
        (masks.mask_mobile, "13912345678", "139****5678"),
        (masks.mask_mobile, "12345", "*****"),
        (masks.mask_landline, "0531-82345678", "0531-****5678"),
        (masks.mask_landline, "010-62345678-801", "010-****5678-*"),
        (masks.mask_id, "990101199001013172", "9901**********3172"),
        (masks.mask_id, "E1234567", "********"),
        (masks.mask_card, "6225880000000001", "************0001"),
        (masks.mask_email, "lin@example.com", "l***@example.com"),
        (masks.mask_email, "nonsense", "***"),
        (masks.mask_address, "山东省济南市历下区解放路1号", "山东省济南市****"),
        (masks.mask_address, "北京市朝阳区某街2号", "北京市****"),
        (masks.mask_address, "新疆维吾尔自治区乌鲁木齐市某路", "新疆维吾尔自治区乌鲁木齐市****"),
        (masks.mask_address, "1 Some Road", "****"),
    ],
)
def test_masks(mask, value, expected):
    assert mask(value) == expected


@pytest.mark.parametrize(
    "day, working, name",
    [
        ("2026-01-01", False, "元旦"),
        ("2026-02-17", False, "春节"),
        ("2026-02-14", True, "春节"),  # a Saturday worked instead
        ("2026-11-21", False, ""),
        ("2026-11-23", True, ""),
        ("2020-01-31", False, "春节"),  # the holiday prolonged
    ],
)
def test_working_days_as_arranged(day, working, name):
    at = date.fromisoformat(day)
    assert (CALENDAR.is_working_day(at), CALENDAR.name(at), CALENDAR.provisional(at)) == (working, name, False)


def test_the_year_2026_has_248_working_days():
    assert sum(working for day, working in CALENDAR.days.items() if day.year == 2026) == 248


def test_beyond_the_last_year_weekends_count_and_it_is_said():
    monday, saturday = date(2027, 1, 4), date(2027, 1, 2)
    assert (CALENDAR.is_working_day(monday), CALENDAR.is_working_day(saturday)) == (True, False)
    assert CALENDAR.provisional(monday)
    with pytest.raises(BeyondCalendar):
        CALENDAR.of_record(monday)


def test_counting_working_days():
    eve = date(2026, 2, 14)  # worked, before nine days of Spring Festival
    assert CALENDAR.next_working_day(date(2026, 2, 15)) == date(2026, 2, 24)
    assert CALENDAR.add_working_days(eve, 0) == eve
    assert CALENDAR.add_working_days(eve, 1) == date(2026, 2, 24)
    assert CALENDAR.working_days_between(eve, date(2026, 2, 25)) == 2


def test_the_packaged_tables_are_those_their_note_describes():
    said = dict(
        line.split("  ")[::-1]
        for line in (reference.FOLDER / "SOURCE.md").read_text().split("```")[1].strip().splitlines()
    )
    found = {file: sha256((reference.FOLDER / file).read_bytes()).hexdigest() for file in reference.FILES.values()}
    assert found == said


def test_a_root_changes_with_each_leaf_and_with_their_order():
    leaves = [evidence.leaf(number, bytes(32), "sha256") for number in range(7)]
    roots = {evidence.root(leaves[:count], "sha256") for count in range(1, 8)}
    assert len(roots) == 7
    assert evidence.root(leaves[::-1], "sha256") not in roots
