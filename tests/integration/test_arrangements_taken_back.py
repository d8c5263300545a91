"""A plan that had ended, and a payment by which it had is taken back: it stands as its own terms say, and what its end had
brought is asked for again, or taken back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrangements import queries, services
from dunwell.arrangements.models import Arrangement, ArrangementRepaid, Certificate, Instruction
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services import telling
from dunwell.arrangements.services.instructing import Told
from dunwell.arrears.models import AccountState
from dunwell.compliance.models import Hold
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.nightly.services import reassess
from dunwell.payments import services as payments
from dunwell.payments.models import Payment
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, PartyIdentity
from tests import build, plans
from tests.sizes import in_the_soak

D = build.TODAY


@pytest.fixture
def account(db, settings) -> Account:
    settings.EMAIL_HOST = "127.0.0.1"  # connected; whether it leaves is channels' own matter
    party, _, _ = build.debtor()
    name, number = (portfolio.seal_text(party_id=party.pk, text=text) for text in ("张三丰", "990000199001011234"))
    PartyIdentity.objects.create(party=party, name_sealed=name, id_sealed=number, id_kind="resident_id", digest=b"")
    build.contact_point(party=party, kind="email", value="a@example.com")
    return party.accounts.get()


def day(n: int) -> date:
    return D + timedelta(days=n)


def confirmed(on: date = D) -> None:
    """What the host was asked and has not answered, confirmed."""
    for one in Instruction.objects.filter(answer=None).order_by("id"):
        services.answer_instruction(told=Told(one.pk, True, on), source="api", by=plans.BY, now=plans.noon(on))


def in_force(account: Account, wish: Wish, **fields: object) -> Arrangement:
    plan = plans.propose(account, wish, now=plans.noon(D), **fields)
    plans.agree(plan, now=plans.noon(D))
    confirmed()
    AccountState.objects.update(past_due=Decimal("0.00"), days_delinquent=0)
    return plan


def pay(account: Account, amount: str, on: date, **fields: object) -> Payment:
    return payments.receive(
        **{
            "account_id": account.pk, "amount": Decimal(amount), "currency": "CNY", "posting_date": on,
            "transaction_date": on, "host_ref": f"R-{on}", "source": "file", "by": plans.BY, "now": plans.noon(on), **fields,
        }
    )  # fmt: skip


def bounces(payment: Payment, on: date, amount: str | None = None) -> None:
    payments.reverse(
        payment_id=payment.pk, amount=payment.amount if amount is None else Decimal(amount), posting_date=on,
        host_ref=f"B-{on}-{amount}", by=plans.BY, now=plans.noon(on),
    )  # fmt: skip


def stands(plan: Arrangement, on: date, *, owed: str | None = None, books_of: date | None = None) -> str:
    """Where it stands on a day, after all that follows; `owed` by the host's books of that day, or of `books_of`."""
    books = {} if owed is None else {"principal_retail": owed, "balance": owed}
    AccountState.objects.filter(account=plan.account).update(business_date=books_of or on, **books)
    for _ in range(2):  # judged, and after what follows judged again
        reassess(now=plans.noon(on), party_ids=[plan.party_id])
        services.follow(now=plans.noon(on))
    plan.refresh_from_db()
    return plan.standing


def asked(plan: Arrangement) -> list[str]:
    return list(Instruction.objects.filter(arrangement=plan).order_by("id").values_list("kind", flat=True))


def stopped() -> set[int]:
    """The accounts about which no demand is made."""
    return set(Hold.objects.filter(kind__in=("art70", "plan"), lift=None).values_list("account_id", flat=True))


def settled(account: Account) -> tuple[Arrangement, Payment, Certificate]:
    """7,000.00 of 10,000.00 paid in full on the third of seven days, the host's books at nought, and certified."""
    AccountState.objects.update(days_delinquent=120, principal_retail=Decimal("10000.00"))
    wish = Wish("settlement", 7, waived={"principal": Decimal("3000.00")})
    plan = in_force(account, wish, by_role="team_leader")
    assert (stands(plan, D), stopped()) == ("in_force", {account.pk})
    paid = pay(account, str(plan.instalments.get().amount), day(3))
    assert (stands(plan, day(3), owed="0.00"), stopped()) == ("ended", set())
    request = services.request_certificate(
        account_id=account.pk, kind="settled", reason="he asked", by=plans.COLLECTOR, now=plans.noon(day(4)), key="c"
    )
    confirmed(day(4))
    assert services.issue_certificates(now=plans.noon(day(4))) == 1
    return plan, paid, request.certificate


