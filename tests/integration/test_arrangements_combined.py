"""One plan over two cards of a person: offered, approved, agreed, booked, performed, missed, cured, ended and certified as one."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import transaction
from django.db.models import Q
from pypdf import PdfReader

from dunwell.arrangements import services
from dunwell.arrangements.models import Arrangement, Certificate, CombinedPlan, DueReminder, Instalment, Instruction
from dunwell.arrangements.queries import agreements_of, waiting_for_approval
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services import agreeing, instructing
from dunwell.arrangements.services.instructing import Told
from dunwell.arrears.models import AccountState
from dunwell.channels.models import Message
from dunwell.compliance.models import Hold
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.nightly.services import reassess
from dunwell.payments import services as payments
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, PartyIdentity
from tests import build, plans

D = build.TODAY
LATER = D + timedelta(days=4)


@pytest.fixture
def accounts(db, settings) -> tuple[Account, Account]:
    """Two cards of one person, 12,000.00 in all."""
    party = build.party("P1")
    name, number = (portfolio.seal_text(party_id=party.pk, text=text) for text in ("张三丰", "990000199001011234"))
    PartyIdentity.objects.create(party=party, name_sealed=name, id_sealed=number, id_kind="resident_id", digest=b"")
    build.contact_point(party=party, kind="email", value="a@example.com")
    settings.EMAIL_HOST = "127.0.0.1"  # connected; whether it leaves is channels' own matter
    build.case(party=party)
    first, second = (build.account(no, party=party) for no in ("A1", "A2"))
    owes(first, "7000.00", "900.00")
    owes(second, "5000.00", "600.00")
    return first, second


def owes(account: Account, balance: str, past_due: str) -> None:
    build.account_state(account=account, past_due=past_due, principal_retail=Decimal(balance), balance=Decimal(balance))


def propose(accounts, **fields: object) -> list[Arrangement]:
    lead = plans.propose(
        accounts[0], Wish("personalised_plan", 24), now=plans.noon(D), others=[accounts[1].pk], **fields
    )
    return list(lead.combined.parts.order_by("pk"))


def judged(parts: list[Arrangement], day: date) -> list[str]:
    """The standings of a day by the night's programs, and what follows from them."""
    AccountState.objects.update(business_date=day)
    reassess(now=plans.noon(day), party_ids=[parts[0].party_id])
    services.follow(now=plans.noon(day))
    for part in parts:
        part.refresh_from_db()
    return [part.standing for part in parts]


def answered(one: Instruction, day: date, *, confirmed: bool = True) -> None:
    told = Told(one.pk, confirmed, day, "" if confirmed else "blocked by the card system")
    services.answer_instruction(told=told, source="api", by=plans.BY, now=plans.noon(day))


def confirmed(parts: list[Arrangement], day: date = D) -> None:
    for one in Instruction.objects.filter(arrangement__in=parts, answer=None).order_by("id"):
        answered(one, day)


def asked(part: Arrangement) -> list[str]:
    return list(Instruction.objects.filter(arrangement=part).order_by("id").values_list("kind", flat=True))


def holds() -> set[int]:
    return set(Hold.objects.filter(kind="art70", lift=None).values_list("account_id", flat=True))


def reasons() -> set[str]:
    """Which plans stop demands."""
    return set(Hold.objects.filter(kind="art70", lift=None).values_list("reason", flat=True))


def pay(account: Account, amount: str, day: date) -> None:
    payments.receive(
        account_id=account.pk, amount=Decimal(amount), currency="CNY", posting_date=day, transaction_date=day,
        host_ref=f"{account.account_no}-{day}", source="file", by=plans.BY, now=plans.noon(day),
    )  # fmt: skip


def text_of(pdf: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages))


def text_of_message(message: Message) -> str:
    return portfolio.open_text(party_id=message.party_id, sealed=bytes(message.text_sealed))


