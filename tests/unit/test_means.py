"""What a paper is by its content, what the scanner said, and what is left a month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.arrangements.means import rules, scanning
from tests.peers.clamd import EICAR, FOUND, LIMIT, scanner

ON = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (b"%PDF-1.7 x", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"MZ\x90", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_content_says(head, media):
    assert rules.media_of(head) == media


@pytest.mark.parametrize(
    ("checks", "on", "state"),
    [
        ([("scan", "clean")], ON, "usable"),
        ([("scan", "clean")], date(2027, 3, 1), "expired"),
        ([("scan", "not_scanned")], ON, "quarantine"),
        ([("scan", "not_scanned"), ("release", "released")], ON, "usable"),
        ([("scan", "infected"), ("release", "released")], ON, "infected"),
        ([("scan", "clean"), ("asked", "asked"), ("issuer", "forged")], ON, "forged"),
        ([("scan", "clean"), ("issuer", "forged"), ("issuer", "genuine")], ON, "usable"),
        ([], ON, "quarantine"),
    ],
)
def test_where_a_paper_stands_follows_from_its_checks(checks, on, state):
    assert rules.standing(checks, expires_on=date(2027, 2, 28), today=on) == state


def test_the_scanner_is_asked_and_what_keeps_it_from_an_answer_is_never_clean():
    with scanner() as address:
        assert scanning.scan([b"a payslip", b"of two pieces"], address) == scanning.Scanned("clean")
        assert scanning.scan([b"x" * 100_000 + EICAR], address) == scanning.Scanned("infected", FOUND)
        assert scanning.scan([b"x" * (LIMIT + 1)], address).verdict == "not_scanned"
    assert scanning.scan([b"a payslip"], address).verdict == "not_scanned"
    assert scanning.scan([b"a payslip"], "/nowhere/clamd.socket").verdict == "not_scanned"
    assert scanning.scan([b"a payslip"], "").verdict == "not_scanned"


def amounts(**given: str) -> dict[str, Decimal]:
    return {code: Decimal(amount) for code, amount in given.items()}


@pytest.mark.parametrize(
    ("items", "household", "province", "left"),
    [
        (amounts(salary="8000", rent="2500", living="3000"), 1, "110000", "2500.00"),
        (amounts(salary="8000", rent="2500", living="100"), 1, "110000", "4105.00"),  # the minimum of Beijing, 1,395
        (amounts(salary="8000", rent="2500"), 3, "310000", "970.00"),  # three times 1,510
        (amounts(salary="1000"), 2, "620000", "-572.00"),  # the country's average, 786 a head
        ({}, 1, "", "-786.00"),
        (amounts(salary="3000.50", family="200.25", medical="100.10", other_debts="900"), 1, "", "1414.65"),
    ],
)
def test_what_is_left_a_month(items, household, province, left):
    found = rules.left_a_month(items, household=household, province=province, on=ON)
    assert found.amount == Decimal(left) and found.minimum.confidence == "M"


@pytest.mark.parametrize("wrong", [{"items": amounts(lottery="1")}, {"items": amounts(salary="-1")}, {"household": 0}])
def test_what_is_no_statement_is_refused(wrong):
    given = {"items": {}, "household": 1, **wrong}
    with pytest.raises(ValueError, match="not a statement"):
        rules.left_a_month(given["items"], household=given["household"], province="", on=ON)


def test_before_the_first_figure_nothing_is_known():
    with pytest.raises(LookupError):
        rules.minimum_living("11", date(2020, 1, 1))
