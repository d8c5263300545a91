"""`dunwell check numbers` and `days` on random cases, against the standards and the published arrangements read plainly."""

from __future__ import annotations

import csv
import gzip
import random
from datetime import date, timedelta

import pytest

from dunwell.kernel.cases import Row, Unanswerable
from dunwell.portfolio import reference
from dunwell.portfolio.checks import days, numbers
from tests.sizes import size

#: GB 32100-2015, table 1: the characters of a credit code and what each stands for.
CODES = {letter: value for value, letter in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}


@pytest.fixture(scope="module")
def names() -> dict[str, list[tuple[int, int, str]]]:
    """Code → first year, last year, name."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    with gzip.open(reference.path("regions"), "rt", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            years = (int(row["start_year"] or 0), int(row["end_year"] or 9999))
            found.setdefault(row["code"], []).append((*years, row["name"]))
    return {code: sorted(rows) for code, rows in found.items()}


def named(names: dict, code: str, year: int) -> str:
    rows = names.get(code, [])
    return next((name for start, end, name in rows if start <= year <= end), rows[-1][2] if rows else "")


def resident_id(value: str) -> date | None:
    """GB 11643-1999: the birth date where it is a number; ISO 7064 MOD 11-2: the weighted sum leaves 1."""
    if len(value) != 18 or any(c not in "0123456789" for c in value[:17]) or value[17] not in "0123456789X":
        return None
    year, month, day = int(value[6:10]), int(value[10:12]), int(value[12:14])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if year < 1880 or not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        return None
    total = 0
    for place, digit in enumerate(value):
        weight = 1
        for _ in range(17 - place):
            weight = weight * 2 % 11
        total += weight * (10 if digit == "X" else int(digit))
    return date(year, month, day) if total % 11 == 1 else None


def uscc(value: str) -> bool:
    """GB 32100-2015: authority, kind, six digits of the region, nine of the organisation, check character: with the powers of
    3 as weights the sum is a multiple of 31."""
    if len(value) != 18 or any(c not in CODES for c in value) or not value[2:8].isdigit():
        return False
    return sum(CODES[c] * 3**place for place, c in enumerate(value[:17])) % 31 == (31 - CODES[value[17]]) % 31


def card(value: str) -> bool:
    """ISO/IEC 7812-1, annex B: from the right every second digit is doubled, its digits are added; a multiple of ten."""
    if not 13 <= len(value) <= 19 or any(c not in "0123456789" for c in value) or set(value) == {"0"}:
        return False
    total = 0
    for place, digit in enumerate(reversed(value)):
        twice = int(digit) * (2 if place % 2 else 1)
        total += twice // 10 + twice % 10
    return total % 10 == 0


def mobile(value: str) -> bool:
    return len(value) == 11 and all(c in "0123456789" for c in value) and value[0] == "1" and value[1] in "3456789"


def a_number(chance: random.Random, codes: list[str]) -> tuple[str, str]:
    """One that is right, or nearly: a digit changed, two exchanged, one left out or added."""

    def digits(count: int) -> str:
        return "".join(chance.choice("0123456789") for _ in range(count))

    kind = chance.choice(numbers.KINDS)
    region = chance.choice(codes) if chance.random() < 0.8 else digits(6)
    if kind == "resident_id":
        year, month, day = chance.randint(1878, 2026), chance.randint(0, 13), chance.randint(0, 32)
        body = region + f"{year:04d}{month:02d}{day:02d}" + digits(3)
        value = next((body + c for c in "0123456789X" if resident_id(body + c)), body + "0")
    elif kind == "uscc":
        body = (
            chance.choice(["91", "92", "12", "N2", "A1"])
            + region
            + "".join(chance.choice(list(CODES)) for _ in range(9))
        )
        value = next(body + c for c in CODES if uscc(body + c))
    elif kind == "card":
        body = chance.choice("3456") + digits(chance.randint(10, 19))
        value = next(
            body + c
            for c in "0123456789"
            if card("0" * 13 + body + c) or card(body + c) or not 13 <= len(body) + 1 <= 19
        )
    else:
        value = chance.choice(["1", "1", "1", "0"]) + digits(chance.choice([10, 10, 10, 9, 11]))
    at = chance.randrange(len(value) - 1)
    wrongly = chance.choice(
        [value] * 4
        + [
            value[:at] + chance.choice("0123456789XIO") + value[at + 1 :],
            value[:at] + value[at + 1] + value[at] + value[at + 2 :],
        ]
        + [value[:at] + value[at + 1 :], value[:at] + "7" + value[at:]]
    )
    return kind, wrongly


def test_random_numbers_agree_with_the_standards_read_plainly(names):
    chance = random.Random(20261126)
    codes = sorted(code for code in names if not code.endswith("00"))
    valid = dict.fromkeys(numbers.KINDS, 0)
    cases = [a_number(chance, codes) for _ in range(size(1_000, 100_000))]
    answers = numbers.CHECK.answered([[Row({"kind": kind, "value": value}, 2)] for kind, value in cases])
    for (kind, value), [found] in zip(cases, answers, strict=True):
        born = resident_id(value) if kind == "resident_id" else None
        right = {"resident_id": born is not None, "uscc": uscc(value), "card": card(value), "mobile": mobile(value)}[
            kind
        ]
        assert found["valid"] is right, (kind, value)
        assert (found["normalised"], found["birth_date"]) == (value if right else None, born), (kind, value)
        if born:
            expected = named(names, value[:2] + "0000", born.year), named(names, value[:6], born.year)
            assert (found["province"], found["county"]) == expected, value
        valid[kind] += right
    assert all(len(cases) / 40 < right < len(cases) / 4.5 for right in valid.values()), valid


#: 国务院办公厅关于部分节假日安排的通知, year by year: days off, and days of a weekend that are worked in their stead.
ARRANGED = {
    2023: (
        "01-01..01-02 01-21..01-27 04-05..04-05 04-29..05-03 06-22..06-24 09-29..10-06",
        "01-28 01-29 04-23 05-06 06-25 10-07 10-08",
    ),
    2024: (
        "01-01..01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-08..06-10 09-15..09-17 10-01..10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: (
        "01-01..01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    2026: (
        "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}


def works(day: date) -> bool:
    off, instead = ARRANGED[day.year]
    of_year = f"{day:%m-%d}"
    if of_year in instead.split():
        return True
    return not any(span[:5] <= of_year <= span[7:] for span in off.split()) and day.weekday() < 5


def test_every_day_of_four_years_is_as_the_state_council_arranged_it():
    year, asked = date(2023, 1, 1), []
    while year.year < 2027:
        asked.append(year)
        year += timedelta(days=1)
    answers = days.CHECK.answered([[Row({"date": str(day)}, 2)] for day in asked])
    assert len(asked) == 1461
    for day, [found] in zip(asked, answers, strict=True):
        assert found["working_day"] is works(day), day
        weekday_off, weekend_worked = day.weekday() < 5 and not works(day), day.weekday() > 4 and works(day)
        assert found["name"] or not (weekday_off or weekend_worked), day
    [unknown] = days.CHECK.answered([[Row({"date": "2030-01-01"}, 2)]])
    assert isinstance(unknown, Unanswerable)