def test_it_is_proposed_once_to_the_cent_and_approved_by_the_mandate_on_the_total(accounts):
    parts = propose(accounts)
    assert [part.pk for part in propose(accounts)] == [part.pk for part in parts]  # a double click
    assert [(part.account_id, part.amount) for part in parts] == [
        (accounts[0].pk, Decimal("7000.00")), (accounts[1].pk, Decimal("5000.00")),
    ]  # fmt: skip
    [whole] = agreements_of(party_id=parts[0].party_id)
    assert (whole.amount, len(whole.lines)) == (Decimal("12000.00"), 24)
    assert {line.amount for line in whole.lines} == {Decimal("500.00")}
    assert sum(Instalment.objects.values_list("amount", flat=True)) == whole.amount
    [listed] = waiting_for_approval(entity_id=parts[0].entity_id, hidden=Q(pk=None), limit=9)
    assert listed.amount == whole.amount
    services.answer_proposal(
        arrangement_id=parts[1].pk, approved=True, by=plans.LEADER, by_role="team_leader", now=plans.noon(D)
    )
    assert judged(parts, D) == ["approved", "approved"]
    assert [one.data["amount"] for one in Log.objects.filter(kind="arrangement.proposed")] == ["12000.00"]

    larger = build.account("A3", party=parts[0].party)
    owes(larger, "45000.00", "2000.00")
    services.cancel(arrangement_id=parts[0].pk, reason="a third card", by=plans.COLLECTOR, now=plans.noon(D))
    assert judged(parts, D) == ["cancelled", "cancelled"]
    wish = Wish("personalised_plan", 36)
    one = plans.propose(larger, wish, now=plans.noon(D), left=Decimal("1250.00"), key="one")
    services.cancel(arrangement_id=one.pk, reason="all of them", by=plans.COLLECTOR, now=plans.noon(D))
    judged([one], D)
    told = {"left": Decimal("1700.00"), "key": "all", "others": [account.pk for account in accounts]}
    assert (one.persons, plans.propose(larger, wish, now=plans.noon(D), **told).persons) == (1, 2)  # 57,000.00 in all


def test_a_part_that_the_host_refuses_takes_the_whole_back(accounts):
    parts = propose(accounts)
    plans.agree(parts[1], now=plans.noon(D))  # one consent, whichever part is named
    assert len({part.consent.evidence for part in parts}) == 1
    assert judged(parts, D) == ["agreed", "agreed"]
    confirmed([parts[0]])
    assert holds() == set()  # the other account's are not answered
    refused, *others = parts[1].instructions.order_by("id")
    answered(refused, D, confirmed=False)
    assert judged(parts, D) == ["rejected", "rejected"] and holds() == set()
    assert asked(parts[0])[3:] == ["plan_cancellation", "resumption_of_interest", "card_release"]
    assert asked(parts[1])[3:] == []
    answered(others[0], D)  # what comes in after that is taken back as well
    assert asked(parts[1])[3:] == ["resumption_of_interest"]