def test_a_settlement_whose_payment_bounces_within_its_days_is_in_force_again_and_its_certificate_is_revoked(
    account, client
):
    plan, paid, certificate = settled(account)
    assert services.revoke_certificates(now=plans.noon(day(5))) == 0
    assert "真实有效" in client.get(f"/verify/{certificate.token}").content.decode()
    bounces(paid, day(5))
    assert stands(plan, day(5), books_of=day(3)) == "in_force"
    assert stopped() == {account.pk} and asked(plan) == ["waiver"]  # the waiver was never taken back
    assert [services.revoke_certificates(now=plans.noon(day(5))) for _ in range(2)] == [1, 0]
    page = client.get(f"/verify/{certificate.token}").content.decode()
    assert "已撤销" in page and "真实有效" not in page and certificate.number in page and f"{day(5)}" in page
    [shown] = queries.certificates_of(party_id=account.party_id)
    assert shown.certificate.revocation.reversal.payment_id == paid.pk
    with pytest.raises(services.NotAllowed, match="owed"):  # before the books know of it
        services.request_certificate(
            account_id=account.pk, kind="settled", reason="again", by=plans.BY, now=plans.noon(day(5)), key="c2"
        )
    pay(account, "7000.00", day(6))
    assert (stands(plan, day(6), owed="0.00"), stopped()) == ("ended", set())
    assert list(plan.steps.order_by("id").values_list("standing", flat=True)) == ["ended", "in_force", "ended"]
    assert evidence.verify().changed == []


@pytest.mark.parametrize("amount", ["7000.00", "0.01"])
def test_after_its_days_it_is_terminated_and_the_waiver_taken_back(account, amount):
    plan, paid, _ = settled(account)
    bounces(paid, day(9), amount)
    assert (stands(plan, day(9)), stopped()) == ("terminated", set())
    assert asked(plan) == ["waiver", "waiver_reversal"]
    assert services.revoke_certificates(now=plans.noon(day(9))) == 1


@pytest.mark.parametrize("answered", [True, False])
def test_a_card_is_blocked_again_whether_its_release_was_confirmed_or_not(account, answered):
    plan = in_force(account, Wish("personalised_plan", 24))
    paid = pay(account, "12000.00", day(2))
    assert stands(plan, day(3)) == "ended" and stopped() == set()
    assert asked(plan)[3:] == ["card_release"]
    if answered:
        confirmed(day(3))
    bounces(paid, day(4))
    for _ in range(2):
        assert stands(plan, day(4)) == "in_force"
    assert asked(plan)[3:] == ["card_release", "card_block"] and stopped() == {account.pk}
    confirmed(day(4))
    pay(account, "12000.00", day(5))
    assert stands(plan, day(5)) == "ended" and stopped() == set()
    assert asked(plan)[3:] == ["card_release", "card_block", "card_release"]


@in_the_soak
def test_ended_again_before_the_host_has_blocked_the_card_it_is_released_with_its_word(account):
    plan = in_force(account, Wish("personalised_plan", 24))
    paid = pay(account, "12000.00", day(2))
    assert stands(plan, day(2)) == "ended"
    bounces(paid, day(3))
    assert stands(plan, day(3)) == "in_force"
    pay(account, "12000.00", day(4))
    assert stands(plan, day(4)) == "ended" and asked(plan)[3:] == ["card_release", "card_block"]
    confirmed(day(5))
    assert asked(plan)[3:] == ["card_release", "card_block", "card_release"]


@in_the_soak
def test_of_a_due_date_that_he_was_told_of_he_is_told_again(account, monkeypatch):
    monkeypatch.setattr(telling, "connected", lambda channel: channel == "sms")
    plan = in_force(account, Wish("personalised_plan", 24))
    first, second = plan.instalments.order_by("position").values_list("due_date", flat=True)[:2]
    assert stands(plan, first + timedelta(1)) == "missed"
    paid = pay(account, "12000.00", first + timedelta(2))
    assert stands(plan, first + timedelta(2)) == "ended" and stopped() == set()
    bounces(paid, first + timedelta(3), "11600.00")
    assert stands(plan, first + timedelta(3)) == "missed" and stopped() == {account.pk}
    assert plan.instalments.get(position=1).state == "partly_paid"
    assert stands(plan, first + timedelta(6)) == "breached" and stopped() == set()
    steps = list(plan.steps.order_by("id").values_list("standing", "due_date"))
    last = plan.instalments.order_by("-position").values_list("due_date", flat=True)[0]
    assert steps == [("missed", first), ("ended", last), ("missed", first), ("breached", first)]
    told = Log.objects.filter(kind="arrangement.followed", data__standing="missed").order_by("id")
    assert len({one.data["message"] for one in told}) == 2
    pay(account, "100.00", first + timedelta(8))
    assert stands(plan, first + timedelta(8)) == "in_force" and stopped() == {account.pk}


