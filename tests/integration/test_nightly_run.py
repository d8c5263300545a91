"""The night over little books, on a real PostgreSQL as the application's role."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.arrears.models import AccountState, AllocationLine, Due
from dunwell.casework import queries as casework
from dunwell.casework.models import Case, PlannedAction
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from dunwell.nightly.models import CaseNumber, Run, Step
from dunwell.nightly.services import freezing, reassess
from dunwell.oversight.models import BucketDay, RollRate
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account, Touch
from dunwell.strategy import services as strategy
from tests import build, nights

BY = Actor.program("tests")
D = date(2026, 11, 22)
LATE_SINCE = date(2026, 10, 20)  # 33 days before D


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    strategy.approve(text=strategy.shipped(), by=BY, now=build.NOW)
    return fresh_database


def book(day: date, *, past_due: str = "800.00", since: date | None = LATE_SINCE) -> None:
    for number in (1, 2, 3):
        if not build.Party.objects.filter(party_no=f"P{number}").exists():
            build.party(f"P{number}")
    nights.taken("accounts", day, [
        nights.position("A1", "P1", past_due=past_due, since=since if Decimal(past_due) else None, periods_past_due=1),
        nights.position("A1-USD", "P1", balance="50.00", currency="USD"),
        nights.position("A2", "P2"),
        nights.position("A3", "P3", balance="-20.00"),
    ])  # fmt: skip


def night(day: date = D, **more) -> Run:
    return services.run(business_date=day, now=build.NOW, by=BY, **more)


def log(kind: str) -> list[dict]:
    return [row.data for row in Log.objects.filter(kind=kind).order_by("id")]


def test_a_late_account_becomes_a_case_and_the_rest_of_the_book_stays_in_the_lake(home):
    book(D)
    run = night()
    case = Case.objects.get()
    assert run.state == Run.State.PUBLISHED
    assert (case.party.party_no, case.past_due, case.balance) == ("P1", Decimal("800.00"), Decimal("12000.00"))
    assert (case.days_delinquent, case.bucket, case.stage) == (33, "M2", "early")
    assert (case.entered_on, case.entry_balance, case.case_no) == (
        date(2026, 10, 24),
        Decimal("12000.00"),
        "C-2611-000001",
    )
    assert case.queue == "call" and case.next_rule and case.ready_at == build.NOW
    assert sorted(Account.objects.values_list("account_no", flat=True)) == ["A1", "A1-USD"]
    assert AccountState.objects.get(account__account_no="A1").oldest_due_date == LATE_SINCE
    assert [row["case_no"] for row in log("case.opened")] == ["C-2611-000001"]
    buckets = {row.bucket: (row.accounts, row.balance) for row in BucketDay.objects.filter(currency="CNY")}
    assert buckets == {"M0": (2, Decimal("11980.00")), "M2": (1, Decimal("12000.00"))}


def test_the_same_night_again_changes_nothing(home):
    book(D)
    first = night()
    assert evidence.verify().changed == []  # the night's own way into the log writes the same hashes
    logged = Log.objects.order_by("id").values_list("id", flat=True)
    before = list(logged), list(Case.objects.values())
    assert night().pk == first.pk
    assert (list(logged.all()), list(Case.objects.values())) == before


def test_a_month_may_open_more_than_a_million_cases(home):
    CaseNumber.objects.create(month="2611", last=999_998)
    for number in (1, 2, 3):
        build.party(f"P{number}")
    nights.taken("accounts", D, [
        nights.position(f"A{n}", f"P{n}", past_due="800.00", since=LATE_SINCE, periods_past_due=1) for n in (1, 2, 3)
    ])  # fmt: skip
    night()
    assert sorted(Case.objects.values_list("case_no", flat=True)) == [
        "C-2611-1000000",
        "C-2611-1000001",
        "C-2611-999999",
    ]


def test_a_missing_file_stops_the_night_and_yesterdays_lists_stay(home):
    book(D)
    night()
    with pytest.raises(services.Refused) as refused:
        night(D + timedelta(days=1))
    assert refused.value.code == "file_missing"
    assert Case.objects.get().business_date == D
    assert Run.objects.get(business_date=D + timedelta(days=1)).state == Run.State.STOPPED


def test_a_night_without_lateness_closes_the_case_and_cancels_what_was_planned(home):
    book(D)
    night()
    planned = PlannedAction.objects.filter(state="planned").count()
    book(D + timedelta(days=1), past_due="0.00")
    night(D + timedelta(days=1))
    case = Case.objects.get()
    assert (case.closed_on, case.close_reason, case.queue) == (D + timedelta(days=1), "cured", "")
    assert planned and PlannedAction.objects.filter(state="cancelled").count() == planned
    assert log("case.closed") == [{"case_no": "C-2611-000001", "reason": "cured", "currency": "CNY"}]


def pay(amount: str, ref: str = "R1", **more):
    return payments.receive(
        account_id=Account.objects.get(account_no="A1").pk, amount=Decimal(amount), currency="CNY",
        posting_date=D + timedelta(days=1), transaction_date=D + timedelta(days=1), host_ref=ref, source="typed", by=BY,
        now=build.NOW, **more,
    )  # fmt: skip


def test_a_payment_during_the_day_closes_the_case_and_its_reversal_opens_it_again(home):
    book(D)
    night()
    payment = pay("800.00")
    assert services.reassess(now=build.NOW) == 1
    case = Case.objects.get()
    assert (case.closed_on, case.close_reason, case.past_due) == (date(2026, 11, 23), "paid", Decimal(0))
    assert not PlannedAction.objects.filter(state="planned").exists() and not Touch.objects.exists()
    assert [(x.component, x.amount, x.rule) for x in AllocationLine.objects.all()] == [
        ("principal_retail", Decimal("800.00"), "CN-ALLOC-1")
    ]
    payments.reverse(payment_id=payment.pk, amount=Decimal("800.00"), posting_date=D + timedelta(days=1),
                     host_ref="V1", by=BY, now=build.NOW)  # fmt: skip
    services.reassess(now=build.NOW)
    case.refresh_from_db()
    assert (case.closed_on, case.past_due, case.days_delinquent) == (None, Decimal("800.00"), 33)
    assert PlannedAction.objects.filter(state="planned").exists() and not AllocationLine.objects.exists()
    assert log("case.opened")[-1]["reopened"] is True


def test_money_announced_stops_the_demand_until_the_host_drops_it(home):
    book(D)
    night()
    payment = pay("795.00", provisional=True)
    services.reassess(now=build.NOW)
    assert Case.objects.get().closed_on is not None  # five yuan short counts as paid
    payments.answer(payment_id=payment.pk, answer="dropped", by=BY, now=build.NOW)
    services.reassess(now=build.NOW)
    assert Case.objects.get().closed_on is None


def promise(*parts: tuple[int, str]) -> Promise:
    case = Case.objects.get()
    made = Promise.objects.create(
        entity=case.entity, party=case.party, case_id=case.pk, currency="CNY", made_on=D + timedelta(days=1),
        recorded_at=build.NOW, key="promise-1",
    )  # fmt: skip
    for position, (days, amount) in enumerate(parts):
        PromisePart.objects.create(
            promise=made, position=position, due_date=D + timedelta(days=days), amount=Decimal(amount)
        )
    return made


def test_a_promise_is_kept_by_a_payment_and_broken_again_by_its_reversal(home):
    book(D)
    night()
    promise((2, "500.00"))
    payment = pay("500.00")
    services.reassess(now=build.NOW)
    part = PromisePart.objects.get()
    assert (part.state, part.received) == ("kept", Decimal("500.00"))
    payments.reverse(payment_id=payment.pk, amount=Decimal("100.00"), posting_date=D + timedelta(days=1),
                     host_ref="V1", by=BY, now=build.NOW)  # fmt: skip
    services.reassess(now=build.NOW)
    part.refresh_from_db()
    assert (part.state, part.received) == ("open", Decimal("400.00"))
    book(D + timedelta(days=3))
    night(D + timedelta(days=3))
    part.refresh_from_db()
    assert (part.state, part.received) == ("partly_kept", Decimal("400.00"))
    assert [row["state"] for row in log("promise.judged")] == ["kept", "open", "partly_kept"]
    assert Case.objects.get().promise_state == "partly_kept"


@pytest.mark.parametrize("moved", ["810.00", "800.00"], ids=["position_changed", "only_the_calendar_moved"])
def test_what_somebody_wrote_after_the_freeze_is_not_overwritten(home, monkeypatch, moved):
    """A payment comes in between freeze and publishing: the case it closed stays closed, and is computed anew after."""
    from dunwell.nightly.services import running

    book(D)
    night()
    book(D + timedelta(days=1), past_due=moved)
    real = running.check_totals

    def pay_meanwhile(run, connection):
        payments.receive(
            account_id=Account.objects.get(account_no="A1").pk, amount=Decimal(moved), currency="CNY",
            posting_date=D + timedelta(days=2), transaction_date=D + timedelta(days=2), host_ref="R9", source="typed",
            by=BY, now=build.NOW)  # fmt: skip
        real(run, connection)

    monkeypatch.setattr(running, "check_totals", pay_meanwhile)
    run = night(D + timedelta(days=1))
    assert Log.objects.filter(kind="night.published").latest("id").data["touched_since"] == 1
    case = Case.objects.get()
    assert (case.close_reason, case.business_date, case.run_id) == ("paid", D + timedelta(days=1), run.pk)
    assert AccountState.objects.get(account__account_no="A1").business_date == D + timedelta(days=1)


def test_where_only_the_calendar_moved_nothing_is_written_and_the_days_are_those_of_the_published_day(home):
    book(D)
    first = night()
    book(D + timedelta(days=2))
    run = night(D + timedelta(days=2))
    assert Step.objects.get(run=run, name="publish").rows_out == 0
    state, case = AccountState.objects.get(account__account_no="A1"), Case.objects.get()
    assert (state.run_id, case.run_id, case.days_delinquent) == (first.pk, first.pk, 33)
    assert log("night.published")[-1]["rows"] == 0

    page = casework.case_page(case.pk, build.user(), build.NOW)
    assert (page.case.days_delinquent, page.case.business_date) == (35, D + timedelta(days=2))
    assert [row.values["days_delinquent"] for row in page.accounts if row.account_no == "A1"] == [35]
    assert "35" in page.reason
    listed = casework.case_list(casework.Filter(), user=build.user(), now=build.NOW).cases
    assert [one.days_delinquent for one in listed] == [35]

    reassess(now=build.NOW, party_ids=[case.party_id])
    case.refresh_from_db()
    assert (case.days_delinquent, case.business_date, case.run_id) == (35, D + timedelta(days=2), run.pk)


def test_a_bucket_that_the_calendar_moves_is_written(home):
    book(D, since=D - timedelta(days=60))
    night()
    book(D + timedelta(days=1), since=D - timedelta(days=60))
    run = night(D + timedelta(days=1))
    state = AccountState.objects.get(account__account_no="A1")
    assert (state.bucket, state.days_delinquent, state.run_id) == ("M3", 61, run.pk)


def test_a_step_whose_day_has_come_writes_the_case_and_leaves_the_states(home, monkeypatch):
    """A state left as of the day before is then late by the new one's days; reassessed in between it is so again."""
    from dunwell.nightly.services import running

    book(D, since=D - timedelta(days=29))
    first = night()
    book(D + timedelta(days=1), since=D - timedelta(days=29))
    state = AccountState.objects.get(account__account_no="A1")
    real = running.publishing.stand

    def pay_and_reassess(*args, **more):
        assert (Case.objects.get().run_id, Case.objects.get().days_delinquent) == (first.pk + 1, 30)
        state.refresh_from_db()
        assert (state.run_id, state.days_delinquent) == (first.pk, 29)
        payments.receive(
            account_id=state.account_id, amount=Decimal("1.00"), currency="CNY", posting_date=D + timedelta(days=2),
            transaction_date=D + timedelta(days=2), host_ref="R1", source="typed", by=BY, now=build.NOW)  # fmt: skip
        services.reassess(now=build.NOW)
        return real(*args, **more)

    monkeypatch.setattr(running.publishing, "stand", pay_and_reassess)
    run = night(D + timedelta(days=1))
    state.refresh_from_db()
    assert (state.run_id, state.days_delinquent, state.past_due) == (run.pk, 30, Decimal("799.00"))
    assert Touch.objects.count() == 0
    assert PlannedAction.objects.filter(run_id=run.pk, state="planned").exists()