def test_it_is_performed_missed_in_one_part_cured_ended_and_certified_as_one(accounts):
    first, second = accounts
    parts = propose(accounts)
    plans.agree(parts[0], now=plans.noon(D))
    confirmed([parts[1]])
    assert judged(parts, D) == ["agreed", "agreed"] and holds() == set()
    confirmed(parts)
    assert holds() == {first.pk, second.pk}  # with the last confirmation of all, in the same transaction
    assert judged(parts, D) == ["in_force", "in_force"]
    AccountState.objects.update(past_due=Decimal("0.00"), days_delinquent=0)
    due = [row.due_date for row in parts[0].instalments.order_by("position")]

    services.follow(now=plans.noon(due[0] - timedelta(3)))
    message = Message.objects.get()  # one for both, of which each account is told as reminded
    assert "尾号为A1, A2的" in text_of_message(message) and "CNY 500.00" in text_of_message(message)
    assert [one.message_id for one in DueReminder.objects.all()] == [message.pk] * 2
    assert message.account_id is None  # a hold on either of them would stop it
    pay(first, "291.67", due[0])
    pay(second, "208.33", due[0])
    assert judged(parts, due[0] + timedelta(1)) == ["in_force", "in_force"]

    pay(first, "291.67", due[1])  # and nothing for the other
    assert judged(parts, due[1] + timedelta(1)) == ["missed", "missed"]
    assert [row.state for row in Instalment.objects.filter(position=2).order_by("arrangement_id")] == ["paid", "missed"]
    assert judged(parts, due[1] + timedelta(6)) == ["breached", "breached"] and holds() == set()
    pay(second, "208.33", due[1] + timedelta(8))
    assert judged(parts, due[1] + timedelta(8)) == ["in_force", "in_force"]
    assert holds() == {first.pk, second.pk}
    steps = [list(part.steps.order_by("id").values_list("standing", "due_date")) for part in parts]
    assert steps == [[("missed", due[1]), ("breached", due[1]), ("in_force", due[2])], []]  # each once, by the lead

    pay(first, "6416.66", due[2])
    assert judged(parts, due[2]) == ["in_force", "in_force"]  # one of two is paid whole
    pay(second, "4583.34", due[2])
    assert judged(parts, due[2] + timedelta(1)) == ["ended", "ended"] and holds() == set()
    assert asked(parts[0]) == asked(parts[1]) == ["plan_booking", "stop_of_interest", "card_block", "card_release"]
    said = [row.data["standing"] for row in Log.objects.filter(kind="arrangement.judged").order_by("id")]
    assert said == ["agreed", "in_force", "missed", "breached", "in_force", "ended"]

    AccountState.objects.update(balance=Decimal("0.00"))
    on = plans.noon(due[2] + timedelta(1))
    request = services.request_certificate(
        account_id=first.pk, kind="settled", reason="he asked", by=plans.COLLECTOR, now=on, key="c", together=True
    )
    of_both = list(Instruction.objects.filter(kind="balance_confirmation").order_by("id"))
    assert [one.account_id for one in of_both] == [first.pk, second.pk]
    answered(of_both[0], due[2])
    assert services.issue_certificates(now=on) == 0
    answered(of_both[1], due[2])
    assert [services.issue_certificates(now=on) for _ in range(2)] == [1, 0]
    issued = Certificate.objects.get(request=request)
    paper = text_of(evidence.read_file(issued.file))
    assert "A1、A2" in paper and "上述各账户" in paper
    assert evidence.verify().changed == []


def test_a_card_that_is_repaid_early_is_paid_and_the_other_goes_on(accounts):
    first, second = accounts
    wish, told = Wish("instalment_plan", 12, Decimal("1200.00")), {"left": Decimal("1000.00"), "others": [second.pk]}
    parts = list(plans.propose(first, wish, now=plans.noon(D), **told).combined.parts.order_by("pk"))
    plans.agree(parts[0], now=plans.noon(D))
    confirmed(parts)
    AccountState.objects.update(past_due=Decimal("0.00"), days_delinquent=0)
    pay(first, "1000.00", D + timedelta(1))  # a merchant's refund does the rest
    pay(second, "500.00", D + timedelta(1))
    assert judged(parts, D + timedelta(1)) == ["in_force", "in_force"]
    AccountState.objects.filter(account=first).update(principal_retail=Decimal("0.00"))
    due = [row.due_date for row in parts[1].instalments.filter(position__gt=0).order_by("position")]
    assert judged(parts, D + timedelta(2)) == ["in_force", "in_force"] and parts[0].repayments.get().repaid
    assert not parts[1].repayments.exists() and holds() == set()  # of another kind
    had = sum(row.received for row in parts[0].instalments.all())
    pay(first, "300.00", D + timedelta(5))  # for what he bought with it since
    assert judged(parts, D + timedelta(6)) == ["in_force", "in_force"]
    assert sum(row.received for row in parts[0].instalments.all()) == had
    its = parts[1].instalments.get(position=1).amount
    services.follow(now=plans.noon(due[0] - timedelta(3)))
    assert f"应还CNY {its:,.2f}" in text_of_message(Message.objects.get())
    pay(second, str(its), due[0])
    assert judged(parts, due[0] + timedelta(1)) == ["in_force", "in_force"]
    assert judged(parts, due[1] + timedelta(1)) == ["missed", "missed"]
    assert parts[0].instalments.get(position=1).state == "open"
    assert list(parts[0].steps.values_list("standing", "due_date")) == [("missed", due[1])]
    say = {"reason": "he found work", "by": plans.COLLECTOR, "now": plans.noon(due[1] + timedelta(1))}
    ends = [services.cancel(arrangement_id=part.pk, **say).pk for part in (parts[1], parts[1])]
    assert ends == [parts[1].pk] * 2
    assert judged(parts, due[1] + timedelta(1)) == ["cancelled", "cancelled"]


