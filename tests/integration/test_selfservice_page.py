"""The cardholder's page as it is served: its own process under dunwell_outside, a provider's process, the worker here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request as Call
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from dunwell.arrangements import services as services_of_plans
from dunwell.arrangements.means.queries import proofs
from dunwell.arrangements.models import Arrangement, CertificateAccount, ChangeAnswer, ChangeRequest, Promise
from dunwell.arrangements.queries import terms
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services import make_promise
from dunwell.arrears.models import AccountState
from dunwell.casework.models import Complaint, Dispute
from dunwell.casework.queries import timeline
from dunwell.casework.services import disputes
from dunwell.cli.worker import Worker
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Consent, Contact, Hold
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.payments.models import Payment
from dunwell.portfolio.models import AccountRole, Card, Touch
from dunwell.selfservice import services
from dunwell.selfservice.models import CallBack, CallBackOutcome, Order, Request
from tests import build, plans
from tests.cardholders import KNOWN, Provider, Visitor, identify, plan_in_force, served
from tests.conftest import database_of_its_own
from tests.running import until

BY = Actor.program("test")


@pytest.fixture(scope="module")
def own(server, django_db_setup, django_db_blocker, tmp_path_factory):
    """The page's address. One process and one database serve the whole file: each test has people of its own."""
    before = settings.PROVIDER_FILE, settings.CARDHOLDER_URL
    settings.PROVIDER_FILE = tmp_path_factory.mktemp("provider") / "payments.yaml"
    with database_of_its_own(server, django_db_blocker) as database:
        build.entity()
        with served(database) as url:
            settings.CARDHOLDER_URL = url
            yield url
    settings.PROVIDER_FILE, settings.CARDHOLDER_URL = before


@pytest.fixture
def provider(own, tmp_path):
    made = Provider(settings.PROVIDER_FILE, tmp_path / "provider.key")
    yield made
    made.end()
    settings.PROVIDER_FILE.unlink()


def debtor(past_due="2186.40"):
    party, point, case = build.debtor(past_due=past_due)
    account = party.accounts.get()
    Card.objects.create(
        entity=party.entity, account_no=account.account_no, token=f"t{account.pk}", last4="6027", digest=b"", digest_version=1,
        kind="primary", status="active",
    )  # fmt: skip
    return identify(party), point, case


def address(party, **given):
    return services.make_link(party_id=party.pk, channel="hand", by=BY, now=datetime.now(UTC), **given).address


def worked(visitor: Visitor) -> str:
    """The worker has answered, and the page that waited for it is read again."""
    services.handle(now=datetime.now(UTC))
    return visitor.get(visitor.asked)


class Guest(Visitor):
    asked = ""

    def post(self, path, **fields):
        said = super().post(path, **fields)
        if found := re.search(r'action="/language".*?value="(/asked/\d+)"', said, re.DOTALL):
            self.asked = found[1]
        return said


