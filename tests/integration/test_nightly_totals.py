"""What went in comes out, currency by currency, or the night stops; and what is unusual is said."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.nightly import program, queries, rules, services
from dunwell.nightly.models import Run, Step
from dunwell.payments import services as payments
from dunwell.portfolio import reference
from dunwell.portfolio.models import Account
from tests import build, nights

BY = Actor.program("tests")
D = date(2026, 11, 17)  # a Tuesday


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    for number in (1, 2, 3):
        build.party(f"P{number}")


def book(day: date, *, dollars: str = "50.00", past_due: str = "800.00") -> None:
    nights.taken("accounts", day, [
        nights.position("A1", "P1", past_due=past_due, since=date(2026, 10, 20), principal_retail="11700.00",
                        interest_on_balance="200.00", late_charge="100.00"),
        nights.position("A1-USD", "P1", balance=dollars, past_due="20.00", since=date(2026, 10, 20), currency="USD"),
        nights.position("A2", "P2"),
        nights.position("A3", "P3", balance="-20.00"),
    ])  # fmt: skip


def night(day: date) -> Run:
    return services.run(business_date=day, now=build.NOW, by=BY)


def pay(amount: str, ref: str, day: date):
    return payments.receive(
        account_id=Account.objects.get(account_no="A1").pk, amount=Decimal(amount), currency="CNY", posting_date=day,
        transaction_date=day, business_date=day, host_ref=ref, source="typed", by=BY, now=build.NOW,
    )  # fmt: skip


def totals(run: Run) -> dict[tuple[str, str], str]:
    run.refresh_from_db()
    assert all(total["expected"] == total["found"] for total in run.totals)
    return {(total["name"], total["currency"]): total["expected"] for total in run.totals}


def test_money_in_is_money_out_by_currency_and_component(home):
    book(D)
    run = night(D)
    found = totals(run)
    assert found["balance", "CNY"] == "23980.00" and found["balance", "USD"] == "50.00"
    assert found["interest_on_balance", "CNY"] == "200.00" and found["credit_balance", "CNY"] == "20.00"
    assert found["past_due_by_host", "CNY"] == "800.00" and found["past_due", "USD"] == "20.00"
    pay("300.00", "R1", D + timedelta(days=1))
    back = pay("40.00", "R2", D + timedelta(days=1))
    payments.reverse(payment_id=back.pk, amount=Decimal("15.00"), posting_date=D + timedelta(days=1), host_ref="V2",
                     by=BY, now=build.NOW)  # fmt: skip
    book(D + timedelta(days=1))
    found = totals(night(D + timedelta(days=1)))
    assert found["received", "CNY"] == "325.00"

    step = Step.objects.get(run__business_date=D, name="take_in")
    assert step.measure == "balance"
    assert step.money_in == {"CNY": "23980.00", "USD": "50.00"} and step.money_out == {
        "CNY": "12000.00",
        "USD": "50.00",
    }
    spread = Step.objects.get(run__business_date=D + timedelta(days=1), name="allocate")
    assert spread.money_in == spread.money_out == {"CNY": "325.00"}


@pytest.mark.parametrize(
    ("step", "lost", "total"),
    [
        ("allocate", "DELETE FROM allocation_line WHERE position = 0", "received"),
        ("classify", "UPDATE account_state SET interest_on_balance = 0 WHERE currency = 'CNY'", "interest_on_balance"),
        (
            "book",
            "UPDATE book SET balance = CASE currency WHEN 'USD' THEN balance + 5 ELSE balance - 2.5 END",
            "balance",
        ),
    ],
)
def test_a_step_that_loses_money_stops_the_night(home, monkeypatch, step, lost, total):
    book(D)
    night(D)
    pay("300.00", "R1", D + timedelta(days=1))
    book(D + timedelta(days=1))
    whole = program.whole_night

    def losing(strategy):
        return tuple(Losing(one.name, one.sql, lost) if one.name == step else one for one in whole(strategy))

    class Losing(program.Program):
        def __init__(self, name, sql, lost):
            super().__init__(name, sql)
            object.__setattr__(self, "lost", lost)

        __slots__ = ("lost",)

        def run(self, connection, **more):
            super().run(connection, **more)
            connection.execute(self.lost)

    monkeypatch.setattr(program, "whole_night", losing)
    with pytest.raises(services.Refused) as refused:
        night(D + timedelta(days=1))
    assert (refused.value.code, refused.value.params["name"]) == ("totals_off", total)
    assert refused.value.params["currency"] in ("CNY", "USD")
    stopped = Run.objects.get(business_date=D + timedelta(days=1))
    assert stopped.state == Run.State.STOPPED
    page = client().get(f"/runs/{stopped.pk}").content.decode()
    assert 'class="danger"' in page and "A total is off (" in page and f"({total})" not in page


def client(language: str = "en") -> Client:
    signed_in = Client()
    signed_in.force_login(build.user("manager", language=language), backend="dunwell.identity.backends.Backend")
    return signed_in


def test_a_step_outside_its_usual_range_is_marked_and_logged_and_the_night_goes_on(home):
    """Four working days alike, then the dollars are three thousand times as many."""
    days = [D, D + timedelta(days=1), D + timedelta(days=2), D + timedelta(days=3)]
    for day in days:
        book(day)
        assert not Step.objects.filter(run=night(day)).exclude(unusual=[]).exists()
    unusual_day = D + timedelta(days=6)
    book(unusual_day, dollars="150000.00")
    run = night(unusual_day)
    assert run.state == Run.State.PUBLISHED
    assert queries.unusual([run.pk]) == {run.pk: ["take_in", "book", "figures"]}
    (entry,) = Log.objects.filter(kind="night.unusual")
    assert entry.data["steps"]["book"] == [
        {"what": "money", "currency": "USD", "found": "150000.00", "low": "-9950.00", "high": "10050.00"}
    ]
    page = client().get(f"/runs/{run.pk}").content.decode()
    assert "The whole book: 150,000.00 USD; usual are −9,950.00 to 10,050.00." in page
    assert (
        f'<a class="tag warn" href="/runs/{run.pk}">unusual totals</a>' in client().get("/portfolio").content.decode()
    )
    assert "合计异常" in client("zh-hans").get("/runs").content.decode()


def test_nights_are_compared_with_those_of_the_same_kind_of_day():
    calendar = reference.calendar()
    assert rules.kind_of_day(date(2026, 10, 31), calendar) == rules.MONTH_END
    assert rules.kind_of_day(date(2026, 10, 3), calendar) == rules.DAY_OFF  # National Day
    assert rules.kind_of_day(date(2026, 10, 10), calendar) == rules.WORKING_DAY  # a Saturday that is worked
    usual = rules.usual(D)
    few = [Decimal(value) for value in (100, 102, 98)]
    assert usual.span(few, at_least=Decimal(0)) is None
    span = usual.span([*few, Decimal(100)], at_least=Decimal(0))
    assert span == rules.Span(Decimal(75), Decimal(125))  # a quarter, for the deviations are smaller
    wild = usual.span([Decimal(value) for value in (100, 120, 80, 140, 60)], at_least=Decimal(0))
    assert wild == rules.Span(Decimal(-20), Decimal(220))


def told(day: date, **steps: int) -> Run:
    """A published night of a date whose steps left so many rows."""
    run = Run.objects.create(
        business_date=day, number=1, state=Run.State.PUBLISHED, engine="duckdb", started_at=build.NOW
    )
    Step.objects.bulk_create(
        Step(run=run, name=name, position=nr, state="done", rows_out=rows)
        for nr, (name, rows) in enumerate(steps.items())
    )
    return run


def spans(day: date) -> queries.Alike:
    return queries.alike(Run(business_date=day), usual=rules.usual(day), calendar=reference.calendar())


def test_what_came_since_the_night_before_is_compared_with_nights_of_as_many_days(db):
    """Sundays that work a week of files each: a Saturday's day spreads less, and its book is the same."""
    for week in range(6):
        told(date(2026, 10, 18) + timedelta(days=7 * week), book=30000, allocate=35000)
    sunday = spans(date(2026, 11, 29)).span("allocate", "rows", "")
    assert Decimal(34000) in sunday and Decimal(3000) not in sunday
    told(date(2026, 11, 27), book=30000, allocate=3000)
    saturday = spans(date(2026, 11, 28))
    assert saturday.span("allocate", "rows", "") is None
    assert Decimal(30500) in saturday.span("book", "rows", "") and Decimal(20000) not in saturday.span(
        "book", "rows", ""
    )


def test_a_book_that_grows_is_usual_and_one_that_jumps_is_not(db):
    """The months of the demo, and what a sixth of one and half as many more would be: unusual months move nothing."""
    months = [date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)]
    for month, rows in zip(months, (8462, 8398, 9587, 11446, 13131), strict=True):
        span = spans(month).span("roll_up", "rows", "")
        assert span is None or Decimal(rows) in span
        last = told(month, roll_up=rows)
    span = spans(date(2026, 9, 30)).span("roll_up", "rows", "")
    assert Decimal(16186) in span and Decimal(20000) not in span and Decimal(2200) not in span
    Step.objects.filter(run=last).update(rows_out=26000, unusual=[
        {"what": "rows", "currency": "", "found": "26000", "low": "0", "high": "14307"},
    ])  # fmt: skip
    assert Decimal(26000) not in spans(date(2026, 9, 30)).span("roll_up", "rows", "")
