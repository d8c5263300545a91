"""An arrangement from the proposal to its end: two persons, the host's process, the gate, payments, a breach, a revival."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from dunwell.arrangements import queries, services
from dunwell.arrangements.models import Arrangement, Instruction
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrears.models import AccountState
from dunwell.compliance import queries as compliance
from dunwell.compliance.models import Hold
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.intake.models import QuarantinedRow
from dunwell.nightly import sources
from dunwell.nightly.services import reassess
from dunwell.portfolio.models import Account
from dunwell.strategy import services as strategy
from tests import build, plans

D = date(2026, 11, 20)
LATE_SINCE = date(2026, 10, 5)


@pytest.fixture
def account(fresh_database, settings, tmp_path) -> Account:
    settings.LAKE = tmp_path / "lake"
    strategy.approve(text=strategy.shipped(), by=plans.BY, now=plans.noon(D))
    build.contact_point(party=build.party("P1"))
    plans.night(D, balance="12000.00", past_due="1500.00", since=LATE_SINCE)
    return Account.objects.select_related("party").get(account_no="A1")


def gate_says(account: Account, *, on: date) -> str:
    """Whether a demand by telephone may be made at noon."""
    point = account.party.contact_points.get()
    asking = compliance.Asking(
        party_id=account.party_id, person_id=account.party_id, contact_point_id=point.pk, channel="call"
    )
    return compliance.previews([asking], now=plans.noon(on))[0].primary.rule


def stands(arrangement: Arrangement) -> str:
    arrangement.refresh_from_db()
    return arrangement.standing


def judged(arrangement: Arrangement, day: date) -> str:
    """The standing after the touched are reassessed by the night's programs."""
    reassess(now=plans.noon(day), party_ids=[arrangement.party_id])
    services.follow(now=plans.noon(day))
    return stands(arrangement)


def asked(arrangement: Arrangement) -> list[str]:
    return list(Instruction.objects.filter(arrangement=arrangement).order_by("id").values_list("kind", flat=True))


def test_a_personalised_plan_lives_from_proposal_to_end(account, tmp_path):
    plan = plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(D))
    assert judged(plan, D) == "proposed" and gate_says(account, on=D) == "OK"
    plans.agree(plan, now=plans.noon(D))
    assert judged(plan, D) == "agreed" and gate_says(account, on=D) == "OK"
    plans.host_answers(tmp_path, day=D)
    assert gate_says(account, on=D) == "CN-ART70-STOP"  # with the last confirmation, in the same transaction
    assert judged(plan, D) == "in_force"
    dues = list(plan.instalments.order_by("position").values_list("due_date", flat=True))

    plans.pay("500.00", dues[0])
    plans.night(dues[0] + timedelta(1), balance="11500.00")
    assert stands(plan) == "in_force" and plan.instalments.get(position=1).state == "paid"

    plans.night(dues[1] + timedelta(1), balance="11500.00")  # nothing came
    assert (stands(plan), gate_says(account, on=dues[1] + timedelta(1))) == ("missed", "G-PAID")
    assert Hold.objects.filter(kind="art70", lift=None).count() == 1
    plans.night(dues[1] + timedelta(6), balance="11500.00", past_due="500.00", since=dues[1])
    assert stands(plan) == "breached"
    assert Hold.objects.filter(kind="art70", lift=None).count() == 0
    assert gate_says(account, on=dues[1] + timedelta(6)) == "OK"

    plans.pay("500.00", dues[1] + timedelta(8))
    assert judged(plan, dues[1] + timedelta(8)) == "in_force"  # revived by day, by the same programs
    assert Hold.objects.filter(kind="art70", lift=None).count() == 1
    services.follow(now=plans.noon(dues[1] + timedelta(8)))
    steps = list(plan.steps.order_by("id").values_list("standing", "due_date"))
    assert steps == [("missed", dues[1]), ("breached", dues[1]), ("in_force", dues[2])]

    plans.pay("11000.00", dues[2])  # all the rest, early
    plans.night(dues[2] + timedelta(1), balance="0.00")
    assert stands(plan) == "ended" and Hold.objects.filter(kind="art70", lift=None).count() == 0
    plans.host_answers(tmp_path, day=dues[2] + timedelta(1))  # the release is confirmed, and nothing else is taken back
    assert asked(plan) == ["plan_booking", "stop_of_interest", "card_block", "card_release"]
    said = [row.data["standing"] for row in Log.objects.filter(kind="arrangement.judged").order_by("id")]
    assert said == ["agreed", "in_force", "missed", "breached", "in_force", "ended"]
    assert (
        evidence.verify().changed == []
    )  # the log holds the facts' rows, and what is computed changes nothing of them


def test_what_the_host_rejects_never_comes_into_force_and_what_it_booked_is_taken_back(account, tmp_path):
    plan = plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(D))
    plans.agree(plan, now=plans.noon(D))
    plans.host_answers(tmp_path, day=D, refuses=("card_block",))
    assert judged(plan, D) == "rejected" and gate_says(account, on=D) == "OK"
    assert asked(plan)[3:] == ["plan_cancellation", "resumption_of_interest"]
    assert plan.instructions.get(kind="card_block").answer.reason == "blocked by the card system"
    plans.host_answers(tmp_path, day=D + timedelta(1))
    days = queries.reconciliation(entity_id=account.entity_id, since=D)
    assert sum(day.unanswered for day in days) == 0 and sum(day.rejected for day in days) == 1