def test_who_comes_in_sees_what_he_owes_to_the_cent_and_nobody_else_does(own):
    party, _, case = debtor()
    guest, link = Guest(own), address(party)
    assert "2,186.40" not in guest.get(urlsplit(link).path) and guest.status == 200
    guest.post(urlsplit(link).path)
    assert "2,186.40" not in guest.text and "document" in guest.text
    assert guest.post("/door", known="999999") and guest.status == 422
    assert "2,186.40" in guest.post("/door", known=KNOWN) and "6027" in guest.text and "12,000.00" in guest.text
    assert party.name_masked in guest.text and guest.head["Cache-Control"] == "no-store"
    policy = guest.head["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy
    other = Guest(own)
    assert "closed" in other.get("/over") and other.get("/") == "" and other.head["Location"] == "/over"
    other.get(urlsplit(link).path)
    assert "does not open" in other.post(urlsplit(link).path) and other.status == 410
    services.handle(now=datetime.now(UTC))
    contact = Contact.objects.get(party=party)
    assert (contact.channel, contact.direction, contact.outcomes.get().identified) == ("page", "in", True)
    assert {"selfservice.opened", "selfservice.failed", "selfservice.passed", "contact.recorded"} <= {
        entry.kind for entry in timeline(party.pk).entries
    }
    guest.get("/")
    guest.post("/leave")
    assert guest.get("/") == "" and guest.head["Location"] == "/over"


def test_the_first_view_is_small_and_asks_no_other_host(own):
    party, _, _ = debtor()
    guest = Guest(own)
    text = guest.come_in(address(party))
    named = re.findall(r'(?:src|href|action)="([^"]+)"', text)
    assert not [one for one in named if "//" in one], "another host"
    size = len(text.encode())
    for asset in re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', text):
        guest.get(asset)
        assert guest.status == 200, asset
        size += len(guest.data)
    assert size < 100_000, size


def test_a_payment_at_the_provider_is_announced_once_and_stops_demands(own, provider):
    party, point, case = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get("/pay")
    assert "more than is owed" in guest.post("/pay", account=account(party), how="other", amount="12000.01", key="a")
    guest.post("/pay", account=account(party), how="other", amount="186.40", key="b")
    there = re.search(r'href="(http[^"]+checkout[^"]+)"', worked(guest))[1].replace("&amp;", "&")
    provider.be(times=2)
    with urlopen(there) as shown:
        assert "186.40" in shown.read().decode()
    order = Order.objects.get(account__party=party)
    assert "We wait for the word" in guest.get(f"/pay/back/{order.order_no}")
    pressed(provider, order)
    until(lambda: len(provider.events("told")) == 2)
    assert [one["status"] for one in provider.events("told")] == [200, 200] and CallBack.objects.filter(
        order=order
    ).count() == 1
    assert gate(party, point) != "G-PAID"
    assert [services.book_call_backs(now=datetime.now(UTC)) for _ in range(2)] == [1, 0]
    payment = Payment.objects.get(account__party=party)
    assert (payment.amount, payment.provisional, payment.source) == (Decimal("186.40"), True, "page")
    assert payment.account_id == account(party) and Touch.objects.filter(party=party).exists()
    assert gate(party, point) == "G-PAID"
    assert "Received" in guest.get(f"/pay/back/{order.order_no}")
    assert "186.40 CNY received" in guest.get("/")
    assert any(entry.kind == "payment.provisional" for entry in timeline(party.pk).entries)


def test_forged_call_backs_are_refused_late_ones_count_and_wrong_ones_wait_for_somebody(own, provider):
    party, _, _ = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    orders = []
    for key, amount in enumerate(("100.00", "200.00", "300.00")):
        guest.get("/pay")
        guest.post("/pay", account=account(party), how="other", amount=amount, key=key)
        urlopen(re.search(r'href="(http[^"]+checkout[^"]+)"', worked(guest))[1].replace("&amp;", "&")).close()
        orders.append(Order.objects.get(amount=amount, account__party=party))
    call_backs = CallBack.objects.filter(order__in=orders)
    payments = Payment.objects.filter(account__party=party)
    provider.be(hold=True)
    pressed(provider, orders[0])
    until(lambda: provider.events("held"))
    held = provider.events("held")[0]
    told = f"{own}/pay/told/sample-pay"
    assert posted(told, held["body"].replace("100.00", "9999.00"), held["signature"]) == 401
    assert posted(told, held["body"], held["signature"][:-6] + "AAAA==") == 401
    assert posted(told, held["body"], "") == 401 and posted(f"{own}/pay/told/other", held["body"], "") == 404
    assert not call_backs.exists()
    guest.get("/")
    guest.post("/leave")  # he is long gone when the provider is heard
    assert posted(told, held["body"], held["signature"]) == 200
    services.book_call_backs(now=datetime.now(UTC) + timedelta(days=1))
    assert payments.get().amount == Decimal("100.00")
    provider.be(hold=False, instead={"amount": "0.01"})
    pressed(provider, orders[1])
    provider.be(instead={"account": "A-somebody-else"})
    pressed(provider, orders[2])
    until(lambda: call_backs.count() == 3)
    services.book_call_backs(now=datetime.now(UTC))
    refused = CallBackOutcome.objects.filter(call_back__in=call_backs, payment=None)
    amounts = dict(refused.values_list("call_back__order__amount", "refused"))
    assert amounts == {Decimal("200.00"): "amount", Decimal("300.00"): "account"}
    assert payments.count() == 1
    assert Log.objects.filter(kind="selfservice.call_back_refused", party_id=party.pk).count() == 2
    provider.be(instead=None)
    pressed(provider, orders[0])  # paid a second time, under another reference
    until(lambda: call_backs.count() == 4)
    services.book_call_backs(now=datetime.now(UTC))
    assert CallBackOutcome.objects.order_by("pk").last().refused == "again" and payments.count() == 1


def test_a_promise_is_held_to_the_policy_and_a_double_click_is_one(own):
    party, _, case = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get("/arrange")
    days = [str(d) for d, may in terms(past_due=Decimal("2186.40"), currency="CNY", now=datetime.now(UTC)).days if may]
    guest.post("/arrange/promise", currency="CNY", day=days[-1:], amount=["1.00"], key="a")
    assert "655.92" in worked(guest) and not Promise.objects.filter(party=party).exists()  # the least part: 30 %
    guest.get("/arrange")
    for _ in range(2):
        guest.post("/arrange/promise", currency="CNY", day=days[-1:], amount=["1,000.00"], key="b")
        worked(guest)
        guest.get("/arrange")
    promise = Promise.objects.get(party=party)
    assert promise.case_id == case.pk and promise.parts.get().amount == Decimal("1000.00")
    assert "1,000.00" in guest.get("/") and Contact.objects.get(pk=promise.contact_id).channel == "page"
    assert Contact.objects.get(party=party).outcomes.order_by("-pk").first().result == "promise"
    sister = build.party(name_masked="李*")
    AccountRole.objects.create(account_no=party.accounts.get().account_no, party=sister, role="guarantor")
    part = (date.fromisoformat(days[-1]), Decimal("700.00"), sister.pk)
    make_promise(party_id=party.pk, parts=[part], by=BY, now=datetime.now(UTC), key=f"joint-{party.pk}")
    text = guest.get("/")
    assert "700.00" in text and "(by who answers for it with you)" in text and "李*" not in text


def test_a_plan_within_the_mandate_is_his_at_once_and_the_host_is_asked(own):
    party, _, case = debtor(past_due="1200.00")
    state = AccountState.objects.get(account__party=party)
    state.balance, state.principal_retail, state.days_delinquent = Decimal("4000.00"), Decimal("4000.00"), 35
    state.save()
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get("/arrange")
    guest.post("/arrange/offers", monthly="700", key="a")
    said = worked(guest)
    assert "Paid in all" in said and "Instalment plan" in said, said
    shown = guest.asked.rpartition("/")[2]
    state.balance -= 1
    state.principal_retail -= 1
    state.save()
    guest.post("/arrange/take", offers=shown, nr="0", key="b")
    assert "has changed meanwhile" in worked(guest) and not Arrangement.objects.filter(party=party).exists()
    state.balance += 1
    state.principal_retail += 1
    state.save()
    guest.get(f"/asked/{shown}")
    guest.post("/arrange/take", offers=shown, nr="0", key="c")
    assert "Agreed" in worked(guest)
    made = Arrangement.objects.get(party=party)
    assert (made.persons, made.case_id, made.consent.form) == (0, case.pk, "written") and made.instructions.exists()
    offer = Request.objects.get(pk=shown).answer.data["offers"][0]
    assert (offer["product"], Decimal(offer["cost"])) == (made.product, made.cost)
    assert "The bank books it now" in guest.get(f"/agreed/{made.pk}")
    stranger = Guest(own)
    stranger.come_in(address(debtor()[0]))
    assert stranger.get(f"/agreed/{made.pk}") and stranger.status == 404
    guest.get(f"/asked/{shown}")
    guest.post("/arrange/take", offers=shown, nr="1", key="d")
    worked(guest)
    assert Arrangement.objects.filter(party=party).count() == 1, "one at a time"


def test_a_running_plan_is_changed_at_once_where_the_policy_allows_it(own):
    party, _, case = debtor(past_due="1200.00")
    plan = plan_in_force(party, term=6)
    guest = Guest(own)
    guest.come_in(address(party))
    said = guest.get(f"/agreed/{plan.pk}")
    assert "Paid today, 4,000.00 CNY ends it." in said and f"/pay?all={plan.pk}" in said  # nothing of interest to come
    guest.get(f"/agreed/{plan.pk}/change")
    assert "Say what you want to change" in guest.post(f"/agreed/{plan.pk}/change", monthly="", key="0")
    assert guest.status == 422
    guest.get(f"/agreed/{plan.pk}/change")
    guest.post(f"/agreed/{plan.pk}/change", monthly="400", due_day="15", months="", text="", key="a")
    said = worked(guest)
    assert "Paid in all" in said and "let the bank look at what I asked for" in said, said
    shown = guest.asked.rpartition("/")[2]
    for _ in range(2):
        guest.post("/arrange/take", offers=shown, nr="0", key="b")
        assert "The plan that runs now goes on" in worked(guest)
        guest.get(f"/asked/{shown}")
    new = Arrangement.objects.get(replaces=plan)
    assert (new.persons, new.consent.form, new.case_id) == (0, "written", case.pk) and new.term > plan.term
    assert [one.kind for one in new.instructions.all()] == ["plan_replacement"]  # the host is asked in one instruction
    assert {row.due_date.day for row in new.instalments.filter(position__gt=0)} <= {15, 16, 17, 18, 19, 20, 21, 22}
    assert not ChangeRequest.objects.filter(arrangement=plan).exists()
    assert "Another plan is to take its place" in guest.get(f"/agreed/{plan.pk}")
    assert "It takes the place of the plan that runs now" in guest.get(f"/agreed/{new.pk}")
    assert guest.get(f"/agreed/{plan.pk}/change") == "" and guest.head["Location"] == f"/agreed/{plan.pk}"


def test_what_the_policy_does_not_give_at_once_is_a_request_on_the_desk_with_all_that_he_said(own, client):
    party, _, case = debtor(past_due="1200.00")
    plan = plan_in_force(party)
    build.AccountState.objects.filter(account__party=party).update(  # as the host tells it once it has booked the plan
        principal_retail="0.00", principal_instalment_billed="300.00", principal_instalment_unbilled="3700.00"
    )
    guest = Guest(own)
    guest.come_in(address(party))
    for _ in range(2):
        guest.get(f"/agreed/{plan.pk}/change")
        guest.post(
            f"/agreed/{plan.pk}/change", monthly="250", due_day="20", months="24", text="工资改为二十日发", key="a"
        )
        assert "Somebody looks at it and answers you" in worked(guest)
    asked = ChangeRequest.objects.get(arrangement=plan)
    assert (asked.monthly, asked.due_day, asked.months) == (Decimal("250.00"), 20, 24)
    assert "CN-INST-AGAIN" in asked.refused and not Arrangement.objects.filter(replaces=plan).exists()
    assert "工资改为二十日发" in {entry.text for entry in timeline(party.pk).entries}
    assert Contact.objects.get(party=party).outcomes.order_by("-pk").first().result == "ask_plan"
    task = case.reminders.get()
    assert (task.kind, task.reason) == ("task", "plan_change")
    assert "You asked for another plan" in guest.get(f"/agreed/{plan.pk}")
    client.force_login(build.user("team_leader"), backend="dunwell.identity.backends.Backend")
    listed = client.get("/arrangements").content.decode()
    assert "250.00 CNY a month, due on day 20 of the month, all of it within 24 months" in listed
    desk = client.get(f"/cases/{case.case_no}/arrangement").content.decode()
    assert "工资改为二十日发" in desk and f"changes={plan.pk}&amp;left=250.00&amp;due_day=20" in desk
    declined = f"/cases/{case.case_no}/arrangements/{plan.pk}/change/decline"
    client.post(declined, {"request": asked.pk, "reason": "请先提供工资证明"})
    client.post(declined, {"request": asked.pk, "reason": "another"})
    assert ChangeAnswer.objects.get(request=asked).reason == "请先提供工资证明"
    assert "It stays as it is: 请先提供工资证明" in guest.get(f"/agreed/{plan.pk}")
    assert "250.00 CNY a month" not in client.get("/arrangements").content.decode()
    stranger = Guest(own)
    stranger.come_in(address(debtor()[0]))
    stranger.get(f"/agreed/{plan.pk}/change")
    assert stranger.status == 404
    stranger.get("/tell")
    stranger.post("/tell", what="other", text="x", key="x")  # a page with a form's token
    stranger.post(f"/agreed/{plan.pk}/change", monthly="250", key="b")
    assert stranger.status == 404 and ChangeRequest.objects.filter(arrangement=plan).count() == 1


def test_offers_that_do_not_suit_him_are_left_to_the_bank(own):
    party, _, _ = debtor(past_due="1200.00")
    plan = plan_in_force(party, term=6)
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get(f"/agreed/{plan.pk}/change")
    guest.post(f"/agreed/{plan.pk}/change", monthly="400", due_day="", months="", text="想再少一点", key="a")
    assert "Paid in all" in worked(guest) and not ChangeRequest.objects.filter(arrangement=plan).exists()
    shown = guest.asked.rpartition("/")[2]
    guest.post(f"/agreed/{plan.pk}/change", instead_of=shown, key="b")
    assert "Somebody looks at it and answers you" in worked(guest)
    asked = ChangeRequest.objects.get(arrangement=plan)
    assert (asked.monthly, asked.refused) == (Decimal("400.00"), []) and asked.words.meaning == "plan_change"


def test_a_plan_over_two_cards_is_one_offer_agreed_once_and_paid_into_each(own, provider):
    party, _, _ = debtor()
    second = build.account(party=party)
    build.account_state(account=second, past_due="900.00")
    first, now = party.accounts.exclude(pk=second.pk).get(), datetime.now(UTC)
    told = {"known": frozenset({"circumstances", "willing"}), "left": Decimal("1000.00"), "others": [second.pk]}
    made = plans.propose(first, Wish("personalised_plan", 24), now=now, key=f"two-{party.pk}", **told)
    services_of_plans.answer_proposal(
        arrangement_id=made.pk, approved=True, by=plans.LEADER, by_role="team_leader", now=now
    )
    parts = list(made.combined.parts.order_by("pk"))
    Arrangement.objects.filter(combined=made.combined).update(standing="approved")
    guest = Guest(own)
    guest.come_in(address(party))
    assert guest.get("/").count("See the offer and agree") == 1
    page = guest.get(f"/agreed/{made.pk}")
    assert "24,000.00" in page and "1,000.00" in page and page.count("<summary>") == 2 and "500.00" in page
    assert guest.get(f"/agreed/{parts[1].pk}") and guest.status == 404  # it is seen and agreed to as one
    guest.get(f"/agreed/{made.pk}")
    guest.post(f"/agreed/{made.pk}/agree")
    assert "Agreed" in worked(guest)
    assert [part.instructions.count() for part in parts] == [3, 3]
    assert len({part.consent.evidence for part in parts}) == 1
    Arrangement.objects.filter(combined=made.combined).update(standing="in_force")
    page = guest.get(f"/pay?agreed={made.pk}")
    assert page.count("What was agreed: 500.00") == 2 and f'value="agreed-{made.pk}" checked' in page
    guest.post("/pay", how=f"agreed-{parts[1].pk}", key=f"p-{party.pk}")
    worked(guest)
    order = Order.objects.get(account__party=party)
    assert (order.account_id, order.amount) == (second.pk, Decimal("500.00"))

    Arrangement.objects.filter(combined=made.combined).update(standing="ended")
    AccountState.objects.filter(account__party=party).update(balance=0)
    assert guest.get("/").count("Ask for a certificate") == 2
    guest.post("/certificate", account=first.pk, key=f"c-{party.pk}")
    worked(guest)
    assert [one.account_id for one in CertificateAccount.objects.filter(request__account=first)] == [second.pk]
    assert "Ask for a certificate" not in guest.get("/")  # one is asked for both


def test_what_he_tells_us_is_an_entry_of_the_registers_and_stops_demands(own):
    party, point, case = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get("/tell")
    assert "Choose what it is about" in guest.post("/tell", what="nothing", text="x", key="0")
    assert gate(party, point) == ""
    guest.post("/tell", what="not_mine", text="这笔不是我消费的", account=account(party), key="a")
    assert "Until we have looked into it" in worked(guest)
    hold = Hold.objects.get(party=party)
    assert (hold.kind, hold.account_id) == ("dispute", account(party))
    dispute = Dispute.objects.get(party=party)
    assert (dispute.kind, dispute.case_id, dispute.hold_id) == ("not_mine", case.pk, hold.pk)
    guest.get("/tell")
    guest.post("/tell", what="complaint", text="来电太多", category="frequency", key="b")
    assert "Until we have looked into it" in worked(guest)
    assert gate(party, point) != ""
    complaint = Complaint.objects.get(party=party)
    assert (complaint.hold.kind, complaint.category) == ("complaint", "frequency")
    guest.get("/tell")
    guest.post("/tell", what="complaint", text="还是来电太多", category="frequency", key="c")
    assert "We have it and answer you" in worked(guest), "a repeat is answered and stops nothing anew"
    assert Hold.objects.filter(party=party).count() == 2
    assert {entry.text for entry in timeline(party.pk).entries} >= {"这笔不是我消费的", "来电太多"}
    assert b"\xe8\xbf\x99" not in bytes(Request.objects.get(party=party, key__endswith="/a").body), (
        "sealed for the worker"
    )


def test_he_sees_what_he_told_us_and_what_we_answered_and_no_other_session_opens_it(own):
    party, _, case = debtor()
    build.contact_point(party=party, kind="address", value="山东省济南市历下区解放路1号")
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get("/heard")
    guest.asked = guest.head["Location"]
    assert "Nothing yet" in guest.get(moved(guest))
    guest.get("/tell")
    guest.post("/tell", what="wrong_amount", text="多算了一笔", account=account(party), key="a")
    worked(guest)
    dispute = Dispute.objects.get(party=party)
    guest.get("/heard")
    said = guest.get(moved(guest))
    assert dispute.number in said and "多算了一笔" in said and f"by {dispute.due_on}" in said
    officer = Actor(user_id=7, name="S00007")
    given = {"dispute_id": dispute.pk, "by": officer, "now": datetime.now(UTC)}
    disputes.decide(outcome="upheld", text="内部意见", amount=None, key="d", **given)
    disputes.answer(text="该笔交易非您本人办理。", key="e", **given)
    guest.get("/heard")
    said = guest.get(moved(guest))
    assert "You were right" in said and "您的异议成立" in said and "内部意见" not in said
    other = Guest(own)
    other.come_in(address(party))
    assert other.get(guest.shown) and other.status == 404


def moved(guest) -> str:
    """The worker has answered: where the page that waited for it leads."""
    services.handle(now=datetime.now(UTC))
    guest.get(guest.head["Location"])
    guest.shown = guest.head["Location"]
    return guest.shown


def test_his_paper_waits_in_quarantine_among_his_papers_and_is_evidence_of_the_dispute(own):
    party, _, case = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get("/tell")
    told = {"what": "paid_already", "text": "上周已还", "account": account(party)}
    assert "A PDF, a JPG or a PNG" in guest.post("/tell", paper=SimpleUploadedFile("a.pdf", b"MZ"), key="a", **told)
    receipt = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\nreceipt")
    guest.post("/tell", paper=receipt, kind="bank_statement", key="b", **told)
    assert "Until we have looked into it" in worked(guest)
    assert proofs(party.pk, datetime.now(UTC).date())[0][0].kind == "bank_statement"
    [(proof, standing)] = proofs(party.pk, datetime.now(UTC).date())
    assert (proof.case_id, proof.media, standing) == (case.pk, "image/png", "quarantine")
    assert Dispute.objects.get(party=party, kind="paid").steps.get(kind="evidence").file == proof.file
    guest.get("/tell")
    guest.post("/tell", paper=SimpleUploadedFile("b.pdf", b"%PDF-1.7 broken"), key="c", **told)
    assert "A PDF, a JPG or a PNG" in worked(guest), "what no page can be made of is not taken"


def test_he_chooses_channels_and_hours_and_that_nobody_else_is_contacted(own):
    party, point, _ = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    guest.get("/wishes")
    guest.post("/wishes", channel=["call", "email"], **{"from": "14:00", "to": "20:00"}, alone="1", key="a")
    assert "Saved" in worked(guest)
    text = guest.get("/")
    assert "14:00" in text and "Nobody else is contacted" in text and "by telephone and e-mail" in text
    assert gate(party, point, channel="sms", purpose="reminder") == "G-OPT-OUT"
    guest.get("/wishes")
    guest.post("/wishes", channel=["sms", "call", "email"], **{"from": "", "to": ""}, key="b")
    worked(guest)
    assert "14:00" not in guest.get("/") and gate(party, point, channel="sms", purpose="reminder") != "G-OPT-OUT"
    assert Consent.objects.filter(party=party).count() == 6


def test_a_copy_of_his_data_opens_in_the_session_that_asked_and_in_no_other(own):
    party, _, _ = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    guest.post("/copy", form="json", key="a")
    assert "Your copy is ready" in worked(guest)
    told = json.loads(guest.get(f"{guest.asked}/file"))
    assert (told["name"], told["customer_number"]) == ("张三", party.party_no)
    again = Guest(own)
    again.come_in(address(party))
    again.get(f"{guest.asked}/file")
    assert again.status == 404
    stranger = Guest(own)
    stranger.come_in(address(debtor()[0]))
    stranger.get(guest.asked)
    assert stranger.status == 404
    assert Log.objects.filter(kind="party.copied", party_id=party.pk).exists()


def account(party) -> int:
    return party.accounts.get().pk


def pressed(provider: Provider, order: Order, what: str = "paid") -> None:
    """Press "pay" at the provider; nobody follows where it leads."""
    body = f"order={order.order_no}&what={what}".encode()
    connection = HTTPConnection(urlsplit(provider.url).netloc, timeout=60)
    connection.request("POST", "/pay", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert connection.getresponse().status == 303
    connection.close()


def posted(url: str, body: str, signature: str) -> int:
    try:
        with urlopen(Call(url, body.encode(), {"X-Signature": signature})) as heard:
            return heard.status
    except HTTPError as error:
        return error.code


def gate(party, point, channel="call", purpose="demand") -> str:
    """The first rule that forbids a contact at the next lawful hour; empty when none does."""
    at = datetime.now(UTC).replace(hour=7, minute=0) + timedelta(days=1)  # 15:00 in Beijing
    _, decision = compliance.judge(
        party_id=party.pk, contact_point_id=point.pk, channel=channel, purpose=purpose, by=BY, now=at
    )
    return "" if decision.allowed else decision.primary.rule


def test_settings_of_the_page_know_no_key_that_opens_peoples_data():
    code = "from django.conf import settings; print(settings.KEYS, settings.DATABASES['default']['USER'])"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"DJANGO_SETTINGS_MODULE": "dunwell.settings.outside", "DUNWELL_HOME": str(settings.HOME),
             "DATABASE_OUTSIDE_URL": "postgresql://dunwell_outside@/x", "PATH": ""},
    )  # fmt: skip
    assert told.stdout.split() == ["None", "dunwell_outside"]


