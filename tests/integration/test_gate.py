"""The gate on a database: facts gathered, slots taken, outcomes counted."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dunwell.compliance import queries, services, shipped
from dunwell.compliance.models import Contact, GateDecision, ListEntry
from dunwell.compliance.rules.outcomes import OUTCOMES
from dunwell.evidence.models import Log
from dunwell.evidence.services import keep_file
from dunwell.kernel.actor import Actor
from dunwell.payments import services as payments
from dunwell.portfolio.models import AccountRole, ContactPoint
from tests import build

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
pytestmark = pytest.mark.django_db


def dial(point, *, key, now=NOW, outcome="no_answer", by=BY, **more):
    fields = {"party_id": point.party_id, "contact_point_id": point.pk, "channel": "call", **more}
    taken = services.reserve(**fields, key=key, by=by, now=now)
    if taken.contact and outcome:
        services.record_outcome(contact_id=taken.contact.pk, outcome=outcome, by=by, now=now, key=f"o-{key}")
    return taken


def primary(taken):
    return taken.decision.primary.rule


def test_the_seventh_dial_of_a_number_is_refused_until_tomorrow_morning():
    _, point, _ = build.debtor()
    for nr in range(6):
        assert dial(point, key=f"d{nr}").allowed
    seventh = dial(point, key="d6", now=NOW + timedelta(hours=6))
    assert (seventh.contact, primary(seventh)) == (None, "CN-CALL-6-PER-POINT")
    assert seventh.decision.retry_after == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
    assert Contact.objects.count() == 6


def test_a_refusal_is_kept_with_its_rule_and_stands_in_the_log():
    party, point, _ = build.debtor()
    services.place_hold(party_id=party.pk, kind="dispute", reason="says it is not his", by=BY, now=NOW)
    refused = dial(point, key="d")
    assert refused.kept.verdict == "REVIEW"
    assert Log.objects.get(kind="gate.decided").data["rules"] == ["CN-DISPUTE"]


def test_the_same_key_takes_one_slot_only():
    _, point, _ = build.debtor()
    first, second = dial(point, key="twice", outcome=""), dial(point, key="twice", outcome="")
    assert first.contact == second.contact
    assert second.decision == first.decision
    assert Contact.objects.count() == 1


def test_a_number_that_two_persons_share_is_counted_once_for_both():
    _, his, _ = build.debtor()
    other, _, _ = build.debtor()
    hers = build.contact_point(party=other, value="19000009999")
    ours = build.contact_point(party=his.party, value="19000009999")
    for nr in range(3):
        dial(hers, key=f"a{nr}")
        dial(ours, key=f"b{nr}")
    assert primary(dial(hers, key="a-last")) == "CN-CALL-6-PER-POINT"
    assert primary(dial(ours, key="b-last")) == "CN-CALL-6-PER-POINT"
    assert dial(his, key="another number").allowed


def test_bank_and_agency_are_counted_together():
    party, point, _ = build.debtor()
    agency = build.agency(debtors=[party])
    for nr in range(6):
        assert dial(point, key=f"a{nr}", by=agency).allowed
    assert primary(dial(point, key="ours")) == "CN-CALL-6-PER-POINT"


def test_an_agency_is_published_and_the_debtor_told_of_it():
    party, point, _ = build.debtor()
    agency = Actor.program("agency", entity_id=build.entity("agency-1").pk)
    assert [r.rule for r in dial(point, key="1", by=agency).decision.reasons] == ["G-UNKNOWN", "CN-AG-NOTICE"]
    build.agency()
    assert primary(dial(point, key="2", by=agency)) == "CN-AG-NOTICE"
    build.agency("agency-2", debtors=[party])  # told of another one
    assert primary(dial(point, key="3", by=agency)) == "CN-AG-NOTICE"
    build.agency(debtors=[party])
    assert dial(point, key="4", by=agency).allowed
    services.list_agency(
        agency_id=agency.entity_id, telephone="4000000000", published_at="page", starts_on=date(2026, 1, 1),
        ends_on=date(2026, 11, 23), by=BY, now=NOW,
    )  # fmt: skip
    assert primary(dial(point, key="5", by=agency)) == "CN-AG-LIST"


def test_three_talks_are_enough_for_a_day_and_one_under_way_counts():
    party, point, _ = build.debtor()
    second = build.contact_point(party=party)
    dial(point, key="1", outcome="connected_rpc")
    dial(point, key="2", outcome="hung_up")
    under_way = dial(second, key="3", outcome="")
    assert primary(dial(second, key="4")) == "CN-CALL-3-EFFECTIVE"
    services.record_outcome(contact_id=under_way.contact.pk, outcome="no_answer", by=BY, now=NOW, key="o3")
    assert dial(second, key="5").allowed


def test_what_provably_did_not_leave_frees_its_slot_and_nothing_else_does():
    _, point, _ = build.debtor()
    taken = dial(point, key="1", outcome="")
    with pytest.raises(services.OutcomeRefused, match="does not prove"):
        services.give_back(contact_id=taken.contact.pk, proof="he says so", by=BY, now=NOW, key="g")
    with pytest.raises(services.OutcomeRefused, match="id of the telephone"):
        services.give_back(contact_id=taken.contact.pk, proof="switch_record", by=BY, now=NOW, key="g")
    record = services.Proof("CDR-1")
    back = services.give_back(contact_id=taken.contact.pk, proof="switch_record", shown=record, by=BY, now=NOW, key="g")
    assert back.record == Log.objects.get(kind="contact.recorded").data["record"] == "CDR-1"
    for nr in range(6):
        assert dial(point, key=f"d{nr}").allowed
    in_doubt = Contact.objects.get(key="d5")
    with pytest.raises(services.OutcomeRefused, match="already has the outcome no_answer"):
        services.give_back(contact_id=in_doubt.pk, proof="switch_record", shown=record, by=BY, now=NOW, key="g2")
    open_dial = dial(build.debtor()[1], key="2", outcome="").contact
    with pytest.raises(services.OutcomeRefused, match="given a slot back already"):
        services.give_back(contact_id=open_dial.pk, proof="switch_record", shown=record, by=BY, now=NOW, key="g3")


@pytest.mark.parametrize(
    ("first", "later", "taken"),
    [
        ("connected_rpc", "no_answer", False),
        ("connected_rpc", "connected_wpc", False),
        ("hung_up", "busy", False),
        ("no_answer", "connected_rpc", True),
        ("no_answer", "busy", True),
    ],
)
def test_a_correction_lowers_no_count_without_the_record_that_proves_it(first, later, taken):
    party, point, _ = build.debtor()
    for nr in range(2):
        dial(build.contact_point(party=party), key=f"talk{nr}", outcome="connected_rpc")
    contact = dial(point, key="1", outcome=first).contact
    fields = {"contact_id": contact.pk, "outcome": later, "by": BY, "now": NOW}
    if taken:
        assert services.record_outcome(**fields, key="c").outcome == later
        return
    with pytest.raises(services.OutcomeRefused, match=f"{later} would count less than {first}"):
        services.record_outcome(**fields, key="c")
    assert primary(dial(build.contact_point(party=party), key="4")) == "CN-CALL-3-EFFECTIVE"
    assert services.record_outcome(**fields, key="c", proof=services.Proof("CDR-7")).record == "CDR-7"
    assert dial(build.contact_point(party=party), key="5").allowed


def test_an_agency_shows_the_file_in_which_the_record_stands(tmp_path):
    party, point, _ = build.debtor()
    agency = build.agency(debtors=[party])
    contact = dial(point, key="1", by=agency, outcome="").contact
    (tmp_path / "cdr.csv").write_text("id,cause\nCDR-9,not connected\n")
    file = keep_file(path=tmp_path / "cdr.csv", now=NOW)
    fields = {"contact_id": contact.pk, "proof": "switch_record", "by": agency, "now": NOW, "key": "g"}
    for shown, why in (
        (services.Proof("CDR-9"), "hands in the file"),
        (services.Proof("CDR-8", file), "has no record CDR-8"),
    ):
        with pytest.raises(services.OutcomeRefused, match=why):
            services.give_back(**fields, shown=shown)
    assert services.give_back(**fields, shown=services.Proof("CDR-9", file)).file == file


def test_every_channel_of_every_pack_has_its_outcomes():
    assert {channel for pack in shipped.packs() for channel in pack.channels} <= set(OUTCOMES)


@pytest.mark.parametrize(
    ("outcome", "status", "listed"),
    [
        ("out_of_service", "invalid", False),
        ("empty_number", "invalid", False),
        ("connected_wpc", "suspended", True),
        ("no_answer", "valid", False),
    ],
)
def test_a_dead_number_and_a_wrong_person_stop_the_number(outcome, status, listed):
    _, point, _ = build.debtor()
    dial(point, key="1", outcome=outcome)
    point.refresh_from_db()
    assert point.status == status
    assert ListEntry.objects.filter(list="wrong_number", digest=point.digest).exists() is listed


def test_a_wrong_number_is_refused_for_every_other_person_too():
    _, point, _ = build.debtor()
    dial(point, key="1", outcome="connected_wpc")
    other, _, _ = build.debtor()
    shared = ContactPoint.objects.create(
        party=other, kind="mobile", source="contract", value_sealed=b"x", masked="190", digest=point.digest,
        digest_version=1,
    )  # fmt: skip
    refused = dial(shared, key="2")
    assert primary(refused) == "G-LIST"
    services.remove_from_list(entry_id=ListEntry.objects.get().pk, reason="verified", by=BY, now=NOW)
    assert dial(shared, key="3").allowed


@pytest.mark.parametrize(
    ("kind", "verdict", "rule"),
    [
        ("dispute", "REVIEW", "CN-DISPUTE"),
        ("complaint", "REVIEW", "CN-COMPLAINT"),
        ("death", "REVIEW", "CN-DEATH-ESTATE"),
        ("illness", "REVIEW", "CN-CARE"),
        ("risk", "REVIEW", "G-RISK"),
        ("art70", "BLOCK", "CN-ART70-STOP"),
        ("fraud", "BLOCK", "CN-FRAUD-TXN"),
        ("bankruptcy", "BLOCK", "CN-BANKRUPTCY"),
        ("incapacity", "BLOCK", "CN-CAPACITY"),
        ("legal", "BLOCK", "CN-COURT"),
        ("hardship", "BLOCK", "G-HOLD"),
        ("something new", "BLOCK", "G-HOLD"),
    ],
)
def test_a_hold_stops_demands_until_it_is_lifted(kind, verdict, rule):
    party, point, _ = build.debtor()
    hold = services.place_hold(party_id=party.pk, kind=kind, reason="r", by=BY, now=NOW)
    refused = dial(point, key="1")
    assert (refused.decision.verdict, primary(refused)) == (verdict, rule)
    services.lift_hold(hold_id=hold.pk, reason="settled", by=BY, now=NOW)
    assert dial(point, key="2").allowed


def test_a_hold_that_ends_says_when():
    party, point, _ = build.debtor()
    ends = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)  # midnight in Beijing
    services.place_hold(party_id=party.pk, kind="hardship", reason="r", by=BY, now=NOW, ends_at=ends)
    assert dial(point, key="1").decision.retry_after == datetime(2026, 11, 27, 0, 0, tzinfo=UTC)
    assert dial(point, key="2", now=datetime(2026, 11, 27, 0, 0, tzinfo=UTC)).allowed


def test_a_hold_placed_twice_by_a_double_click_is_one():
    party, _, _ = build.debtor()
    first, second = (services.place_hold(party_id=party.pk, kind="dispute", reason="r", by=BY, now=NOW) for _ in "12")
    assert first == second


@pytest.mark.parametrize(
    ("prepare", "rule"),
    [
        (lambda a: build.AccountState.objects.filter(account=a).update(past_due=0), "G-PAID"),
        (lambda a: receive(a, "1.00", provisional=True), "G-PAID"),
        (lambda a: receive(a, "1500.00"), "G-PAID"),
        (lambda a: receive(a, "1499.99"), "OK"),
        (lambda a: build.AccountState.objects.filter(account=a).delete(), "G-UNKNOWN"),
    ],
    ids=["nothing past due", "announced", "booked, not yet reassessed", "a cent short", "nothing known"],
)
def test_what_is_owed_is_looked_at_again(prepare, rule):
    party, point, _ = build.debtor()
    prepare(party.accounts.get())
    assert primary(dial(point, key="1", purpose="reminder")) == rule


def receive(account, amount, **more):
    return payments.receive(
        account_id=account.pk, amount=Decimal(amount), currency="CNY", posting_date=build.TODAY,
        transaction_date=build.TODAY, host_ref="R1", source="typed", by=BY, now=NOW, **more,
    )  # fmt: skip


def test_his_own_hours_and_wishes_bind():
    party, point, _ = build.debtor()
    services.record_consent(
        party_id=party.pk, kind="debtor_window", window=(time(18), time(21)), by=BY, now=NOW - timedelta(days=1)
    )
    refused = dial(point, key="1")
    assert primary(refused) == "G-DEBTOR-WINDOW"
    assert refused.decision.retry_after == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert dial(point, key="2", now=NOW + timedelta(hours=8)).allowed
    services.withdraw_consent(party_id=party.pk, kind="debtor_window", by=BY, now=NOW)
    assert dial(point, key="3").allowed


def test_night_contact_needs_an_agreement_with_evidence():
    party, point, _ = build.debtor()
    night = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
    assert primary(dial(point, key="1", now=night)) == "CN-TIME-NIGHT"
    with pytest.raises(ValueError, match="evidence"):
        services.record_consent(party_id=party.pk, kind="night_consent", by=BY, now=NOW)
    for nothing in ("call 77", "log:999999999", "contact:1", build.proof(build.party())):
        with pytest.raises(services.Unproven, match="no evidence that is kept"):
            services.record_consent(party_id=party.pk, kind="night_consent", evidence_ref=nothing, by=BY, now=NOW)
    talk = dial(point, key="talk", outcome="connected_rpc").contact
    services.record_consent(party_id=party.pk, kind="night_consent", evidence_ref=f"contact:{talk.pk}", by=BY, now=NOW)
    assert dial(point, key="2", now=night).allowed


def test_a_token_ends_with_the_hours_of_contact():
    _, point, _ = build.debtor()
    last_moment = datetime(2026, 11, 24, 13, 59, 40, tzinfo=UTC)
    assert dial(point, key="1", now=last_moment, outcome="").contact.expires_at == last_moment + timedelta(seconds=20)
    waited = dial(point, key="2", outcome="").contact.expires_at - NOW
    assert timedelta(seconds=60) <= waited < timedelta(seconds=70)


def third_party(owner, role=AccountRole.Role.DECLARED_CONTACT, **fields):
    person = build.party()
    AccountRole.objects.create(account_no=owner.accounts.get().account_no, party=person, role=role, **fields)
    return build.contact_point(party=person, source="declared_contact")


def to_third(owner, point, key, **more):
    return dial(point, key=key, party_id=owner.pk, person_id=point.party_id, **{"purpose": "locate", **more})


def test_a_third_party_is_contacted_only_when_the_debtor_is_lost_and_only_to_find_him():
    owner, point, _ = build.debtor()
    mother = third_party(owner, relation="mother")
    assert primary(to_third(owner, mother, "1")) == "CN-TP-UNRELATED"
    dial(point, key="2", outcome="empty_number")
    assert primary(to_third(owner, mother, "3", purpose="demand")) == "CN-TP-UNRELATED"
    found = to_third(owner, mother, "4", outcome="")
    assert found.allowed
    services.record_outcome(
        contact_id=found.contact.pk, outcome="connected_rpc", result="refused", by=BY, now=NOW, key="o4"
    )
    services.record_outcome(contact_id=found.contact.pk, outcome="connected_rpc", by=BY, now=NOW, key="o4-again")
    later = NOW + timedelta(days=60)
    assert primary(to_third(owner, mother, "5", now=later)) == "CN-TP-REFUSED"
    other, point_of_other, _ = build.debtor()  # the same number, as another person, in another case
    dial(point_of_other, key="6", outcome="empty_number", now=later)
    again = third_party(other, relation="aunt")
    ContactPoint.objects.filter(pk=again.pk).update(digest=mother.digest)
    assert primary(to_third(other, again, "7", now=later)) == "CN-TP-REFUSED"


def test_whether_he_is_lost_is_told_by_his_own_clock_not_by_the_third_partys():
    owner, point, _ = build.debtor()
    mother = third_party(owner, relation="mother")
    mother.party.timezone = "America/New_York"
    mother.party.save()
    for nr in range(3):
        dial(point, key=f"d{nr}", now=datetime(2026, 11, 23, 12, 0, tzinfo=UTC))  # 20:00 in Beijing, 07:00 there
    at = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # the next day in Beijing, the same one there
    assert to_third(owner, mother, "t", now=at).kept.facts["flags"]["lost_contact"] == "dials3_prev_day"


@pytest.mark.parametrize(
    ("role", "relation", "rule"),
    [
        ("guarantor", "", "OK"),
        ("joint_debtor", "", "OK"),
        ("declared_contact", "spouse", "CN-TP-UNRELATED"),
        ("supplementary", "", "CN-TP-RELATED"),
    ],
)
def test_who_he_is_to_the_debt_decides(role, relation, rule):
    owner, _, _ = build.debtor()
    point = third_party(owner, role=role, relation=relation)
    assert primary(to_third(owner, point, "1", purpose="demand")) == rule


@pytest.mark.parametrize(
    ("role", "relation", "kinds", "rule"),
    [
        ("declared_contact", "spouse", ["joint_debt"], "OK"),
        ("supplementary", "", ["supplementary_liable"], "OK"),
        ("declared_contact", "son", ["heir"], "CN-DEATH-ESTATE"),
        ("declared_contact", "son", ["heir", "estate_value"], "OK"),
        ("declared_contact", "colleague", ["employer"], "CN-TP-UNRELATED"),
    ],
)
def test_what_is_proven_about_somebody_changes_what_he_is_to_the_debt(role, relation, kinds, rule):
    owner, _, _ = build.debtor()
    point = third_party(owner, role=role, relation=relation)
    rows = [
        services.record_circumstance(
            party_id=owner.pk, person_id=point.party_id, kind=kind, evidence_ref=build.proof(owner), by=BY, now=NOW
        )
        for kind in kinds
    ]
    assert primary(to_third(owner, point, "1", purpose="demand")) == rule
    for row in rows:
        services.withdraw_circumstance(circumstance_id=row.pk, by=BY, now=NOW)
    assert primary(to_third(owner, point, "2", purpose="demand")) != "OK"


def test_before_a_court_the_legal_team_contacts_him():
    party, point, _ = build.debtor()
    services.place_hold(party_id=party.pk, kind="court", reason="r", by=BY, now=NOW)
    lawyer, collector = (build.user(role) for role in ("legal", "collector"))
    by = {user: Actor(user_id=user.pk, name="x", entity_id=user.entity_id) for user in (lawyer, collector)}
    assert dial(point, key="1", by=by[lawyer], outcome="").allowed
    assert primary(dial(point, key="2", by=by[collector])) == "CN-COURT"


def test_a_person_who_is_nothing_to_the_debt_is_refused():
    owner, _, _ = build.debtor()
    stranger = build.contact_point(party=build.party())
    assert primary(to_third(owner, stranger, "1")) == "G-UNKNOWN"


def test_a_point_of_somebody_else_is_refused():
    owner, _, _ = build.debtor()
    _, elsewhere, _ = build.debtor()
    assert primary(dial(elsewhere, key="1", party_id=owner.pk)) == "G-POINT"


def test_a_party_without_a_time_zone_is_refused():
    _, point, _ = build.debtor(timezone="")
    assert primary(dial(point, key="1")) == "G-UNKNOWN"


def test_an_old_decision_decided_again_is_the_same():
    party, point, case = build.debtor()
    services.place_hold(party_id=party.pk, kind="hardship", reason="r", by=BY, now=NOW, ends_at=NOW + timedelta(days=2))
    services.add_to_list(list="staff", party_id=party.pk, reason="r", by=BY, now=NOW)
    for nr in range(3):
        dial(point, key=str(nr), case_id=case.pk)
        dial(point, key=f"s{nr}", purpose="service", outcome="connected_rpc")
    dial(point, key="night", now=NOW + timedelta(hours=13))
    assert GateDecision.objects.count() == 7
    for kept in GateDecision.objects.all():
        assert services.decided_again(kept) == services.decision_of(kept)


def test_asking_reserves_nothing_and_keeps_refusals_only():
    party, point, _ = build.debtor()
    fields = {"party_id": party.pk, "contact_point_id": point.pk, "channel": "call", "by": BY}
    assert services.ask(**fields, now=NOW).allowed
    assert GateDecision.objects.count() == 0
    assert not services.ask(**fields, now=NOW + timedelta(hours=12)).allowed
    assert (GateDecision.objects.count(), Contact.objects.count()) == (1, 0)


def test_an_outcome_must_fit_its_channel():
    _, point, _ = build.debtor()
    taken = dial(point, key="1", outcome="")
    for outcome, identified in (("sent", False), ("nothing_left", False), ("no_answer", True)):
        with pytest.raises(services.OutcomeRefused):
            services.record_outcome(
                contact_id=taken.contact.pk, outcome=outcome, identified=identified, by=BY, now=NOW, key="o"
            )


def test_the_budget_says_what_is_used_and_what_is_left():
    party, point, _ = build.debtor()
    second = build.contact_point(party=party, kind="email", value="a@example.com")
    services.record_consent(party_id=party.pk, kind="debtor_window", window=(time(9), time(12)), by=BY, now=NOW)
    dial(point, key="1", outcome="connected_rpc")
    dial(point, key="2", outcome="")
    with CaptureQueriesContext(
        connection,
    ) as queries_made:
        found = queries.budget(party.pk, NOW)
    assert len(queries_made) <= 4
    uses = {use.rule: (use.used, use.under_way, use.left) for use in found.caps}
    assert uses["CN-CALL-3-EFFECTIVE"] == (2, 1, 1)
    assert uses["CN-SMS-2-PER-DAY"] == (0, 0, 2)
    assert (found.clock.hour, found.zone, found.open) == (10, "Asia/Shanghai", True)
    assert found.closes_at == datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
    assert [(h.start.hour, h.end.hour) for h in found.hours + found.own_hours] == [(8, 22), (9, 12)]
    by_point = {p.contact_point_id: p for p in found.points}
    assert [(u.rule, u.used, u.limit) for u in by_point[point.pk].caps] == [("CN-CALL-6-PER-POINT", 2, 6)]
    assert by_point[point.pk].next_allowed(NOW) == NOW
    assert by_point[second.pk].channel == "email"


def test_the_budget_outside_the_hours_names_the_next_moment():
    party, point, _ = build.debtor()
    found = queries.budget(party.pk, NOW + timedelta(hours=13))
    assert (found.open, found.opens_at) == (False, datetime(2026, 11, 25, 0, 0, tzinfo=UTC))
    assert found.points[0].next_allowed(NOW) == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


def test_the_budget_of_a_party_without_zone_is_closed():
    party, _, _ = build.debtor(timezone="")
    found = queries.budget(party.pk, NOW)
    assert (found.clock, found.open, found.caps) == (None, False, ())
    assert found.points[0].decision.primary.rule == "G-UNKNOWN"


def test_many_are_previewed_with_three_queries():
    points = [build.debtor()[1] for _ in range(20)]
    askings = [queries.Asking(p.party_id, p.party_id, p.pk, "sms", "reminder") for p in points]
    with CaptureQueriesContext(connection) as queries_made:
        assert all(d.allowed for d in queries.previews(askings, now=NOW))
    assert len(queries_made) == 3