def test_without_the_files_of_the_night_before_everybody_is_written(home):
    """What is compared with is the lake of the night that stands in the columns: without it everything is written."""
    book(D)
    night()
    shutil.rmtree(freezing.folder_of(Run.objects.get()) / "tables")
    book(D + timedelta(days=1))
    run = night(D + timedelta(days=1))
    assert Case.objects.get().run_id == run.pk


def test_a_past_date_is_restated_and_leaves_todays_cases_alone(home):
    book(D - timedelta(days=1), past_due="100.00")
    night(D - timedelta(days=1))
    book(D)
    night()
    book(D - timedelta(days=1), past_due="900.00")
    run = night(D - timedelta(days=1))
    assert (run.number, run.restated, run.state) == (2, True, Run.State.PUBLISHED)
    assert Case.objects.get().past_due == Decimal("800.00")
    assert BucketDay.objects.get(business_date=D - timedelta(days=1), bucket="M2").past_due == Decimal("900.00")


def test_roll_rates_stand_between_month_ends(home):
    book(date(2026, 9, 30), past_due="0.00")
    night(date(2026, 9, 30))
    book(date(2026, 10, 31), past_due="800.00", since=date(2026, 10, 20))
    night(date(2026, 10, 31))
    rows = {(r.currency, r.from_bucket, r.to_bucket): (r.accounts, r.balance) for r in RollRate.objects.all()}
    assert rows == {
        ("CNY", "M0", "M1"): (1, Decimal("12000.00")),
        ("CNY", "M0", "M0"): (2, Decimal("11980.00")),
        ("USD", "M0", "M0"): (1, Decimal("50.00")),
    }  # fmt: skip