def test_what_he_asks_for_wakes_the_worker_whatever_else_it_does(own):
    """The other duties are not run at all, and the pause is longer than the test may take: only the database wakes it."""
    party, _, _ = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    worker = Worker()
    thread = threading.Thread(target=worker.run_lane, args=("page",), kwargs={"pause": 600}, daemon=True)
    thread.start()
    asked = Request.objects.filter(party=party)
    until(lambda: not asked.filter(answer=None).exists())
    for key in range(3):
        guest.get("/wishes")
        guest.post("/wishes", alone="1", channel=["sms"], key=key)
        until(lambda: not asked.filter(answer=None).exists())
    worker.stop()
    guest.get("/wishes")
    guest.post("/wishes", alone="0", key="last")  # it is woken once more, and ends
    thread.join(60)
    assert not thread.is_alive() and asked.filter(kind="wishes").count() == 4


def test_what_takes_long_is_answered_last_and_one_a_round(own):
    party, _, _ = debtor()
    guest = Guest(own)
    guest.come_in(address(party))
    services.handle(now=datetime.now(UTC))
    for key in range(2):
        guest.get("/")
        guest.post("/copy", form="json", key=f"copy-{key}")
    guest.get("/wishes")
    guest.post("/wishes", alone="1", key="short")
    waiting = Request.objects.filter(party=party, answer=None)
    assert services.handle(now=datetime.now(UTC)) == 2
    assert list(waiting.values_list("kind", flat=True)) == ["copy"]
    assert services.handle(now=datetime.now(UTC)) == 1
