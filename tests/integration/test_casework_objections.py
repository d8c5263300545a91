"""When they object: what is held at once, who decides, what is corrected, and what runs out when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dunwell.arrangements.means.services import keep_proof, state_means
from dunwell.arrangements.models import Instruction
from dunwell.casework import services as casework
from dunwell.casework.models import Complaint, DepartmentRequest, Dispute
from dunwell.casework.rules import objections as rules
from dunwell.casework.services import complaints, disputes, paths, requests
from dunwell.casework.services.findings import mark_vulnerable, record_findings
from dunwell.channels.models import Message
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Hold
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.portfolio import services as portfolio
from tests import build

pytestmark = pytest.mark.django_db
NOW = build.NOW


@pytest.fixture
def late():
    """A debtor with a number, an address and a collector who has the case."""
    person, point, case = build.debtor()
    build.contact_point(party=person, kind="address", value="北京市朝阳区建国路88号", label="post")
    user = build.user()
    casework.hold(case_id=case.pk, user=user, now=NOW)
    return person, point, case, user


def dispute(case, user, kind="fraud", amount="800.00", key="d1", **fields):
    return disputes.open_dispute(
        case_id=case.pk, account_id=case.party.accounts.get().pk, kind=kind, amount=amount and Decimal(amount),
        text="那天我在外地，卡在身上", by=user.actor, now=NOW, key=key, **fields,
    )  # fmt: skip


def judged(person, point, case, scope=""):
    _, decision = compliance.judge(
        party_id=person.pk, person_id=person.pk, contact_point_id=point.pk, channel="call", purpose="demand",
        case_id=case.pk, account_id=person.accounts.get().pk, by=build.user().actor, now=NOW,
    )  # fmt: skip
    return decision.verdict, decision.primary.rule if decision.primary else ""


def holds(person):
    return list(
        Hold.objects.filter(party=person, lift=None).order_by("pk").values_list("kind", "amount", "account__account_no")
    )


def test_a_fraud_dispute_holds_the_amount_at_once_and_stays_one(late):
    person, point, case, user = late
    first = dispute(case, user)
    assert dispute(case, user, key="d2") == first == dispute(case, user)
    account = person.accounts.get()
    assert holds(person) == [("dispute", Decimal("800.00"), account.account_no)]
    assert judged(person, point, case) == ("REVIEW", "CN-DISPUTE")
    assert (first.route, first.due_on) == ("risk", date(2026, 12, 8))
    told = Log.objects.get(kind="dispute.opened").data
    assert told["number"] == first.number and "外地" not in str(told)


def test_an_objection_to_the_record_has_twenty_days_by_law(late):
    _person, _point, case, user = late
    made = dispute(case, user, kind="record", amount=None, received_on=date(2026, 11, 20))
    assert (made.route, made.due_on, made.rule) == ("legal", date(2026, 12, 10), "CN-CR-OBJ")


def test_upheld_against_the_bank_nothing_is_demanded_until_both_departments_have_corrected(late):
    person, point, case, user = late
    made = dispute(case, user)
    risk = build.user("compliance")
    decided = disputes.decide(dispute_id=made.pk, outcome="upheld", text="异地盗刷", by=risk.actor, now=NOW, key="x1")
    assert decided.amount == Decimal("800.00")
    assert [kind for kind, *_ in holds(person)] == ["fraud"]
    assert judged(person, point, case) == ("BLOCK", "CN-FRAUD-TXN")
    booking = Instruction.objects.get()
    assert (booking.kind, booking.amount, booking.account.party) == ("amount_correction", Decimal("800.00"), person)
    assert booking.payload["dispute"] == made.number
    asked = {one.department: one for one in DepartmentRequest.objects.all()}
    assert set(asked) == {"cards", "bureau"} and asked["bureau"].needed_by == date(2026, 12, 13)
    requests.answer(request_id=asked["bureau"].pk, user=risk, done=True, text="已报送更正", now=NOW)
    assert [kind for kind, *_ in holds(person)] == ["fraud"]
    requests.answer(request_id=asked["cards"].pk, user=build.user("manager"), done=True, text="已冲正", now=NOW)
    assert holds(person) == []
    with pytest.raises(disputes.DisputeRefused, match="content"):
        disputes.answer(dispute_id=made.pk, text="请转账至专员的私人账户", by=risk.actor, now=NOW, key="x1")
    said = "该笔 800.00 元系伪卡交易，已冲正。"
    letter = disputes.answer(dispute_id=made.pk, text=said, by=risk.actor, now=NOW, key="x2")
    assert letter.message.template.code == "LETTER-DISPUTE-UPHELD"
    assert letter.message.state != "refused", letter.message.refusal_rule
    assert said in portfolio.open_text(party_id=person.pk, sealed=bytes(letter.message.text_sealed))
    assert disputes.answer(dispute_id=made.pk, text="", by=risk.actor, now=NOW, key="x3") == letter


def test_an_answer_that_is_written_at_night_waits_for_the_hours_of_contact(late):
    _person, _point, case, user = late
    made, at_night = dispute(case, user), datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 23:00 in Beijing
    risk = build.user("compliance").actor
    disputes.decide(dispute_id=made.pk, outcome="rejected", text="本人交易", by=risk, now=at_night, key="x1")
    letter = disputes.answer(
        dispute_id=made.pk, text="单据上的签名与您的一致。", by=risk, now=at_night, key="x2"
    ).message
    assert (letter.state, letter.not_before) == ("planned", datetime(2026, 11, 25, 0, 0, tzinfo=UTC))


def test_rejected_demands_go_on_and_the_answer_is_another_letter(late):
    person, _point, case, user = late
    made = dispute(case, user)
    risk = build.user("compliance").actor
    disputes.decide(dispute_id=made.pk, outcome="rejected", text="本人交易", by=risk, now=NOW, key="x1")
    assert holds(person) == [] and not DepartmentRequest.objects.exists()
    assert (
        disputes.answer(
            dispute_id=made.pk, text="单据上的签名与您的一致。", by=risk, now=NOW, key="x2"
        ).message.template.code
        == "LETTER-DISPUTE-REJECTED"
    )
    with pytest.raises(disputes.DisputeRefused, match="decided"):
        disputes.decide(dispute_id=made.pk, outcome="upheld", text="x", by=risk, now=NOW, key="x3")


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"kind": "mood"}, "kind"), ({"amount": "0"}, "amount"), ({"account_id": 0}, "account"), ({"text": " "}, "words")],
)
def test_a_dispute_that_says_too_little_is_not_opened(late, fields, why):
    person, _point, case, user = late
    given = {"account_id": person.accounts.get().pk, "kind": "fraud", "text": "x", "amount": None, **fields}
    given["amount"] = given["amount"] and Decimal(given["amount"])
    with pytest.raises(disputes.DisputeRefused, match=why):
        disputes.open_dispute(case_id=case.pk, by=user.actor, now=NOW, key="d", **given)
    assert not Dispute.objects.exists() and holds(person) == []


def test_who_opened_a_dispute_does_not_decide_it_and_another_department_does_not_answer(late):
    _person, _point, case, user = late
    legal = build.user("legal")
    made = dispute(case, legal)
    with pytest.raises(disputes.DisputeRefused, match="own"):
        disputes.decide(dispute_id=made.pk, outcome="upheld", text="x", by=legal.actor, now=NOW, key="x")
    day = date(2026, 12, 1)
    asked = requests.ask(
        case_id=case.pk,
        department="risk",
        what="information",
        text="?",
        needed_by=day,
        by=user.actor,
        now=NOW,
        key="r",
    )  # noqa: E501
    with pytest.raises(requests.RequestRefused, match="not_theirs"):
        requests.answer(request_id=asked.pk, user=legal, done=True, text="x", now=NOW)


# --- complaints ---


def complain(case, by, key="c1", **fields):
    given = {"source": "12378", "category": "language", "severity": "serious", "text": "骂人", **fields}
    return complaints.open_complaint(case_id=case.pk, by=by.actor, now=NOW, key=key, **given)


def test_whom_a_complaint_is_against_does_not_get_the_case_again_until_it_is_closed(late):
    person, _point, case, user = late
    leader, officer = build.user("team_leader"), build.user("compliance", team=build.team("team-2"))
    row = complain(case, leader, against_id=user.pk)
    assert casework.take_next(user=user, now=NOW + timedelta(hours=1)) is None
    assert not casework.hold(case_id=case.pk, user=user, now=NOW).mine
    colleague = build.user()
    assert casework.hold(case_id=case.pk, user=colleague, now=NOW).mine
    assert [kind for kind, *_ in holds(person)] == ["complaint"]
    complaints.assign(complaint_id=row.pk, handler_id=officer.pk, by=leader.actor, now=NOW, key="a1")
    with pytest.raises(complaints.ComplaintRefused, match="unanswered"):
        complaints.close(
            complaint_id=row.pk,
            founded=True,
            root_cause="conduct",
            redress="apology",
            text="",
            by=officer.actor,
            now=NOW,
            key="z",
        )  # noqa: E501
    step = complaints.answer(complaint_id=row.pk, text="属实，已致歉", by=officer.actor, now=NOW, key="b1")
    assert step.kind == "drafted", "of a serious one another person lets the answer leave"
    manager = build.user("manager", team=build.team("team-2"))
    complaints.release(complaint_id=row.pk, approved=True, text="", by=manager.actor, now=NOW, key="b2")
    complaints.close(
        complaint_id=row.pk,
        founded=True,
        root_cause="conduct",
        redress="apology",
        text="",
        by=officer.actor,
        now=NOW,
        key="z",
    )  # noqa: E501
    assert holds(person) == []
    casework.release(case_id=case.pk, user=colleague, now=NOW)
    assert casework.hold(case_id=case.pk, user=user, now=NOW).mine


def test_the_answer_stands_in_the_letter_in_the_handlers_words_and_a_second_person_lets_it_leave(late):
    person, _point, case, user = late
    second = build.team("team-2")
    leader, officer, manager = (
        build.user("team_leader"),
        build.user("compliance", team=second),
        build.user("manager", team=second),
    )
    row = complain(case, leader, against_id=user.pk)
    complaints.assign(complaint_id=row.pk, handler_id=officer.pk, by=leader.actor, now=NOW, key="a1")
    given = {"complaint_id": row.pk, "now": NOW}
    with pytest.raises(complaints.ComplaintRefused, match="content") as refused:
        complaints.answer(text="请转账至专员的私人账户", by=officer.actor, key="b0", **given)
    assert "CN-PAYEE" in {one.rule for one in refused.value.found}
    complaints.answer(text="已核听录音", by=officer.actor, key="b1", **given)
    for by, reason in ((officer, "second"), (user, "interest")):
        with pytest.raises(complaints.ComplaintRefused, match=reason):
            complaints.release(approved=True, text="", by=by.actor, key="r0", **given)
    assert not Message.objects.exists()
    complaints.release(approved=False, text="请写明处理结果", by=manager.actor, key="r1", **given)
    with pytest.raises(complaints.ComplaintRefused, match="unanswered"):
        complaints.release(approved=True, text="", by=manager.actor, key="r2", **given)
    complaints.answer(
        text="已核听录音，用语不当属实。\n## 已向您致歉，并对该员工培训。", by=officer.actor, key="b2", **given
    )
    complaints.release(approved=True, text="", by=manager.actor, key="r3", **given)
    message = Message.objects.get()
    said = portfolio.open_text(party_id=person.pk, sealed=bytes(message.text_sealed))
    assert "用语不当属实。\n\n已向您致歉" in said and row.number in said
    assert message.said == {}, "what was written to him is kept sealed, and nowhere else"


def test_a_complaint_goes_up_by_its_clock_once_to_each_role(late):
    _person, _point, case, _user = late
    row = complain(case, build.user("team_leader"))  # received on the 23rd, 15 days; serious: 10, 5, 2 days before
    for day, to in ((27, []), (28, ["team_leader"]), (33, ["team_leader", "compliance"])):
        for _ in range(2):
            complaints.escalate(now=NOW + timedelta(days=day - 23))
        assert list(row.steps.order_by("pk").values_list("to_role", flat=True)) == to, day


def test_the_handler_has_no_interest_in_the_case(late):
    _person, point, case, user = late
    leader = build.user("team_leader")  # of the collector's own team
    row = complain(case, leader, against_id=user.pk)
    with pytest.raises(complaints.ComplaintRefused, match="interest"):
        complaints.assign(complaint_id=row.pk, handler_id=leader.pk, by=leader.actor, now=NOW, key="a")
    with pytest.raises(complaints.ComplaintRefused, match="handler"):
        complaints.assign(complaint_id=row.pk, handler_id=build.user().pk, by=leader.actor, now=NOW, key="a")


def test_a_repeat_without_new_facts_stops_no_demand_again(late):
    person, _point, case, user = late
    first = complain(case, user)
    compliance.lift_hold(hold_id=first.hold_id, reason="x", by=user.actor, now=NOW)
    again = complain(case, user, key="c2")
    assert (again.repeats, again.hold, holds(person)) == (first, None, [])
    fresh = complain(case, user, key="c3", new_facts=True)
    assert fresh.repeats == again and [kind for kind, *_ in holds(person)] == ["complaint"]
    assert Complaint.objects.count() == 3


def test_an_extension_is_approved_by_another_than_the_handler(late):
    _person, _point, case, user = late
    officer = build.user("compliance", team=build.team("team-2"))
    row = complain(case, user)
    complaints.assign(complaint_id=row.pk, handler_id=officer.pk, by=officer.actor, now=NOW, key="a")
    with pytest.raises(complaints.ComplaintRefused, match="approval"):
        complaints.lengthen(complaint_id=row.pk, kind="extended", text="需调取录音", by=officer.actor, now=NOW, key="e")


DAYS = rules.Days(15, 30, 30)


@pytest.mark.parametrize(
    ("steps", "reply_by", "due"),
    [
        ([], None, date(2026, 12, 8)),
        (["complex"], None, date(2026, 12, 23)),
        (["complex", "extended"], None, date(2027, 1, 22)),
        (["complex"], date(2026, 12, 1), date(2026, 12, 1)),
    ],
)
def test_the_clock_of_a_complaint(steps, reply_by, due):
    assert rules.complaint_due(date(2026, 11, 23), steps, DAYS, reply_by) == due


@pytest.mark.parametrize(
    ("severity", "today", "to"),
    [
        ("normal", 1, ""),
        ("normal", 3, "team_leader"),
        ("normal", 6, "compliance"),
        ("normal", 9, "manager"),
        ("grave", 1, "manager"),
    ],
)
def test_a_complaint_goes_up_as_its_days_run_out(severity, today, to):
    stands = rules.complaint_standing(
        received_on=date(2026, 11, 23),
        reply_by=None,
        severity=severity,
        steps=[],
        days=DAYS,
        today=date(2026, 12, today),
    )
    assert (stands.escalated_to, stands.overdue) == (to, today == 9)


# --- paths and representatives ---


def test_a_death_takes_the_case_onto_the_estates_path(late):
    person, point, case, user = late
    path = paths.open_path(case_id=case.pk, kind="death", by=user.actor, now=NOW, key="p1", text="女儿来电告知")
    assert paths.open_path(case_id=case.pk, kind="death", by=user.actor, now=NOW, key="p2") == path
    assert judged(person, point, case) == ("REVIEW", "CN-DEATH-ESTATE")
    assert path.hold.ends_at is None and rules.paths()["death"].estate


def test_a_representative_is_told_nothing_before_identity_and_authority_are_good(late):
    person, _point, case, user = late
    by = user.actor
    row = paths.name_representative(case_id=case.pk, name="李律师", telephone="138 0000 0000", by=by, now=NOW, key="n1")
    today, proof = build.TODAY, build.proof(person)
    with pytest.raises(paths.PathRefused, match="evidence"):
        paths.check_representative(representative_id=row.pk, kind="identity", good=True, by=by, now=NOW, key="k0")
    paths.check_representative(
        representative_id=row.pk, kind="identity", good=True, evidence_ref=proof, by=by, now=NOW, key="k1"
    )
    assert not paths.may_be_told(row, today) and holds(person) == []
    until = today + timedelta(days=10)
    paths.check_representative(
        representative_id=row.pk, kind="authority", good=True, evidence_ref=proof, until=until, by=by, now=NOW, key="k2"
    )
    assert paths.may_be_told(row, until) and not paths.may_be_told(row, until + timedelta(days=1))
    assert [kind for kind, *_ in holds(person)] == ["representative"]
    paths.check_representative(representative_id=row.pk, kind="ended", good=True, by=by, now=NOW, key="k3")
    assert not paths.may_be_told(row, today) and holds(person) == []


def test_the_log_holds_every_fact_of_the_registers(late):
    person, _point, case, user = late
    given = {"by": user.actor, "now": NOW}
    made = dispute(case, user)
    risk = build.user("compliance").actor
    disputes.decide(dispute_id=made.pk, outcome="upheld", text="异地盗刷", by=risk, now=NOW, key="x1")
    [cards, _bureau] = DepartmentRequest.objects.order_by("pk")
    requests.answer(request_id=cards.pk, user=build.user("manager"), done=True, text="已冲正", now=NOW)
    complaint = complaints.open_complaint(
        case_id=case.pk, source="bank", category="other", severity="normal", text="太多", key="c", **given
    )
    complaints.lengthen(complaint_id=complaint.pk, kind="complex", text="须取证", key="c2", **given)
    path = paths.open_path(case_id=case.pk, kind="hardship", text="失业", key="p", **given)
    paths.end_path(path_id=path.pk, reason="已找到工作", key="p2", **given)
    row = paths.name_representative(case_id=case.pk, name="李律师", key="n", **given)
    paths.check_representative(representative_id=row.pk, kind="identity", good=False, key="n2", **given)
    record_findings(case_id=case.pk, found={"reason": "job_lost"}, heard="失业了", key="f", **given)
    mark_vulnerable(case_id=case.pk, kind="serious_illness", ends_on=build.TODAY + timedelta(days=20), key="v", **given)
    png = b"\x89PNG\r\n\x1a\nslip"
    proof = keep_proof(party_id=person.pk, kind="payslip", content=png, issued_on=build.TODAY, key="a", **given)
    state_means(party_id=person.pk, items={"salary": Decimal("5000")}, household=2, proofs=[proof.pk], key="m", **given)
    held = {label for entry in Log.objects.all() for label in entry.data.get("rows", {})}
    assert held >= {
        *("casework.dispute", "casework.disputestep", "casework.departmentrequest", "casework.requestanswer"),
        *("casework.complaint", "casework.complaintstep", "casework.path", "casework.pathstep", "casework.finding"),
        *("casework.representative", "casework.representativecheck", "casework.vulnerabilitymark"),
        *("arrangements.proof", "arrangements.proofcheck", "arrangements.meansstatement", "arrangements.instruction"),
    }
    assert evidence.verify().changed == []
