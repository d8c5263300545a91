"""Scopes, releases, named officers, allotments and texts: what the gate knows beyond a person and a number."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dunwell.casework import services as casework
from dunwell.channels import services as channels
from dunwell.channels.models import Message
from dunwell.compliance import queries, services
from dunwell.compliance.models import Contact, GateDecision, Release
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from tests import build

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
pytestmark = pytest.mark.django_db


def ask(point, *, now=NOW, by=BY, channel="call", **more):
    return services.ask(
        **{"party_id": point.party_id, "contact_point_id": point.pk, "channel": channel, "by": by, "now": now, **more}
    )


def someone(role="collector"):
    user = build.user(role)
    return user.actor


def test_a_hold_of_one_account_leaves_contacts_about_another():
    party, point, _ = build.debtor()
    second = build.account(party=party)
    build.account_state(account=second)
    services.place_hold(
        party_id=party.pk, account_id=second.pk, kind="fraud", reason="r", by=BY, now=NOW, amount=Decimal("120.00")
    )
    first = party.accounts.exclude(pk=second.pk).get()
    assert ask(point, account_id=first.pk).allowed
    assert ask(point, account_id=second.pk).primary.rule == "CN-FRAUD-TXN"
    assert ask(point).primary.rule == "CN-FRAUD-TXN"  # about everything: the stricter
    rest = {"account_id": second.pk, "stated": {"amount_scope": "rest"}}
    assert ask(point, **rest).allowed
    services.place_hold(
        party_id=party.pk, account_id=second.pk, kind="dispute", reason="r", by=BY, now=NOW, amount=Decimal("11880.00")
    )
    assert ask(point, **rest).primary.rule == "CN-FRAUD-TXN"  # of 12,000.00 nothing is left beside them
    services.place_hold(party_id=party.pk, account_id=first.pk, kind="dispute", reason="r", by=BY, now=NOW)
    whole = {"account_id": first.pk, "stated": {"amount_scope": "rest"}}
    assert ask(point, **whole).primary.rule == "CN-DISPUTE"  # all of it is disputed


@pytest.mark.parametrize(
    ("kind", "stopped"),
    [
        ("dispute", {"demand"}),
        ("complaint", {"demand"}),
        ("art70", {"demand"}),
        ("hardship", {"demand"}),
        ("illness", {"demand", "reminder"}),
        ("fraud", {"demand", "reminder"}),
        ("court", {"demand", "reminder"}),
        ("minor", {"demand", "reminder", "statutory_notice", "service"}),
        ("sold", {"demand", "reminder", "statutory_notice", "service"}),
        ("death", {"demand", "reminder", "statutory_notice", "service"}),
    ],
)
def test_a_hold_stops_the_purposes_that_the_pack_names_and_no_other(kind, stopped):
    party, point, _ = build.debtor()
    services.place_hold(party_id=party.pk, kind=kind, reason="r", by=BY, now=NOW)
    purposes = ("demand", "reminder", "statutory_notice", "service")
    assert {p for p in purposes if not ask(point, purpose=p).allowed} == stopped


def test_a_release_lifts_its_own_review_and_nothing_else():
    party, point, _ = build.debtor()
    asker, leader = someone(), someone("team_leader")
    services.place_hold(party_id=party.pk, kind="dispute", reason="r", by=BY, now=NOW)
    assert ask(point, by=asker).verdict == "REVIEW"
    kept = GateDecision.objects.get()
    with pytest.raises(services.ReleaseRefused, match="asked"):
        services.release(decision_id=kept.pk, reason="checked", by=asker, now=NOW)
    given = services.release(decision_id=kept.pk, reason="checked", by=leader, now=NOW)
    assert (given.rules, Log.objects.filter(kind="gate.released").count()) == (["CN-DISPUTE"], 1)
    assert services.release(decision_id=kept.pk, reason="again", by=leader, now=NOW) == given
    assert ask(point).allowed
    assert ask(point, channel="sms").verdict == "REVIEW"  # another channel was not released
    assert ask(point, now=NOW + timedelta(hours=13)).primary.rule == "CN-TIME-NIGHT"
    assert ask(point, now=NOW + timedelta(hours=25)).verdict == "REVIEW"  # it has ended
    illness = services.place_hold(party_id=party.pk, kind="illness", reason="r", by=BY, now=NOW)
    assert ask(point).primary.rule == "CN-CARE"
    services.lift_hold(hold_id=illness.pk, reason="r", by=BY, now=NOW)
    assert ask(point).allowed
    ends = NOW + timedelta(days=9)
    services.place_hold(party_id=party.pk, kind="dispute", reason="another", by=BY, now=NOW, ends_at=ends)
    assert ask(point).primary.rule == "CN-DISPUTE"  # it was not seen when the first one was released


def test_a_release_answers_for_its_own_case_only():
    party, point, case = build.debtor()
    services.place_hold(party_id=party.pk, kind="complaint", reason="r", by=BY, now=NOW)
    ask(point, case_id=case.pk)
    services.release(
        decision_id=GateDecision.objects.get().pk, reason="another collector", by=someone("team_leader"), now=NOW
    )
    assert ask(point, case_id=case.pk).allowed
    closed = build.case(party=party, closed_on=build.TODAY)
    assert ask(point, case_id=closed.pk).primary.rule == "CN-COMPLAINT"


def test_an_allotment_refused_at_once_says_why_each_time():
    party, point, _ = build.debtor()
    services.place_hold(party_id=party.pk, kind="art70", reason="r", by=BY, now=NOW)
    fields = {
        "party_id": party.pk,
        "contact_point_id": point.pk,
        "channel": "call",
        "dials": 2,
        "key": "lot",
        "by": BY,
        "now": NOW,
    }
    for _ in range(2):
        given = services.allot(**fields)
        assert (given.contacts, given.refused.decision.primary.rule) == ((), "CN-ART70-STOP")
    assert GateDecision.objects.count() == 1


def test_what_blocks_is_never_released():
    party, point, _ = build.debtor()
    services.place_hold(party_id=party.pk, kind="art70", reason="r", by=BY, now=NOW)
    ask(point)
    with pytest.raises(services.ReleaseRefused, match="only REVIEW"):
        services.release(decision_id=GateDecision.objects.get().pk, reason="r", by=someone("team_leader"), now=NOW)
    assert Release.objects.count() == 0


def test_staff_and_sensitive_persons_are_for_named_officers():
    party, point, _ = build.debtor()
    officer, other = someone(), someone()
    for name in ("staff", "sensitive"):
        services.add_to_list(list=name, party_id=party.pk, reason="r", by=BY, now=NOW, approved_by=other.user_id)
    named = {"user_id": officer.user_id, "entity_id": officer.entity_id, "reason": "r", "by": other, "now": NOW}
    services.name_officer(list="staff", **named)
    assert not ask(point, by=officer).allowed  # he is on two lists
    services.name_officer(list="sensitive", **named)
    assert ask(point, by=officer).allowed
    assert ask(point, by=other).primary.rule == "G-LIST"
    assert queries.may_open(party.pk, user_id=officer.user_id, now=NOW)
    assert not queries.may_open(party.pk, user_id=other.user_id, now=NOW)
    services.name_officer(list="staff", **named | {"ends_at": NOW})
    assert not queries.may_open(party.pk, user_id=officer.user_id, now=NOW)
    with pytest.raises(ValueError, match="named by one other person"):
        services.name_officer(list="staff", **named | {"by": officer})


def test_an_entry_is_approved_by_a_second_person_and_ends():
    party, point, _ = build.debtor()
    writer = someone("compliance")
    with pytest.raises(ValueError, match="another person"):
        services.add_to_list(
            list="no_contact", party_id=party.pk, reason="r", by=writer, now=NOW, approved_by=writer.user_id
        )
    services.add_to_list(
        list="no_contact", party_id=party.pk, reason="r", by=writer, now=NOW, approved_by=someone().user_id,
        ends_at=NOW + timedelta(days=1),
    )  # fmt: skip
    assert ask(point).primary.rule == "G-LIST"
    assert ask(point, now=NOW + timedelta(days=1)).allowed


def test_a_reissued_number_is_refused_in_every_case():
    party, point, _ = build.debtor()
    other, _, _ = build.debtor()
    same = build.contact_point(party=other, value="19000007777")
    mine = build.contact_point(party=party, value="19000007777")
    services.add_to_list(list="reissued_number", digest=bytes(mine.digest), reason="r", by=BY, now=NOW)
    assert ask(same).primary.rule == ask(mine).primary.rule == "G-LIST"
    assert ask(point).allowed


def test_the_strictest_of_the_clocks_by_which_he_may_live():
    party, point, _ = build.debtor()
    evening = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # 21:30 in Beijing, 22:30 in Tokyo
    assert ask(point, now=evening).allowed
    services.record_consent(party_id=party.pk, kind="stated_zone", value="Asia/Tokyo", by=BY, now=NOW)
    assert ask(point, now=evening).primary.rule == "CN-TIME-NIGHT"
    services.withdraw_consent(party_id=party.pk, kind="stated_zone", by=BY, now=NOW)
    assert ask(point, now=evening).allowed
    with pytest.raises(ValueError, match="time zone"):
        services.record_consent(party_id=party.pk, kind="stated_zone", value="Mars/Olympus", by=BY, now=NOW)


def test_an_allotment_takes_its_slots_at_once_and_gives_back_on_proof_only():
    party, point, _ = build.debtor()
    fields = {"party_id": party.pk, "contact_point_id": point.pk, "channel": "call", "by": BY, "now": NOW}
    given = services.allot(dials=5, key="dialler-1", **fields)
    assert len(given.contacts) == 3  # dials without an outcome count as conversations: at most three
    assert given.refused.decision.primary.rule == "CN-CALL-3-EFFECTIVE"
    assert given.allotment.expires_at == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 22:00 in Beijing
    assert {c.expires_at for c in given.contacts} == {given.allotment.expires_at}
    again = services.allot(dials=5, key="dialler-1", **fields)
    assert [c.pk for c in again.contacts] == [c.pk for c in given.contacts]
    assert again.refused.decision == given.refused.decision
    assert not ask(point).allowed
    with pytest.raises(services.OutcomeRefused):
        services.give_back(contact_id=given.contacts[0].pk, proof="silence", by=BY, now=NOW, key="g0")
    services.give_back(
        contact_id=given.contacts[0].pk, proof="switch_record", shown=services.Proof("CDR-1"), by=BY, now=NOW, key="g1"
    )
    assert ask(point).allowed
    assert Contact.objects.count() == 3


def test_a_text_that_may_not_leave_is_refused_with_the_rule_and_decided_again_without_it():
    party, point, _ = build.debtor()
    good = f"【测试银行】您尾号{party.accounts.get().account_no[-4:]}的信用卡已逾期，请尽快还款。"
    assert ask(point, channel="sms", text=good).allowed
    bad = good + "否则列入黑名单，后果自负。"
    refused = ask(point, channel="sms", text=bad)
    assert {reason.rule for reason in refused.reasons} == {"CN-BAN-2", "CN-BAN-3"}
    kept = GateDecision.objects.get()
    assert bad not in str(kept.facts)
    assert services.decided_again(kept) == services.decision_of(kept)


def test_a_case_of_staff_opens_to_its_named_officer_only(client):
    party, _, case = build.debtor()
    officer, other, chief = (build.user(role) for role in ("collector", "team_leader", "compliance"))
    services.add_to_list(list="staff", party_id=party.pk, reason="r", by=BY, now=NOW, approved_by=chief.pk)

    def opened(user):
        client.force_login(user, backend="dunwell.identity.backends.Backend")
        return client.get(f"/cases/{case.case_no}").status_code

    services.name_officer(
        user_id=officer.pk, entity_id=officer.entity_id, list="staff", reason="r", by=BY, now=NOW, approved_by=chief.pk
    )
    assert [opened(user) for user in (officer, other, chief)] == [200, 403, 403]


def test_the_first_message_names_the_bank_and_a_later_one_need_not():
    party, point, case = build.debtor()
    asked = {"party_id": party.pk, "contact_point_id": point.pk, "channel": "im", "case_id": case.pk, "by": BY}
    text = "您的信用卡已逾期，请尽快还款。"
    _, first = services.judge(**asked, text=text, now=NOW)
    assert [reason.rule for reason in first.reasons] == ["CN-IDENT"]
    named = services.reserve(**asked, text=f"测试银行提醒：{text}", now=NOW, key="first")
    services.record_outcome(contact_id=named.contact.pk, outcome="delivered", by=BY, now=NOW, key="first")
    _, later = services.judge(**asked, text=text, now=NOW + timedelta(days=2))
    assert later.allowed


def test_a_message_about_one_account_passes_a_hold_on_another_and_speaks_of_that_one_alone():
    party, point, case = build.debtor()
    held = party.accounts.get()
    other = build.account(party=party)
    build.account_state(account=other, past_due="77.00")
    services.place_hold(
        party_id=party.pk, kind="dispute", reason="an amount", account_id=held.pk, ends_at=None, by=BY, now=NOW
    )
    about = {"party_id": party.pk, "contact_point_id": point.pk, "template_code": "SMS-DEMAND-1", "now": NOW}
    whole = channels.preview(**about, case_id=case.pk)
    one = channels.preview(**about, case_id=case.pk, account_id=other.pk)
    assert (whole.decision.allowed, whole.decision.primary.rule) == (False, "CN-DISPUTE")
    assert one.decision.allowed and "CNY 77.00" in one.text and "1,577.00" not in one.text
    queued = channels.queue_message(**about, account_id=other.pk, by=BY, key="one")
    assert (queued.account_id, queued.state) == (other.pk, "not_connected")
    assert channels.queue_message(**about, by=BY, key="all").refusal_rule == "CN-DISPUTE"
    dialled = services.reserve(
        party_id=party.pk, contact_point_id=point.pk, channel="call", account_id=other.pk, by=BY, now=NOW, key="dial"
    ).contact
    assert dialled.account_id == other.pk and Log.objects.get(kind="contact.reserved").account_id == other.pk
    assert services.decide_at_dial(contact_id=dialled.pk, by=BY, now=NOW).allowed


def two_accounts(*, late: str):
    """A debtor with one account in dispute, and another that is late by so much."""
    party, point, case = build.debtor()
    held, other = party.accounts.get(), build.account(party=party)
    build.account_state(account=other, past_due=late)
    services.place_hold(
        party_id=party.pk, kind="dispute", reason="an amount", account_id=held.pk, ends_at=None, by=BY, now=NOW
    )
    return party, point, case, held, other


def test_a_planned_message_is_about_the_only_account_that_is_late_and_else_about_the_person():
    for late, expected in (("0.00", "held"), ("77.00", None)):
        party, _point, case, held, _other = two_accounts(late=late)
        plan = channels.Plan(case.pk, party.pk, case.pk, case.case_no, "SMS-DEMAND-1")
        channels.plan_messages(plans=[plan], by=BY, now=NOW)
        queued = Message.objects.get(party=party)
        assert queued.account_id == (held.pk if expected else None)


def test_the_desk_dials_about_the_account_that_is_chosen(client, monkeypatch):
    party, point, case, held, other = two_accounts(late="77.00")
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    user = build.user(language="en")
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    casework.hold(case_id=case.pk, user=user, now=NOW)

    def shown(about: str) -> str:
        return client.get(f"/cases/{case.case_no}/points?about={about}").content.decode()

    assert (
        "CN-DISPUTE" in shown("all")
        and "CN-DISPUTE" in shown(str(held.pk))
        and "CN-DISPUTE" not in shown(str(other.pk))
    )
    asked = {"point": point.pk, "key": "k1"}
    assert "CN-DISPUTE" in client.post(f"/cases/{case.case_no}/dial", asked | {"about": "all"}).content.decode()
    answer = client.post(f"/cases/{case.case_no}/dial", asked | {"key": "k2", "about": other.pk}).content.decode()
    assert "alone." in answer and Contact.objects.filter(party=party, channel="call").count() == 1


def test_a_dial_is_about_the_only_late_account_unless_the_collector_says_otherwise(client, monkeypatch):
    _party, _point, case, held, _other = two_accounts(late="0.00")
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    user = build.user(language="en")
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    casework.hold(case_id=case.pk, user=user, now=NOW)
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert f'value="{held.pk}" selected' in page and 'name="about"' in page
