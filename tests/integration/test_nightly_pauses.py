"""Holds that stop the counting of days, in the night and by day; what a product counts for itself."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from dunwell.arrears.models import AccountState
from dunwell.arrears.rules import parameters
from dunwell.cli.why import lines
from dunwell.compliance.models import Hold, HoldLift
from dunwell.kernel.times import BANK_ZONE
from tests import build
from tests.integration.test_nightly_run import D, book, home, night  # noqa: F401


def hold(party_no: str, first: date, goes_on: date | None, kind: str = "disaster", lifted: date | None = None) -> None:
    """A fact as the desk writes it, from noon of its first day on."""

    def noon(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 12, tzinfo=BANK_ZONE)

    made = Hold.objects.create(
        party=build.Party.objects.get(party_no=party_no), kind=kind, reason="flood", starts_at=noon(first),
        ends_at=goes_on and noon(goes_on), recorded_at=noon(first),
    )  # fmt: skip
    if lifted:
        HoldLift.objects.create(hold=made, reason="over", recorded_at=noon(lifted))


def days() -> tuple[int, str]:
    state = AccountState.objects.get(account__account_no="A1")
    return state.days_delinquent, state.bucket


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ([], (33, "M2")),
        ([(date(2026, 11, 1), date(2026, 11, 6), "disaster", None)], (28, "M1")),  # 1 to 5 November
        ([(date(2026, 11, 1), date(2026, 11, 30), "disaster", date(2026, 11, 4))], (30, "M1")),  # lifted on the 4th
        ([(date(2026, 11, 20), None, "disaster", None)], (30, "M1")),  # still standing: 20 to 22
        ([(date(2026, 11, 1), date(2026, 11, 6), "disaster", None), (date(2026, 11, 4), date(2026, 11, 8), "disaster", None)],
         (26, "M1")),
        ([(date(2026, 11, 1), date(2026, 11, 6), "dispute", None)], (33, "M2")),  # a hold that does not pause
        ([(date(2026, 10, 1), date(2026, 10, 21), "disaster", None)], (33, "M2")),  # before the due date, and on it
    ],
)  # fmt: skip
def test_the_night_takes_out_the_days_of_a_pausing_hold(home, holds, expected):  # noqa: F811
    book(D)
    for first, goes_on, kind, lifted in holds:
        hold("P1", first, goes_on, kind, lifted)
    night()
    assert days() == expected


def test_a_product_may_count_otherwise():
    lines = parameters._document()[0]
    begins = date(2026, 1, 1)
    changed = {name: {**one, "values": [*one["values"]]} for name, one in lines.items()}
    changed["grace_days"]["values"] += [
        {"from": begins, "product": "GOLD", "value": 10},
        {"from": begins, "issuer": "other", "value": 0},
        {"from": begins, "product": "GOLD", "issuer": "other", "value": 7},
    ]
    changed["tolerance"]["values"] += [{"from": begins, "product": "GOLD", "value": {"CNY": "50.00"}}]
    ours = parameters.read(changed, D, "bank")
    assert (ours.grace_days, ours.products["GOLD"].grace_days, str(ours.products["GOLD"].tolerance["CNY"])) == (
        3,
        10,
        "50.00",
    )
    others = parameters.read(changed, D, "other")
    assert (others.grace_days, others.products["GOLD"].grace_days) == (0, 7)
    before = parameters.read(changed, begins - timedelta(days=1), "bank")
    assert before.products["GOLD"].grace_days == 3


def test_why_tells_the_way_through_the_buckets(home):  # noqa: F811
    book(D)
    hold("P1", date(2026, 11, 1), date(2026, 11, 3))
    night()
    printed = list(lines(account_no="A1", business_date=D))
    at = next(number for number, line in enumerate(printed) if line.startswith("buckets"))
    assert [" ".join(line.split()) for line in printed[at : at + 4]] == [
        "buckets 2026-10-20",
        "2026-10-20 – 2026-10-23 M0",  # due, and three days of grace
        "2026-10-24 – 2026-11-21 M1",
        "2026-11-22 – M2",  # 33 days past due, two of them paused
    ]
