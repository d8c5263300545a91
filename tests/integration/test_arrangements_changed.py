"""A running plan changed into another in one step: the host books the one in place of the other, and demands never resume."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from dunwell.arrangements import services
from dunwell.arrangements.models import Arrangement, Instruction
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services.instructing import Told
from dunwell.compliance.models import Hold
from dunwell.nightly.services import reassess
from tests import build, plans

D = build.TODAY
LATER = D + timedelta(days=4)


@pytest.fixture
def running(db) -> Arrangement:
    """A personalised plan of 24 months in force, after whose booking the host tells of nothing past due."""
    party, _, _ = build.debtor()
    plan = plans.propose(party.accounts.get(), Wish("personalised_plan", 24), now=plans.noon(D))
    plans.agree(plan, now=plans.noon(D))
    answered(plan)
    build.AccountState.objects.update(past_due="0.00", days_delinquent=0)
    return stands(plan, "in_force")


def stands(plan: Arrangement, standing: str) -> Arrangement:
    """As the night or a reassessment would have judged it."""
    Arrangement.objects.filter(pk=plan.pk).update(standing=standing, standing_on=LATER)
    plan.refresh_from_db()
    return plan


def answered(plan: Arrangement, *, confirmed: bool = True) -> None:
    """What the host was asked of an arrangement and has not answered, answered."""
    for one in Instruction.objects.filter(arrangement=plan, answer=None).order_by("id"):
        told = Told(one.pk, confirmed, D, "" if confirmed else "no such plan")
        services.answer_instruction(told=told, source="api", by=plans.BY, now=plans.noon(LATER))


def change(plan: Arrangement, **fields: object) -> Arrangement:
    told = {"changes": plan.pk, "left": Decimal("260.00"), "key": "a-2", **fields}
    return plans.propose(plan.account, Wish("personalised_plan", 48), now=plans.noon(LATER), **told)


def holds() -> list[str]:
    return list(Hold.objects.filter(kind="art70", lift=None).values_list("reason", flat=True))


def asked(plan: Arrangement) -> list[str]:
    return list(Instruction.objects.filter(arrangement=plan).order_by("id").values_list("kind", flat=True))


def test_the_new_plan_takes_the_place_of_the_running_one_with_the_hosts_word(running):
    new = change(running)
    plans.agree(new, now=plans.noon(LATER))
    assert holds() == [f"#{running.pk}"]
    [asked_for] = new.instructions.all()  # interest stands still and the card is blocked already
    assert (asked_for.kind, asked_for.amount) == ("plan_replacement", Decimal("12000.00"))
    assert asked_for.payload["replaces"] == running.pk and len(asked_for.payload["instalments"]) == 48
    answered(new)
    assert holds() == [f"#{new.pk}"] and running.end.reason == f"#{new.pk}"  # in the transaction of the confirmation
    reassess(now=plans.noon(LATER), party_ids=[new.party_id])
    running.refresh_from_db()
    new.refresh_from_db()
    assert (running.standing, new.standing) == ("replaced", "in_force")
    services.follow(now=plans.noon(LATER))
    assert asked(running)[3:] == [] and holds() == [f"#{new.pk}"]  # nothing is taken back
    services.cancel(arrangement_id=new.pk, reason="he found work", by=plans.COLLECTOR, now=plans.noon(LATER))
    stands(new, "cancelled")
    services.follow(now=plans.noon(LATER))
    assert holds() == []
    assert asked(new)[1:] == [
        "plan_cancellation",
        "resumption_of_interest",
        "card_release",
    ]  # its own, and what it took over


def test_what_the_host_rejects_leaves_the_running_plan_as_it_was(running):
    new = change(running)
    plans.agree(new, now=plans.noon(LATER))
    answered(new, confirmed=False)
    stands(new, "rejected")
    services.follow(now=plans.noon(LATER))
    assert holds() == [f"#{running.pk}"] and asked(new) == ["plan_replacement"] and len(asked(running)) == 3


def test_a_change_ended_before_the_hosts_word_came_puts_the_running_plan_back(running):
    new = change(running)
    plans.agree(new, now=plans.noon(LATER))
    services.cancel(arrangement_id=new.pk, reason="he thought better of it", by=plans.COLLECTOR, now=plans.noon(LATER))
    answered(new)
    stands(new, "cancelled")
    services.follow(now=plans.noon(LATER))
    back = Instruction.objects.filter(arrangement=running).latest("id")
    assert (back.kind, back.payload["replaces"], len(back.payload["instalments"])) == ("plan_replacement", new.pk, 24)
    assert asked(new) == ["plan_replacement"] and holds() == [f"#{running.pk}"]


def test_a_running_plan_is_changed_into_a_plan_alone_and_one_that_he_cannot_pay(running):
    def rules(wish: Wish, **fields: object) -> list[str]:
        told = {"changes": running.pk, "key": "a-3", **fields}
        with pytest.raises(services.NotOffered) as refused:
            plans.propose(running.account, wish, now=plans.noon(LATER), **told)
        return [reason.rule for reason in refused.value.reasons]

    assert "P-CHANGE" in rules(Wish("deferral", 1))
    assert rules(Wish("personalised_plan", 48), left=Decimal("500.00")) == ["CN-ART70-UNABLE"]  # what the plan wants
    assert rules(Wish("personalised_plan", 48), changes=None, left=Decimal("260.00"))[0] == "P-RUNNING"
    with pytest.raises(services.NotAllowed, match="over"):
        change(running, changes=running.pk + 99)


def test_the_page_proposes_the_change_and_shows_what_it_takes_the_place_of(running, client):
    user = build.user("collector")
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    case = running.party.cases.get()
    running.party.cases.update(closed_on=D)  # nothing is past due while a plan is performed
    address = f"/cases/{case.case_no}/arrangement"
    assert f"changes={running.pk}" in client.get(address).content.decode()
    known = {
        "left": "260",
        "circumstances": "yes",
        "willing": "yes",
        "changes": running.pk,
        "account": running.account_id,
    }
    page = client.get(address, known).content.decode()
    assert f"takes the place of Personalised plan (Art 70) #{running.pk}" in page
    client.post(
        f"{address}/propose",
        {**known, "code": "personalised_plan", "term": "48", "due_day": "15", "key": "k", "first_payment": "0"},
    )
    new = Arrangement.objects.get(replaces=running)
    assert {row.due_date.day for row in new.instalments.all()} <= {
        *range(15, 23)
    }  # the day that he chose, or days off later
    assert f"in place of #{running.pk}" in client.get(address).content.decode() and new.term == 48
    assert client.get(address, {"changes": new.pk}).status_code == 404  # it is not running