def test_dues_are_published_without_counting_twice(home):
    months = [
        (date(2026, month, 5), date(2026, month, 25), Decimal(m))
        for month, m in ((8, "500"), (9, "1000"), (10, "1500"))
    ]
    nights.taken("statements", D, [
        {"account_no": "A9", "currency": "CNY", "statement_date": s, "due_date": d, "statement_balance": m * 10,
         "minimum_payment": m} for s, d, m in months])  # fmt: skip
    build.party("P9")
    nights.taken("accounts", D, [nights.position("A9", "P9", past_due=None)])
    night()
    assert list(Due.objects.order_by("statement_date").values_list("amount", flat=True)) == [Decimal("500.00")] * 3
    case = Case.objects.get()
    assert (case.past_due, case.oldest_due_date, case.bucket) == (Decimal("1500.00"), date(2026, 8, 25), "M3")


def test_a_dry_run_writes_nothing_and_tells_what_would_be_other_than_last_night(home, settings):
    book(D - timedelta(days=1), past_due="300.00")
    night(D - timedelta(days=1))
    kept = Run.objects.get(), Step.objects.count(), sorted(settings.LAKE.rglob("*"))
    book(D)
    files = sorted(settings.LAKE.rglob("*"))
    told = []
    night(dry_run=True, progress=told.append)
    assert [one.step for one in told][:2] == ["take_in", "movements"]
    classify = next(one for one in told if one.step == "classify")
    assert classify.money == {"CNY": Decimal("800.00"), "USD": Decimal(0)}
    assert classify.money_before == {"CNY": Decimal("300.00"), "USD": Decimal(0)} and classify.rows_before == 2
    assert (Run.objects.get(), Step.objects.count()) == kept[:2]
    assert sorted(settings.LAKE.rglob("*")) == files
    assert Case.objects.get().past_due == Decimal("300.00")


