"""Promises written: once a key, one open at a time, taken back on purpose."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.arrangements import queries, services
from dunwell.arrangements.models import Promise
from dunwell.arrangements.rules.promises import PromiseRefused
from dunwell.arrears.models import AccountState
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from tests import build
from tests.build import NOW, TODAY

pytestmark = pytest.mark.django_db
BY = Actor.program("test")
ZERO = [field.name for field in AccountState._meta.fields if field.get_internal_type() == "DecimalField"]


def late(past_due: str, *, party=None, currency: str = "CNY"):
    account = build.account(party=party, currency=currency)
    amounts = {**dict.fromkeys(ZERO, Decimal(0)), "past_due": Decimal(past_due), "balance": Decimal(past_due)}
    AccountState.objects.create(
        account=account, run_id=1, business_date=TODAY, periods_past_due=1, days_delinquent=20, bucket="M1",
        stage="early", **amounts,
    )  # fmt: skip
    return account.party


def promise(party, amount: str, *, key: str = "p1", currency: str = "CNY") -> Promise:
    return services.make_promise(
        party_id=party.pk, parts=[(date(2026, 11, 26), Decimal(amount))], currency=currency, by=BY, now=NOW, key=key
    )


def test_a_promise_is_about_everything_past_due_in_its_currency() -> None:
    party = late("600.00")
    late("400.00", party=party)
    late("100.00", party=party, currency="USD")
    assert queries.past_due(party_id=party.pk, currency="CNY") == Decimal("1000.00")
    with pytest.raises(PromiseRefused) as refused:
        promise(party, "299.99")
    assert [problem.code for problem in refused.value.problems] == ["below_least"]
    assert promise(party, "1000.00").parts.get().amount == Decimal("1000.00")


def test_the_same_key_is_the_same_promise() -> None:
    party = late("600.00")
    assert promise(party, "600.00") == promise(party, "600.00")
    assert Log.objects.filter(kind="promise.made", party_id=party.pk).count() == 1


def test_one_promise_is_open_at_a_time_and_a_withdrawn_one_is_not() -> None:
    party = late("600.00")
    first = promise(party, "600.00")
    with pytest.raises(PromiseRefused) as refused:
        promise(party, "300.00", key="p2")
    assert [problem.code for problem in refused.value.problems] == ["promise_open"]
    taken_back = services.withdraw(promise_id=first.pk, reason="mistyped", by=BY, now=NOW)
    assert services.withdraw(promise_id=first.pk, reason="again", by=BY, now=NOW).reason == taken_back.reason
    assert promise(party, "300.00", key="p2").pk != first.pk


def test_several_promises_are_open_as_long_as_they_are_not_above_what_is_past_due() -> None:
    party = late("1000.00")
    promise(party, "300.00")
    promise(party, "400.00", key="p2")
    with pytest.raises(PromiseRefused) as refused:
        promise(party, "300.01", key="p3")
    assert [problem.code for problem in refused.value.problems] == ["above_past_due"]
    promise(party, "300.00", key="p3")
    with pytest.raises(PromiseRefused) as refused:
        promise(party, "100.00", key="p4")
    assert [problem.code for problem in refused.value.problems] == ["promise_open"]


def test_a_touch_asks_for_reassessment() -> None:
    party = late("600.00")
    promise(party, "600.00")
    party.refresh_from_db()
    assert party.touches == 1


def test_the_terms_name_the_days_that_can_be_chosen() -> None:
    terms = queries.terms(past_due=Decimal("2618.40"), currency="CNY", now=NOW)
    assert (terms.least, terms.last_day, len(terms.days)) == (Decimal("785.52"), date(2026, 12, 3), 11)
    assert [day for day, free in terms.days if not free] == [date(2026, 11, 28), date(2026, 11, 29)]
