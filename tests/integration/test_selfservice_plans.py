"""Plans over several cards that a cardholder takes and changes by himself, as the worker answers what his page asks for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from dunwell.arrangements.models import Arrangement, ChangeRequest
from dunwell.arrangements.queries.changes import is_open
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrears.models import AccountState
from dunwell.kernel import sealing
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import Account, Party
from dunwell.selfservice import services
from dunwell.selfservice.models import Answer, Request
from dunwell.selfservice.services.replies import body_place
from tests import build, plans

pytestmark = pytest.mark.django_db
BY = Actor.program("test")


def two_cards(owed: str) -> tuple[Account, Account]:
    """Of one person, late, so much owed on each."""
    party, _, _ = build.debtor(past_due="1200.00")
    first, second = party.accounts.get(), build.account(party=party)
    build.account_state(account=second, past_due="900.00")
    AccountState.objects.update(balance=owed, principal_retail=owed, days_delinquent=35)
    return first, second


def asked(party: Party, kind: str, **body: object) -> Answer:
    """What the worker answers."""
    now, said = datetime.now(UTC), json.dumps(body).encode()
    sealed = sealing.box_seal(sealing.box_public(settings.KEYS.cardholders()), said, body_place(kind))
    link = services.make_link(party_id=party.pk, channel="hand", by=BY, now=now).link
    one = Request.objects.create(
        entity=party.entity, party=party, link=link, kind=kind, body=sealed, key=f"{kind}-{Request.objects.count()}",
        recorded_at=now,
    )  # fmt: skip
    services.handle(now=now)
    return one.answer


def shown(answer: Answer) -> str:
    with translation.override("en"):
        return render_to_string("selfservice/asked.html", {"asked": answer.request, "answer": answer, "language": "en"})


def parts_of(party: Party, **fields: object) -> list[Arrangement]:
    return list(Arrangement.objects.filter(party=party, **fields).order_by("pk"))


@pytest.mark.parametrize(("owed", "persons"), [("4000.00", 0), ("6000.00", 1)])
def test_a_plan_over_his_two_cards_is_his_at_once_where_the_mandate_covers_their_sum(owed, persons):
    first, second = two_cards(owed)
    party = first.party
    answer = asked(party, "offers", monthly="1500.00")
    offer, tails = answer.data["offers"][0], [one.account_no[-4:] for one in (first, second)]
    assert (offer["account"], offer["others"], offer["product"]) == (first.pk, [second.pk], "instalment_plan")
    assert sum(Decimal(part["monthly"]) for part in offer["parts"]) == Decimal(offer["monthly"])
    page = shown(answer)
    assert f"cards ending {tails[0]}, {tails[1]} together" in page and f"of it into the card ending {tails[1]}" in page
    alone = [one for one in answer.data["offers"] if not one["others"]]
    assert {one["account"] for one in alone} == {first.pk, second.pk} and not any(one["parts"] for one in alone)
    for done in (True, False):  # one at a time
        assert asked(party, "take", offers=answer.pk, nr=0).done is done
    parts = parts_of(party)
    assert [(part.account_id, part.persons) for part in parts] == [(first.pk, persons), (second.pk, persons)]
    assert len({part.combined_id for part in parts}) == 1 and sum(part.cost for part in parts) == Decimal(offer["cost"])
    assert [part.instructions.count() for part in parts] == ([0, 0] if persons else [1, 1])
    assert len({part.consent.evidence for part in parts if hasattr(part, "consent")}) == (not persons)


def test_where_one_of_the_cards_may_not_be_in_it_any_more_he_gets_none_of_it():
    first, second = two_cards("4000.00")
    answer = asked(first.party, "offers", monthly="1500.00")
    AccountState.objects.filter(account=second).update(days_delinquent=95)
    taken = asked(first.party, "take", offers=answer.pk, nr=0)
    assert (taken.done, taken.data["code"]) == (False, "changed") and parts_of(first.party) == []
    assert not any(one["others"] for one in asked(first.party, "offers", monthly="1500.00").data["offers"])


def test_a_running_plan_over_two_cards_is_changed_for_both_at_once():
    first, second = two_cards("4000.00")
    party = first.party
    assert asked(party, "take", offers=asked(party, "offers", monthly="1500.00").pk, nr=0).done
    old = parts_of(party)
    Arrangement.objects.update(standing="in_force")
    answer = asked(party, "change", arrangement=old[0].pk, monthly="700.00")
    assert [one["others"] for one in answer.data["offers"]] == [[second.pk]] * len(answer.data["offers"])
    assert "It takes the place of the plan that runs now" in shown(answer)
    taken = asked(party, "take", offers=answer.pk, nr=0)
    assert (taken.done, taken.data["persons"]) == (True, 0)
    new = parts_of(party, replaces__in=old)
    assert [(part.replaces_id, part.term > old[0].term) for part in new] == [(part.pk, True) for part in old]
    assert [[one.kind for one in part.instructions.all()] for part in new] == [["plan_replacement"]] * 2


def test_what_may_not_be_his_at_once_is_asked_of_the_whole(client):
    first, _ = two_cards("4000.00")
    party = first.party
    assert asked(party, "take", offers=asked(party, "offers", monthly="1500.00").pk, nr=0).done
    old = parts_of(party)
    Arrangement.objects.update(standing="in_force")
    assert asked(party, "change", arrangement=old[0].pk, monthly="50.00").done
    request = ChangeRequest.objects.get()
    assert (request.arrangement_id, "P-ABILITY" in request.refused) == (old[0].pk, True)
    client.force_login(build.user("team_leader"), backend="dunwell.identity.backends.Backend")
    page = client.get(f"/cases/{party.cases.get().case_no}/arrangement").content.decode()
    assert f"account={first.pk}&amp;changes={old[0].pk}&amp;left=50.00" in page
    assert is_open(request)
    plans.propose(
        first, Wish("personalised_plan", 24), now=datetime.now(UTC), changes=old[1].pk, others=[old[1].account_id],
        left=Decimal("400.00"), key="instead",
    )  # fmt: skip
    assert not is_open(request)