def running(accounts) -> list[Arrangement]:
    """A personalised plan of 24 months over both cards, in force, after whose booking the host tells of nothing past due."""
    parts = propose(accounts)
    plans.agree(parts[0], now=plans.noon(D))
    confirmed(parts)
    AccountState.objects.update(past_due=Decimal("0.00"), days_delinquent=0)
    assert judged(parts, D) == ["in_force", "in_force"]
    return parts


def changed(parts: list[Arrangement], *accounts: Account, key: str = "a-2") -> list[Arrangement]:
    """Proposed in the place of a running plan, by the number of its last part, and agreed to."""
    told = {"left": Decimal("260.00"), "changes": parts[-1].pk, "others": [one.pk for one in accounts[1:]], "key": key}
    lead = plans.propose(accounts[0], Wish("personalised_plan", 48), now=plans.noon(LATER), **told)
    plans.agree(lead, now=plans.noon(LATER))
    return list(lead.combined.parts.order_by("pk"))


@pytest.mark.parametrize("booked", [True, False])
def test_it_is_changed_with_all_its_cards_or_runs_on_with_all_of_them(accounts, booked):
    old = running(accounts)
    with pytest.raises(services.NotAllowed, match="whole"):
        changed(old, accounts[0])
    new = changed(old, *accounts)
    first, second = (part.instructions.get() for part in new)  # interest stands still and the cards are blocked already
    for one, part in ((first, old[0]), (second, old[1])):
        assert (one.kind, one.payload["replaces"]) == ("plan_replacement", part.pk)
        assert one.account_id == part.account_id and len(one.payload["instalments"]) == 48
    answered(first, LATER)
    assert judged(old, LATER) == ["in_force"] * 2 and reasons() == {f"#{part.pk}" for part in old}
    answered(second, LATER, confirmed=booked)
    assert reasons() == {f"#{part.pk}" for part in (new if booked else old)}  # in the transaction of the last answer
    assert judged(old, LATER) == ["replaced" if booked else "in_force"] * 2
    assert judged(new, LATER) == ["in_force" if booked else "rejected"] * 2
    assert reasons() == {f"#{part.pk}" for part in (new if booked else old)}
    if booked:
        assert [asked(part)[3:] for part in old] == [[], []] and asked(new[1]) == ["plan_replacement"]
        [entry] = Log.objects.filter(kind="arrangement.replaced")
        assert entry.data["parts"] == [part.pk for part in old] and entry.data["by"] == new[0].pk
    else:
        back = old[0].instructions.latest("pk")  # what the host had booked of it
        assert (back.kind, back.payload["replaces"]) == ("plan_replacement", new[0].pk)
        assert len(back.payload["instalments"]) == 24 and asked(old[1])[3:] == []
    assert evidence.verify().changed == []


def test_the_card_that_is_repaid_is_not_in_the_change_and_the_whole_gives_way(accounts):
    first, second = accounts
    old = running(accounts)
    pay(second, "4900.00", D + timedelta(1))
    AccountState.objects.filter(account=second).update(principal_retail=Decimal("0.00"))
    assert judged(old, D + timedelta(2)) == ["in_force"] * 2 and old[1].repayments.get().repaid
    told = {"left": Decimal("200.00"), "changes": old[0].pk, "key": "a-2"}
    with pytest.raises(services.NotAllowed, match="whole"):
        plans.propose(first, Wish("personalised_plan", 36), now=plans.noon(LATER), others=[second.pk], **told)
    new = plans.propose(first, Wish("personalised_plan", 36), now=plans.noon(LATER), **told)
    plans.agree(new, now=plans.noon(LATER))
    confirmed([new], LATER)
    assert new.combined is None and judged([new], LATER) == ["in_force"] and judged(old, LATER) == ["replaced"] * 2
    assert reasons() == {f"#{new.pk}"}