def lines(account_no: str) -> list[tuple]:
    """The account's lines: reference, component, amount, rule."""
    found = AllocationLine.objects.filter(payment__account__account_no=account_no)
    return list(
        found.order_by("payment__host_ref", "position").values_list("payment__host_ref", "component", "amount", "rule")
    )


def late_twins(day: date) -> None:
    """Two accounts alike: A1 of P1 and A4 of P4."""
    if not build.Party.objects.filter(party_no="P4").exists():
        build.party("P1"), build.party("P4")
    nights.taken("accounts", day, [
        nights.position(f"A{n}", f"P{n}", past_due="800.00", since=date(2026, 8, 24), principal_retail="1000.00",
                        interest_on_balance="300.00", other_fees="100.00", balance="1400.00")
        for n in (1, 4)
    ])  # fmt: skip


def test_the_night_spreads_payments_as_reassessment_does(home):
    """Crossing 90 days, taken back in part, more than owed: P1 is reassessed during the day, P4 waits for the night."""
    late_twins(D)
    night()
    for account in ("A1", "A4"):
        for ref, amount, days, back in (
            ("R1", "350.00", 0, None), ("R2", "500.00", 1, "120.00"), ("R3", "900.00", 2, None)
        ):  # fmt: skip
            day = D + timedelta(days=days)
            payment = payments.receive(
                account_id=Account.objects.get(account_no=account).pk, amount=Decimal(amount), currency="CNY",
                posting_date=day, transaction_date=day, business_date=D + timedelta(days=1), host_ref=ref, source="typed",
                by=BY, now=build.NOW)  # fmt: skip
            if back:
                payments.reverse(payment_id=payment.pk, amount=Decimal(back), posting_date=day, host_ref=f"V{ref}",
                                 business_date=D + timedelta(days=1), by=BY, now=build.NOW)  # fmt: skip
    p1 = Account.objects.get(account_no="A1").party_id
    assert services.reassess(party_ids=[p1], now=build.NOW) == 1
    by_day = lines("A1")
    assert {line[3] for line in by_day} == {"CN-ALLOC-1", "CN-ALLOC-2"} and not lines("A4")
    assert ("R3", "credit_balance", Decimal("230.00"), "CN-ALLOC-2") in by_day  # R2 came to 380.00: 70.00 stayed late
    assert sum(line[2] for line in by_day) == Decimal("1630.00")
    late_twins(D + timedelta(days=1))
    night(D + timedelta(days=1))
    assert lines("A4") == by_day == lines("A1")
    assert not Touch.objects.exists()
    assert evidence.verify().changed == []


