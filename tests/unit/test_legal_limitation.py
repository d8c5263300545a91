"""The limitation clock: a table of claims and what interrupted them, each with the day on which it ends."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dunwell.compliance import shipped
from dunwell.legal.rules import limitation
from dunwell.legal.rules.limitation import Event, Obstacle, clock, counts, kinds, months_later
from dunwell.portfolio.reference import calendar

D = date.fromisoformat
TERMS = limitation.Terms.of(shipped.pack_on(D("2026-11-23")).duties)
DAYS = calendar()


def run(due: str, *events: tuple[str, str], obstacles: tuple[Obstacle, ...] = ()) -> limitation.Clock:
    told = [Event(D(on), kind, f"{kind} {nr}") for nr, (on, kind) in enumerate(events, 1)]
    return clock(D(due), told, obstacles, terms=TERMS, working_days=DAYS)


CLAIMS = [
    # oldest unpaid due date, what happened, last day in time, what counted last
    ("2023-11-20", [], "2026-11-20", None),
    ("2023-02-28", [], "2026-02-28", None),  # a Saturday worked for the Spring Festival
    ("2023-10-01", [], "2026-10-08", None),  # ends in the holiday of the national day: the first working day after it
    ("2020-02-29", [], "2023-02-28", None),  # no corresponding date: the month's last day
    ("2023-11-20", [("2024-03-05", "message")], "2027-03-05", "message 1"),
    ("2023-11-20", [("2024-03-05", "message"), ("2024-01-10", "part_payment")], "2027-03-05", "message 1"),
    ("2023-11-20", [("2023-11-19", "message")], "2026-11-20", None),  # before it was due nothing ran
    ("2019-11-20", [("2022-11-21", "message")], "2025-11-21", "message 1"),  # 20 November 2022 was a Sunday: in time
    ("2019-11-20", [("2022-11-22", "part_payment")], "2022-11-21", None),  # too late, and a payment does not revive
    ("2019-11-20", [("2022-12-01", "signed_demand")], "2025-12-01", "signed_demand 1"),
    ("2019-11-20", [("2022-12-01", "signed_demand"), ("2025-12-02", "message")], "2025-12-01", "signed_demand 1"),
    ("2001-11-20", [("2004-11-01", "suit"), ("2007-10-31", "suit"), ("2010-10-29", "suit"), ("2013-10-29", "suit"),
                    ("2016-10-28", "suit"), ("2019-10-28", "suit")], "2021-11-20", "suit 6"),  # twenty years at most
]  # fmt: skip


@pytest.mark.parametrize(("due", "events", "expires", "last"), CLAIMS)
def test_a_claim_can_be_sued_for_until(due, events, expires, last):
    found = run(due, *events)
    assert found.expires_on == D(expires)
    assert (found.last.evidence if found.last else None) == last
    assert not found.expired(D(expires))


OBSTACLES = [
    # from, to, last day in time of a claim due 2020-05-11 (plainly 2023-05-11)
    ("2021-01-01", "2022-01-01", "2023-05-11"),  # over before the last six months
    ("2022-09-01", "2022-12-01", "2023-06-01"),  # begun before them and reaching into them
    ("2023-04-01", "2023-04-20", "2023-10-20"),
    ("2023-05-12", "2023-06-01", "2023-05-11"),  # after the end nothing stands still
    ("2023-04-01", None, None),  # as long as it lasts
]


@pytest.mark.parametrize(("first", "last", "expires"), OBSTACLES)
def test_an_obstacle_in_the_last_months_holds_the_end(first, last, expires):
    found = run("2020-05-11", obstacles=(Obstacle("no_heir", D(first), D(last) if last else None),))
    assert found.expires_on == (D(expires) if expires else None)
    assert not found.expired(D("2023-05-11"))


def test_every_step_says_whether_it_counted_and_until_when():
    found = run("2019-11-20", ("2021-01-04", "message"), ("2024-06-01", "part_payment"))
    assert [(line.kind, line.counted, str(line.expires_on)) for line in found.lines] == [
        ("breach", True, "2022-11-21"),
        ("message", True, "2024-01-04"),
        ("part_payment", False, "2024-01-04"),
    ]


@pytest.mark.parametrize(
    ("day", "warned"), [("2026-05-23", None), ("2026-05-24", 180), ("2026-08-22", 90), ("2026-10-21", 30),
                        ("2026-11-20", 30), ("2026-11-21", None)]
)  # fmt: skip
def test_it_is_warned_180_90_and_30_days_before(day, warned):
    assert run("2023-11-20").warning(D(day), TERMS) == warned


CONTACTS = [
    ("message", "sms", "demand", "left_by_debtor", "sent", False, True),
    ("message", "letter", "statutory_notice", "contract", "delivered", False, True),
    ("message", "sms", "demand", "public", "sent", False, False),  # not a point that he left with the bank
    ("message", "sms", "reminder", "contract", "sent", False, False),
    ("message", "email", "demand", "contract", "bounced", False, False),
    ("recorded_call", "call", "demand", "contract", "connected_rpc", True, True),
    ("recorded_call", "call", "demand", "contract", "connected_rpc", False, False),
    ("recorded_call", "call", "demand", "contract", "no_answer", True, False),
]


@pytest.mark.parametrize(("kind", "channel", "purpose", "source", "outcome", "recorded", "does"), CONTACTS)
def test_which_contacts_interrupt(kind, channel, purpose, source, outcome, recorded, does):
    found = counts(kinds()[kind], channel=channel, purpose=purpose, source=source, outcome=outcome, recorded=recorded)
    assert found is does


@given(
    st.dates(D("2012-01-01"), D("2020-12-31")),
    st.lists(st.tuples(st.integers(1, 4000), st.sampled_from(sorted(kinds()))), max_size=8),
)
def test_the_clock_is_the_last_restart_plus_three_years(due, told):
    """Walked day by day, as the law reads: alive until it runs out, dead until something revives it."""
    events = [Event(due.fromordinal(due.toordinal() + after), kind, str(nr)) for nr, (after, kind) in enumerate(told)]
    start, end = due, DAYS.next_working_day(months_later(due, 36))
    for event in sorted(events, key=lambda one: one.on):
        if event.on <= end or kinds()[event.kind].revives:
            start = event.on
            end = DAYS.next_working_day(months_later(start, 36))
    assert clock(due, events, (), terms=TERMS, working_days=DAYS).expires_on == end