def test_the_proposer_never_approves_and_above_a_limit_two_persons_do(account):
    plan = plans.propose(account, Wish("personalised_plan", 48), now=plans.noon(D))
    assert plan.persons == 2
    say = {"arrangement_id": plan.pk, "approved": True, "now": plans.noon(D)}
    for by, role, why in ((plans.COLLECTOR, "manager", "own"), (plans.LEADER, "collector", "role")):
        with pytest.raises(services.NotAllowed, match=why):
            services.answer_proposal(by=by, by_role=role, **say)
    services.answer_proposal(by=plans.LEADER, by_role="team_leader", **say)
    services.answer_proposal(by=plans.LEADER, by_role="team_leader", **say)  # a double click is one answer
    assert judged(plan, D) == "proposed"
    agreed = {
        "arrangement_id": plan.pk,
        "form": "written",
        "evidence_ref": build.proof(plan.party),
        "by": plans.COLLECTOR,
    }
    with pytest.raises(services.NotAllowed, match="unapproved"):
        services.agree(disclosed=True, now=plans.noon(D), **agreed)
    services.answer_proposal(by=plans.MANAGER, by_role="manager", **say)
    assert judged(plan, D) == "approved"
    with pytest.raises(services.NotAllowed, match="disclosed"):
        services.agree(disclosed=False, now=plans.noon(D), **agreed)
    with pytest.raises(services.NotAllowed, match="evidence"):  # oral agreements are proven by a recorded talk
        services.agree(disclosed=True, now=plans.noon(D), **{**agreed, "form": "recording"})


def test_a_waiver_is_revoked_on_breach(account, tmp_path):
    account.state.fees = account.state.late_charge = Decimal("100.00")
    account.state.save()
    wish = Wish("waiver", 7, waived={"fees": Decimal("100.00")})
    plan = plans.propose(account, wish, now=plans.noon(D))
    plans.agree(plan, now=plans.noon(D))
    plans.host_answers(tmp_path, day=D)
    assert judged(plan, D) == "in_force" and gate_says(account, on=D) == "G-HOLD"
    due = plan.instalments.get().due_date
    assert (due, plan.instalments.get().amount) == (date(2026, 11, 27), Decimal("1400.00"))
    plans.pay("1399.99", due)
    plans.night(due + timedelta(1), balance="10600.01", past_due="100.01", since=LATE_SINCE)
    assert stands(plan) == "terminated" and plan.instalments.get().state == "partly_paid"
    assert asked(plan) == ["waiver", "waiver_reversal"] and gate_says(account, on=due + timedelta(1)) == "OK"


def test_money_that_pays_an_instalment_pays_no_promise(account, tmp_path):
    plan = plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(D))
    plans.agree(plan, now=plans.noon(D))
    plans.host_answers(tmp_path, day=D)
    due = plan.instalments.get(position=1).due_date
    promise = services.make_promise(
        party_id=account.party_id,
        parts=[(date(2026, 11, 30), Decimal("500.00"))],
        by=plans.BY,
        now=plans.noon(D),
        key="p",
    )
    plans.pay("600.00", date(2026, 11, 27))
    plans.night(due + timedelta(1), balance="11400.00")
    assert promise.parts.get().state == "kept"
    assert (stands(plan), plan.instalments.get(position=1).received) == ("missed", Decimal("100.00"))


def test_a_proposal_that_nobody_agreed_to_lapses_and_a_death_ends_it(account):
    plan = plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(D))
    plans.night(plan.lapses_on + timedelta(1), balance="12000.00", past_due="1500.00", since=LATE_SINCE)
    assert stands(plan) == "lapsed"
    later = plan.lapses_on + timedelta(1)
    second = plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(later), key="a-2")
    Hold.objects.create(
        party=account.party, kind="death", reason="told by his wife", starts_at=plans.noon(D), recorded_at=plans.noon(D)
    )
    assert judged(second, later) == "died"
    with pytest.raises(services.NotOffered) as refused:
        plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(later), key="a-3")
    assert [reason.rule for reason in refused.value.reasons] == ["P-DEATH"]


def test_an_answer_to_what_was_never_asked_is_in_quarantine(account, tmp_path):
    path = tmp_path / f"instruction_answers_{D}.csv"
    path.write_text(f"instruction_id,answer,booked_on,reason,host_ref\n4711,confirmed,{D},,H1\n1,rejected,{D},,\n")
    from dunwell.intake import services as intake

    intake.take(path=path, business_date=D, entity=build.entity(), now=plans.noon(D), by=plans.BY)
    codes = set(QuarantinedRow.objects.values_list("code", flat=True))
    assert codes == {"unknown_instruction", "rejected_without_reason"}


def test_a_restructured_debt_is_at_best_special_mention_until_a_year_of_performance(account, tmp_path):
    """The class of the night: pass once nothing is past due, were it not observed; not paid as agreed, observed anew."""

    def classed(day: date, **fields: str) -> tuple[str, str]:
        plans.night(day, balance="11000.00", **fields)
        state = AccountState.objects.get(account=account)
        return state.risk_class, state.risk_rule

    plan = plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(D))
    plans.agree(plan, now=plans.noon(D))
    plans.host_answers(tmp_path, day=D)
    dues = list(plan.instalments.order_by("position").values_list("due_date", flat=True))
    plans.pay("1000.00", dues[0])
    assert classed(dues[0] + timedelta(1)) == ("special_mention", "CN-5T-2023")
    plan.instalments.filter(position=3).update(state="missed")  # as a later night would have it, beyond grace
    source, _ = sources.SOURCES["restructuring"]
    later = dues[2] + timedelta(7)
    scope = sources.Scope(
        entity_id=account.entity_id, as_of=later, at=plans.noon(later), parties=[account.party_id]
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(scope.fill(source))
        [(_, account_no, starts_on, since, periods_to)] = cursor.fetchall()
    assert (account_no, starts_on, since, periods_to) == ("A1", D, dues[2], dues[3])