def test_the_desk_changes_it_in_one_step(accounts, client):
    old = running(accounts)
    client.force_login(build.user("collector"), backend="dunwell.identity.backends.Backend")
    address = f"/cases/{old[0].party.cases.get().case_no}/arrangement"
    assert f"account={accounts[0].pk}&amp;changes={old[0].pk}" in client.get(address).content.decode()
    known = {
        "left": "260", "circumstances": "yes", "willing": "yes", "changes": old[0].pk, "account": accounts[0].pk,
    }  # fmt: skip
    page = client.get(address, known).content.decode()
    assert "<b>A1</b> + <b>A2</b>" in page and "of it A2" in page and 'type="checkbox" name="with"' not in page
    terms = {"code": "personalised_plan", "term": "48", "key": "k", "first_payment": "0", "with": accounts[1].pk}
    for _ in range(2):  # a double click
        client.post(f"{address}/propose", {**known, **terms})
    new = Arrangement.objects.filter(replaces__in=old).order_by("pk")
    assert [(part.replaces_id, part.account_id) for part in new] == [(part.pk, part.account_id) for part in old]
    assert len({part.combined_id for part in new}) == 1


@pytest.mark.parametrize("at", ["agreed", "in_force"])
def test_killed_between_two_parts_neither_is_there_and_done_again_both_are(accounts, monkeypatch, at):
    def killed(part: Arrangement, *args: object, **kwargs: object) -> object:
        if part.account_id == accounts[1].pk:
            raise KeyboardInterrupt
        return does(part, *args, **kwargs)

    parts = propose(accounts)
    if at == "in_force":
        plans.agree(parts[0], now=plans.noon(D))
        *before, last = Instruction.objects.filter(arrangement__in=parts).order_by("id")
        for one in before:
            answered(one, D)
    module, name = (agreeing, "ask_for") if at == "agreed" else (instructing, "place_hold")
    does = getattr(module, name)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt), transaction.atomic():
        broken.setattr(module, name, killed)
        plans.agree(parts[0], now=plans.noon(D)) if at == "agreed" else answered(last, D)
    if at == "agreed":
        assert not Instruction.objects.exists() and judged(parts, D) == ["proposed", "proposed"]
        plans.agree(parts[0], now=plans.noon(D))
        assert [len(asked(part)) for part in parts] == [3, 3]
    else:
        assert holds() == set() and judged(parts, D) == ["agreed", "agreed"]
        answered(last, D)
        assert judged(parts, D) == ["in_force", "in_force"] and len(holds()) == 2


def test_one_paper_has_each_accounts_lines_and_their_sums(accounts):
    parts = propose(accounts)
    paper = {"by": plans.BY, "now": build.NOW}
    said = text_of(services.agreement(arrangement_id=parts[1].pk, language="zh-hans", **paper))
    for part in (
        "账户A1、A2", "本协议金额合计12,000.00", "账户A1", "本金（未分期）7,000.00", "12026-12-23291.670.00291.67", "账户A2",
        "12026-12-23208.330.00208.33", "12026-12-23500.000.00500.00", "任何一个账户的任何一期",
        "停止催收各账户", "存入一个账户即视为按到期先后偿还该账户各期",
    ):  # fmt: skip
        assert part in said, part
    said = text_of(services.agreement(arrangement_id=parts[0].pk, language="en", **paper))
    assert "Amountofthisagreementinall12,000.00" in said and "Aninstalmentofanyoftheaccounts" in said


def test_only_accounts_of_one_person_and_currency_and_only_what_may_be_about_several(accounts):
    first, second = accounts
    dollars = build.account("A3", party=first.party, currency="USD")
    stranger = build.account("B1", party=build.party("P2"))
    for other in (dollars, stranger, first):
        with pytest.raises(services.NotAllowed, match="combined"):
            plans.propose(first, Wish("personalised_plan", 24), now=plans.noon(D), others=[other.pk])
    with pytest.raises(services.NotOffered) as refused:
        plans.propose(first, Wish("deferral", 1), now=plans.noon(D), others=[second.pk])
    assert [reason.rule for reason in refused.value.reasons] == ["P-SEVERAL"]
    plans.propose(second, Wish("personalised_plan", 24), now=plans.noon(D), left=Decimal("300.00"), key="single")
    with pytest.raises(services.NotOffered) as refused:
        propose(accounts)
    assert [(reason.rule, reason.text_en[:11]) for reason in refused.value.reasons] == [("P-RUNNING", "Account A2:")]
    assert not CombinedPlan.objects.exists() and not Message.objects.exists()
