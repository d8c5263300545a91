"""Clocks of accounts: what the programs and the legal officer tell, kept for all, warned once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dunwell.arrangements.models import Promise, PromiseWithdrawal
from dunwell.arrears.models import AccountState
from dunwell.channels.models import Recording, RecordingMatch
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.evidence.models import Log, StoredFile
from dunwell.kernel.actor import Actor
from dunwell.legal import queries, services
from dunwell.legal.models import LimitationClock
from dunwell.legal.queries import limitation
from dunwell.legal.queries.referral import referral_of
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account
from tests import build

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DUE = date(2023, 12, 1)
OFFICER = Actor(user_id=9, name="S00009")
assert queries


@pytest.fixture
def account() -> Account:
    made = build.account(party=build.party())
    build.account_state(account=made, oldest_due_date=DUE)
    return made


def ends(account: Account) -> date | None:
    return limitation.clocks([account.pk], on=TODAY)[account.pk].expires_on


def contact(account: Account, *, channel: str = "sms", outcome: str = "sent", source: str = "left_by_debtor",
            days_ago: int = 30, kind: str = "mobile", purpose: str = "demand") -> Contact:  # fmt: skip
    point = build.contact_point(party=account.party, kind=kind, source=source)
    at = NOW - timedelta(days=days_ago)
    made = Contact.objects.create(
        entity=account.entity, party=account.party, person=account.party, contact_point=point, channel=channel,
        purpose=purpose, token=f"00000000-0000-4000-8000-{point.pk:012}", expires_at=at, local_date=at.date(),
        reserved_at=at, key=f"contact-{point.pk}",
    )  # fmt: skip
    ContactOutcome.objects.create(contact=made, outcome=outcome, recorded_at=at, key=f"outcome-{made.pk}")
    return made


def test_without_anything_it_ends_three_years_after_the_oldest_due_date(account):
    assert ends(account) == date(2026, 12, 1)


def test_a_demand_to_the_number_he_left_with_the_bank_begins_it_again(account):
    contact(account)
    assert ends(account) == date(2029, 10, 24)


@pytest.mark.parametrize(
    "told", [{"outcome": "bounced"}, {"source": "public"}, {"purpose": "reminder"}, {"channel": "call", "outcome": "connected_rpc"}]
)  # fmt: skip
def test_what_did_not_arrive_went_elsewhere_or_demanded_nothing_does_not(account, told):
    contact(account, **told)
    assert ends(account) == date(2026, 12, 1)


def recorded(made: Contact) -> None:
    """The call's sound, kept by content, found by the call's id."""
    file = StoredFile.objects.create(
        sha256=f"{made.pk:064}",
        name="call.wav",
        size=1,
        path="files/none",
        wrapped_key=b"",
        key_version=1,
        recorded_at=NOW,
    )
    sound = Recording.objects.create(
        entity=made.entity, file=file, media_type="audio/wav", started_at=made.reserved_at, seconds=30, source="batch",
        recorded_at=NOW, key=f"recording-{made.pk}",
    )  # fmt: skip
    RecordingMatch.objects.create(recording=sound, contact=made, found_by="call_id", recorded_at=NOW)


def test_a_call_in_which_he_was_reached_interrupts_only_with_its_recording(account):
    call = contact(account, channel="call", outcome="connected_rpc")
    assert ends(account) == date(2026, 12, 1)
    recorded(call)
    assert ends(account) == date(2029, 10, 24)


def test_a_recorded_call_counts_for_the_referral_when_he_was_identified(account):
    AccountState.objects.update(principal_retail=Decimal("60000.00"))
    first, second = (contact(account, channel="call", outcome="connected_rpc", days_ago=days) for days in (200, 150))
    for call in (first, second):
        recorded(call)
    assert referral_of(account, on=TODAY).pair == ()
    for call in (first, second):
        ContactOutcome.objects.create(
            contact=call, outcome="connected_rpc", identified=True, recorded_at=NOW, key=f"identified-{call.pk}"
        )
    assert [one.evidence for one in referral_of(account, on=TODAY).pair] == [f"call {first.pk}", f"call {second.pk}"]


def test_a_payment_that_stayed_and_a_promise_that_stands_do(account):
    paid = payments.receive(
        account_id=account.pk, amount=Decimal("10.00"), currency="CNY", posting_date=date(2026, 5, 6),
        transaction_date=date(2026, 5, 6), host_ref="r1", source="file", by=Actor.program("t"), now=NOW,
    )  # fmt: skip
    assert ends(account) == date(2029, 5, 7)  # the sixth is a Sunday
    payments.reverse(
        payment_id=paid.pk, amount=Decimal("10.00"), posting_date=date(2026, 5, 8), host_ref="r2",
        by=Actor.program("t"), now=NOW,
    )  # fmt: skip
    assert ends(account) == date(2026, 12, 1)
    promise = Promise.objects.create(
        entity=account.entity, party=account.party, currency="CNY", made_on=date(2026, 7, 6), recorded_at=NOW, key="p1"
    )
    assert ends(account) == date(2029, 7, 6)
    PromiseWithdrawal.objects.create(promise=promise, reason="mistyped", recorded_at=NOW)
    assert ends(account) == date(2026, 12, 1)


def test_a_suit_is_written_down_by_the_officer_and_taken_back_when_it_was_wrong(account):
    told = {"account_id": account.pk, "kind": "suit", "starts_on": date(2026, 9, 7), "reason": "filed", "by": OFFICER,
            "now": NOW, "key": "f1"}  # fmt: skip
    fact = services.record_fact(**told)
    assert services.record_fact(**told).pk == fact.pk
    assert LimitationClock.objects.get(account=account).expires_on == date(2029, 9, 7)
    services.withdraw_fact(fact_id=fact.pk, reason="another account", by=OFFICER, now=NOW)
    assert LimitationClock.objects.get(account=account).expires_on == date(2026, 12, 1)
    said = Log.objects.filter(account_id=account.pk, kind__startswith="limitation.f").order_by("id")
    assert [row.kind for row in said] == ["limitation.fact", "limitation.fact_withdrawn"]


@pytest.mark.parametrize(
    ("told", "code"),
    [({"kind": "part_payment"}, "kind"), ({"starts_on": TODAY + timedelta(1)}, "future"), ({"reason": " "}, "reason"),
     ({"ends_on": TODAY}, "days"), ({"kind": "no_heir", "ends_on": date(2026, 1, 1)}, "days"),
     ({"by": Actor.program("x")}, "nobody")],
)  # fmt: skip
def test_what_an_officer_may_not_write_down(account, told, code):
    asked = {"account_id": account.pk, "kind": "suit", "starts_on": date(2026, 9, 7), "reason": "filed",
             "by": OFFICER, "now": NOW, "key": "f1", **told}  # fmt: skip
    with pytest.raises(services.NotAllowed) as refused:
        services.record_fact(**asked)
    assert refused.value.code == code


def test_clocks_are_kept_for_all_in_parts_and_each_warning_is_given_once(account):
    other = build.account(party=account.party)
    build.account_state(account=other, oldest_due_date=date(2026, 10, 19))
    paid_off = build.account(party=account.party)
    build.account_state(account=paid_off, past_due="0.00", oldest_due_date=None)
    assert [services.keep_clocks(now=NOW, limit=1) for _ in range(3)] == [1, 1, 0]
    assert list(LimitationClock.objects.order_by("account_id").values_list("account_id", "expires_on", "warned_days")) == [
        (account.pk, date(2026, 12, 1), 30), (other.pk, date(2029, 10, 19), None)
    ]  # fmt: skip
    assert services.keep_clocks(now=NOW + timedelta(days=1)) == 2
    assert Log.objects.filter(kind="limitation.warned", account_id=account.pk).count() == 1
    contact(account, days_ago=0)
    services.keep_clocks(now=NOW + timedelta(days=2))
    assert LimitationClock.objects.get(account=account).warned_days is None
    AccountState.objects.filter(account=account).update(past_due=0)
    services.keep_clocks(now=NOW + timedelta(days=3))
    assert not LimitationClock.objects.filter(account=account).exists()


def test_the_list_shows_the_earliest_end_first_and_counts_its_parts(account):
    for nr, due in enumerate(("2023-11-01", "2024-01-15", "2024-05-06"), 1):
        build.account_state(account=build.account(f"L{nr}"), oldest_due_date=date.fromisoformat(due))
    services.keep_clocks(now=NOW)
    entity = account.entity_id
    assert {chip.id: chip.accounts for chip in limitation.chips(entity_id=entity, on=TODAY)} == {
        "all": 4, "w30": 1, "w90": 2, "w180": 3, "expired": 1, "held": 0
    }  # fmt: skip
    shown = limitation.clock_list(entity_id=entity, part="w180", on=TODAY)
    assert [row.expires_on for row in shown] == sorted(row.expires_on for row in shown)
    after = f"{shown[0].expires_on}~{shown[0].account_id}"
    assert len(limitation.clock_list(entity_id=entity, part="w180", on=TODAY, after=after)) == 2