def repaid(account: Account, credit: str = "0.00") -> tuple[Arrangement, Payment]:
    """A plan of 12,000.00, 11,000.00 paid on it, after which the host's books say that nothing is owed."""
    plan = in_force(account, Wish("personalised_plan", 24))
    paid = pay(account, "11000.00", day(1))
    AccountState.objects.update(credit_balance=Decimal(credit))
    assert stands(plan, day(2), owed="0.00") == "ended" and stopped() == set()
    return plan, paid


def told_of(plan: Arrangement) -> list[bool]:
    return list(ArrangementRepaid.objects.filter(arrangement=plan).order_by("id").values_list("repaid", flat=True))


def test_repaid_early_by_a_payment_that_bounces_it_was_not_and_may_be_again(account):
    plan, paid = repaid(account)
    assert stands(plan, day(3), owed="300.00") == "ended"  # he uses his card again
    bounces(paid, day(4))
    assert stands(plan, day(4), books_of=day(3), owed="0.00") == "in_force"  # by day, before the books know of it
    assert stopped() == {account.pk} and asked(plan)[3:] == ["card_release", "card_block"]
    [entry] = Log.objects.filter(kind="arrangement.not_repaid")
    assert entry.data["arrangement"] == plan.pk and told_of(plan) == [True, False]
    assert stands(plan, day(5), owed="11000.00") == "in_force"
    pay(account, "11000.00", day(6))
    assert stands(plan, day(6), owed="0.00") == "ended" and told_of(plan) == [True, False, True]
    assert stopped() == set() and evidence.verify().changed == []


@pytest.mark.parametrize(
    ("credit", "taken", "anew", "standing"),
    [
        ("0.00", "0.01", "0.00", "in_force"),
        ("50.00", "50.00", "0.00", "ended"),  # no more than was there beyond what was owed
        ("50.00", "50.01", "0.00", "in_force"),
        ("0.00", "11000.00", "11000.00", "ended"),  # a booking corrected: taken back and booked again
    ],
)
def test_repaid_early_it_stays_as_long_as_what_was_owed_is_covered(account, credit, taken, anew, standing):
    plan, paid = repaid(account, credit)
    AccountState.objects.update(credit_balance=Decimal("0.00"))  # spent since
    bounces(paid, day(4), taken)
    if anew != "0.00":
        pay(account, anew, day(1), posting_date=day(4), host_ref="again", now=plans.noon(day(4)))
    assert stands(plan, day(4), owed="5.00") == standing
    assert told_of(plan) == ([True] if standing == "ended" else [True, False])


@in_the_soak
def test_money_that_came_later_and_bounces_changes_nothing(account):
    plan, _ = repaid(account)
    bounces(pay(account, "300.00", day(5)), day(6))  # for what he bought with it since
    assert stands(plan, day(6), owed="300.00") == "ended" and told_of(plan) == [True]


def test_long_after_it_had_ended_it_stays_so(account):
    plan, paid = repaid(account)
    bounces(paid, day(204))
    assert stands(plan, day(204)) == "ended" and told_of(plan) == [True]


def test_who_dies_after_he_has_performed_it_has_performed_it(account):
    plan, _, _ = settled(account)
    Hold.objects.create(
        party=account.party, kind="death", reason="told by his wife", starts_at=plans.noon(D), recorded_at=plans.noon(D)
    )
    assert stands(plan, day(4)) == "ended" and asked(plan) == ["waiver"]


@in_the_soak
def test_of_a_combined_plan_the_card_that_was_not_repaid_after_all_is_in_it_again(account):
    second = build.account("A2", party=account.party)
    build.account_state(account=second, principal_retail=Decimal("6000.00"), balance=Decimal("6000.00"))
    lead = in_force(account, Wish("personalised_plan", 24), others=[second.pk], left=Decimal("1000.00"))
    parts = list(lead.combined.parts.order_by("pk"))
    assert stands(lead, D) == "in_force" and stopped() == {account.pk, second.pk}
    paid = pay(second, "5000.00", day(1))
    AccountState.objects.filter(account=second).update(business_date=day(2), principal_retail=Decimal("0.00"))
    assert stands(lead, day(2)) == "in_force" and stopped() == {account.pk}
    assert asked(parts[1])[3:] == ["card_release"]
    bounces(paid, day(3))
    assert stands(lead, day(3)) == "in_force" and stopped() == {account.pk, second.pk}
    assert asked(parts[1])[3:] == ["card_release", "card_block"]

    pay(account, "12000.00", day(4))
    again = pay(second, "6000.00", day(4))
    assert stands(lead, day(4)) == "ended" and stopped() == set()
    bounces(again, day(5))  # of one card: the whole has not ended
    assert stands(lead, day(5)) == "in_force" and stopped() == {account.pk, second.pk}
    assert list(lead.steps.order_by("id").values_list("standing", flat=True)) == ["ended", "in_force"]