def test_a_payment_taken_back_after_its_position_is_cut_by_the_next_night(home):
    late_twins(D)
    night()
    payment = pay("350.00")
    late_twins(D + timedelta(days=1))
    night(D + timedelta(days=1))
    assert sum(line[2] for line in lines("A1")) == Decimal("350.00")
    before = lines("A1")
    payments.reverse(payment_id=payment.pk, amount=Decimal("30.00"), posting_date=D + timedelta(days=2),
                     host_ref="V1", by=BY, now=build.NOW)  # fmt: skip
    late_twins(D + timedelta(days=2))
    night(D + timedelta(days=2))
    after = lines("A1")
    assert sum(line[2] for line in after) == Decimal("320.00")
    assert [line[:2] for line in after] == [line[:2] for line in before][: len(after)]


def test_a_party_reassessed_between_freeze_and_publishing_is_reassessed_again(home, monkeypatch):
    """Its touch is gone when the night publishes the new position; what follows from it is worked out all the same."""
    from dunwell.nightly.services import running

    late_twins(D)
    night()
    late_twins(D + timedelta(days=1))
    real = running.check_totals

    def pay_and_reassess(run, connection):
        payments.receive(
            account_id=Account.objects.get(account_no="A1").pk, amount=Decimal("350.00"), currency="CNY",
            posting_date=D + timedelta(days=2), transaction_date=D + timedelta(days=2), host_ref="R1", source="typed",
            by=BY, now=build.NOW)  # fmt: skip
        services.reassess(now=build.NOW)
        assert not Touch.objects.exists()
        real(run, connection)

    monkeypatch.setattr(running, "check_totals", pay_and_reassess)
    run = night(D + timedelta(days=1))
    case = Case.objects.get(party__party_no="P1")
    assert (case.run_id, case.past_due, Touch.objects.count()) == (run.pk, Decimal("450.00"), 0)
    assert case.business_date == D + timedelta(days=1)
    assert sum(line[2] for line in lines("A1")) == Decimal("350.00")


def test_an_opened_case_says_its_steps_in_the_same_entry(home):
    book(D)
    night()
    steps = sorted(PlannedAction.objects.values_list("step", flat=True))
    assert steps and [row["steps"] for row in log("case.opened")] == [steps]
    assert not log("action.planned")
