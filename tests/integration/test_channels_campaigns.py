"""Dial campaigns: a list given out, dialled under the gate by a process that misbehaves, told back, taken back."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.utils import timezone

from dunwell.casework.models import Reminder
from dunwell.casework.queries.lists import Filter
from dunwell.casework.services import campaigns as casework
from dunwell.channels.lines import LineError, diallers
from dunwell.channels.lines.reading import read
from dunwell.channels.models import CampaignEntry, CampaignPull, DialRecord
from dunwell.channels.services import campaigns, recordings
from dunwell.channels.services.caller_numbers import NumberRefused, add_number, mark_number, standings
from dunwell.channels.voice.caller_numbers import Standing, pick, policy
from dunwell.channels.voice.records import CallRecord, outcome_told, wrong_in
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.compliance.queries import budget
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from tests import build
from tests.peers import Dialler

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
SECRET = "a-secret-of-the-dialler"  # noqa: S105
ZONES = ("Asia/Shanghai", "Pacific/Auckland", "America/New_York", "Europe/Berlin", "Pacific/Honolulu")
BY = Actor.program("test")
MAP = {"PTP": "connected_rpc", "NOANS": "no_answer", "BUSY": "busy", "NODIAL": "nothing_left"}


def connect(settings, folder, **options) -> None:
    line = {"code": "dial", "channel": "call", "adapter": "dialler", "secret": SECRET, "outcomes": MAP, **options}
    robot = {**line, "code": "robot", "channel": "ai_call"}
    settings.LINES_FILE = folder / "lines.yaml"
    settings.LINES_FILE.write_text(yaml.safe_dump([line, robot]), encoding="utf-8")


def give(*, code="dial", now=NOW, key="campaign-1"):
    line = next(line for line in diallers() if line.code == code)
    user = build.user("team_leader")
    made = casework.give_out(
        line=line, asked=Filter(bucket="M2"), title="M2 this morning", flow="f-12", ends_at=now + timedelta(hours=24),
        user=user, now=now, key=key,
    )  # fmt: skip
    return line, made


@pytest.fixture
def line(settings, tmp_path, db):
    connect(settings, tmp_path)


def record(entry, call_id="c1", outcome="NOANS", at=NOW, **fields):
    talk = {"answered_at": at + timedelta(seconds=5)} if outcome == "PTP" else {}
    return CallRecord(
        reference=entry.reference, call_id=call_id, started_at=at, ended_at=at + timedelta(seconds=65), outcome=outcome,
        **talk, **fields,
    )  # fmt: skip


def dial(line, made, entry, call_id="c1", now=NOW):
    return campaigns.dial(campaign_id=made.pk, line=line, reference=entry.reference, call_id=call_id, now=now)


def test_the_list_has_references_hours_and_dials_left_and_no_number(line):
    _party, point, case = build.debtor()
    line, made = give()
    assert give()[1] == made  # the same key
    ((one,), following) = campaigns.given(campaign=made, line=line, after=0, limit=10, now=NOW)
    assert (one.masked, one.number, following, one.entry.case_id) == (point.masked, "", None, case.pk)
    assert one.budget.closes_at == datetime(2026, 11, 24, 14, 0, tzinfo=UTC) and one.budget.left == 3
    at_night = NOW.replace(hour=15)
    ((one,), _) = campaigns.given(campaign=made, line=line, after=0, limit=10, now=at_night)
    assert one.budget.left == 0 and one.budget.opens_at == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)


def test_an_entry_is_about_the_only_account_that_is_late_and_a_hold_on_another_does_not_take_it_back(line):
    party, _point, _case = build.debtor()
    other = build.account(party=party)
    line, made = give()
    entry = CampaignEntry.objects.get()
    assert entry.account_id == party.accounts.exclude(pk=other.pk).get().pk
    compliance.place_hold(
        party_id=party.pk, kind="dispute", reason="r", account_id=other.pk, ends_at=None, by=BY, now=NOW
    )
    assert campaigns.pull_back(now=NOW) == 0 and dial(line, made, entry).decision.allowed


def test_a_dial_gets_its_number_once_the_gate_has_allowed_it(line):
    _, point, _ = build.debtor()
    line, made = give()
    entry = CampaignEntry.objects.get()
    answer = dial(line, made, entry)
    number = portfolio.open_text(party_id=point.party_id, sealed=bytes(point.value_sealed))
    assert (answer.refused, answer.number) == ("", number)
    assert dial(line, made, entry).contact == answer.contact and Contact.objects.count() == 1
    assert Log.objects.filter(kind="party.revealed").count() == 2
    assert dial(line, made, entry, "c2", NOW.replace(hour=15)).refused == "CN-TIME-NIGHT"
    later = NOW + timedelta(minutes=2)
    assert dial(line, made, entry, now=later).number == ""  # the same call after its token
    with pytest.raises(campaigns.NoSuchEntry):
        campaigns.dial(campaign_id=made.pk, line=line, reference="x", call_id="c9", now=NOW)


def test_a_record_told_twice_and_out_of_order_counts_once(line):
    party, _, case = build.debtor()
    line, made = give()
    entry = CampaignEntry.objects.get()
    contact = dial(line, made, entry).contact
    whole = record(entry, outcome="PTP", agent="A-7", caller_number="01080001000")
    begun = CallRecord(reference=entry.reference, call_id="c1", started_at=NOW)
    later = NOW + timedelta(minutes=5)
    assert campaigns.take_records(line=line, told=[whole, begun, whole], now=later) == campaigns.Took(2, 0)
    assert campaigns.take_records(line=line, told=[begun, whole], now=later) == campaigns.Took(0, 0)
    outcome = ContactOutcome.objects.get()
    assert (outcome.contact, outcome.outcome, outcome.seconds) == (contact, "connected_rpc", 60)
    assert DialRecord.objects.exclude(ended_at=None).get().agent == "A-7"
    assert next(use.used for use in budget(party.pk, later, case_id=case.pk).points[0].caps) == 1
    # a later record that would count less is kept, shown, and changes nothing
    less = record(entry, outcome="NOANS")
    assert campaigns.take_records(line=line, told=[less], now=later).problems == 1
    assert ContactOutcome.objects.get().outcome == "connected_rpc"


def test_what_nobody_asked_for_is_counted_and_logged_as_a_breach(line):
    party, _, case = build.debtor()
    line, made = give()
    entry = CampaignEntry.objects.get()
    later = NOW + timedelta(minutes=5)
    told = [record(entry, "w1"), record(entry, "w2", "PTP")]
    assert campaigns.take_records(line=line, told=told, now=later).new == 2
    assert Contact.objects.filter(decision=None).count() == 2
    assert Log.objects.filter(kind="gate.breached").count() == 2
    assert budget(party.pk, later, case_id=case.pk).points[0].caps[0].used == 2
    # a dial that was not made, and one begun after its leave had ended
    assert dial(line, made, entry, "c3").contact
    campaigns.take_records(line=line, told=[record(entry, "c3", at=NOW + timedelta(seconds=90))], now=later)
    assert Log.objects.filter(kind="gate.breached").count() == 3
    dial(line, made, entry, "c4")
    campaigns.take_records(line=line, told=[record(entry, "c4", "NODIAL")], now=later)
    assert ContactOutcome.objects.get(contact__campaign_dial__call_id="c4").outcome == "nothing_left"


def test_records_of_nothing_we_know_are_kept_and_shown(line):
    build.debtor()
    line, _ = give()
    entry = CampaignEntry.objects.get()
    strange = CallRecord(reference="x", call_id="1", started_at=NOW, transcript="who is there?")
    unclear = record(entry, "c1", "MYSTERY", recording_id="r1")
    unclear = CallRecord(**{**unclear_fields(unclear), "answered_at": NOW})
    future = record(entry, "c2", at=NOW + timedelta(days=1))
    took = campaigns.take_records(line=line, told=[strange, unclear, future], now=NOW + timedelta(minutes=5))
    assert (took.new, took.problems) == (3, 3)
    assert set(DialRecord.objects.values_list("problem", flat=True)) == {
        "reference_unknown", "outcome_unknown", "in_the_future",
    }  # fmt: skip
    assert b"who is there" not in bytes(DialRecord.objects.get(call_id="1").transcript_sealed)


def unclear_fields(one):
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


@pytest.mark.parametrize("what", ["payment", "complaint", "dispute"])
def test_an_entry_is_taken_back_and_its_dial_refused(line, what):
    party, _, _ = build.debtor()
    build.debtor()
    line, made = give()
    entry = CampaignEntry.objects.get(party=party)
    assert campaigns.pull_back(now=NOW) == 0
    if what == "payment":
        party.accounts.get().state.__class__.objects.filter(account__party=party).update(past_due=0)
        portfolio.touch(party_id=party.pk, now=NOW)
    else:
        compliance.place_hold(party_id=party.pk, kind=what, reason="he says", ends_at=None, by=BY, now=NOW)
    assert campaigns.pull_back(now=NOW + timedelta(seconds=1)) == 1
    assert CampaignPull.objects.get().entry == entry
    assert dial(line, made, entry).refused == "pulled"
    found, _ = campaigns.given(campaign=made, line=line, after=0, limit=10, now=NOW)
    assert [one.entry.party_id for one in found] != [] and entry.pk not in [one.entry.pk for one in found]
    campaigns.end_campaign(campaign_id=made.pk, by=BY, now=NOW)
    assert dial(line, made, CampaignEntry.objects.exclude(pk=entry.pk).get()).refused == "ended"


def test_a_list_of_dials_reserved_beforehand_gives_the_number_and_takes_the_slots(settings, tmp_path, db):
    connect(settings, tmp_path, asks="list", dials=2)
    party, _, case = build.debtor()
    line, made = give()
    ((one,), _) = campaigns.given(campaign=made, line=line, after=0, limit=10, now=NOW)
    ((again,), _) = campaigns.given(campaign=made, line=line, after=0, limit=10, now=NOW)
    assert len(one.dials) == 2 and one.dials == again.dials and one.number
    assert budget(party.pk, NOW, case_id=case.pk).points[0].caps[0].used == 2
    later = NOW + timedelta(minutes=5)
    told = [record(one.entry, "a"), record(one.entry, "b"), record(one.entry, "a")]
    assert campaigns.take_records(line=line, told=told, now=later) == campaigns.Took(2, 0)
    assert ContactOutcome.objects.count() == 2 and Contact.objects.count() == 2
    assert not Log.objects.filter(kind="gate.breached").exists()


def test_a_robot_knows_no_debt_until_identity_is_shown_and_hands_over_with_its_transcript(line):
    party, _, case = build.debtor()
    line, made = give(code="robot")
    entry = CampaignEntry.objects.get()
    answer = dial(line, made, entry)
    assert answer.contact.channel == "ai_call"
    told = campaigns.told_after_identity(
        campaign_id=made.pk, line=line, reference=entry.reference, call_id="c1", now=NOW
    )
    assert told["amount"] == "CNY 1,500.00" and Log.objects.filter(kind="robot.identified").exists()
    whole = record(
        entry, outcome="PTP", identified=True, intent="wants_person", hand_over=True, transcript="- 我想和人说话",
        recording_id="r-1",
    )  # fmt: skip
    later = NOW + timedelta(minutes=5)
    campaigns.take_records(line=line, told=[whole], now=later)
    row = DialRecord.objects.get()
    assert portfolio.open_text(party_id=party.pk, sealed=bytes(row.transcript_sealed)) == "- 我想和人说话"
    assert casework.take_over(now=later) == 1 and casework.take_over(now=later) == 0
    assert Reminder.objects.get().case == case and "wants_person" in Reminder.objects.get().reason
    with pytest.raises(campaigns.NoSuchEntry):  # the call is over
        campaigns.told_after_identity(
            campaign_id=made.pk, line=line, reference=entry.reference, call_id="c1", now=later
        )


def test_a_recording_that_came_before_its_record_finds_it(line, tmp_path):
    from tests.integration.test_channels_voice import sound

    build.debtor()
    line, _ = give()
    entry = CampaignEntry.objects.get()
    sound(tmp_path / "a.wav")
    (tmp_path / "list.csv").write_text(
        "file,call_id,number,seat,started_at,seconds\na.wav,r-1,,,2026-11-24T10:00:00,9\n"
    )
    done = recordings.take_batch(manifest=tmp_path / "list.csv", entity_id=entry.campaign.entity_id, now=NOW)
    assert (done.new, done.matched) == (1, 0)
    campaigns.take_records(line=line, told=[record(entry, recording_id="r-1")], now=NOW + timedelta(minutes=5))
    assert DialRecord.objects.get().contact.recordings.get().found_by == "call_id"


# --- rules ---


def test_what_a_record_comes_to():
    ended = {"reference": "r", "call_id": "c", "started_at": NOW, "ended_at": NOW + timedelta(seconds=9)}
    cases = [
        ({"outcome": "BUSY"}, "busy"), ({"cause": "486"}, "busy"), ({"ringing_at": NOW}, "no_answer"),
        ({"outcome": "connected_wpc", "answered_at": NOW}, "connected_wpc"),
        ({"answered_at": NOW, "outcome": "?"}, None), ({"outcome": "NODIAL"}, "nothing_left"),
    ]  # fmt: skip
    assert [outcome_told(CallRecord(**ended, **more), MAP, "call") for more, _ in cases] == [one for _, one in cases]
    backwards = CallRecord("r", "c", started_at=NOW, ended_at=NOW - timedelta(seconds=1))
    assert wrong_in(backwards, NOW) == "times_not_in_order"


def test_a_dialler_s_line_that_is_miswritten_says_where():
    with pytest.raises(LineError, match="number: 'clear' is none of masked, reference"):
        read("- {code: d, channel: call, adapter: dialler, secret: x, number: clear}", "lines.yaml")


def test_the_number_shown_is_of_his_region_unmarked_rested_and_the_least_used():
    pool = [
        Standing(1, "a", "11"), Standing(2, "b", "31", today=9), Standing(3, "c", "31", today=2),
        Standing(4, "d", "31", marked="骚扰"), Standing(5, "e", "31", rests_until=NOW + timedelta(hours=1)),
        Standing(6, "f", "31", calls=1000, complaints=6), Standing(7, "g", "31", withdrawn=True),
        Standing(8, "h", "31", today=300),
    ]  # fmt: skip
    assert pick(pool, "31", NOW, policy()).number == "c"
    assert pick(pool, "44", NOW, policy()).number == "a"  # none of his region: the least used
    assert pick(pool[3:], "31", NOW, policy()) is None


def test_the_pool_counts_calls_and_complaints(line):
    party, _, _ = build.debtor()
    line, made = give()
    entry = CampaignEntry.objects.get()
    by = Actor.program("test", entity_id=made.entity_id)
    number = add_number(entity_id=made.entity_id, number="010 8000 1000", region="11", by=by, now=NOW)
    assert add_number(entity_id=made.entity_id, number="01080001000", region="11", by=by, now=NOW) == number
    assert dial(line, made, entry).caller_number == "01080001000"
    campaigns.take_records(
        line=line, told=[record(entry, caller_number="01080001000")] * 2, now=NOW + timedelta(minutes=5)
    )
    compliance.place_hold(
        party_id=party.pk, kind="complaint", reason="calls", ends_at=None, by=BY, now=NOW + timedelta(days=1)
    )
    (one,) = standings(entity_id=made.entity_id, now=NOW + timedelta(days=1))
    assert (one.calls, one.today, one.complaints) == (1, 0, 1)
    mark_number(number_id=number.pk, kind="marked", detail="360: 骚扰电话", by=by, now=NOW)
    assert standings(entity_id=made.entity_id, now=NOW)[0].marked == "360: 骚扰电话"
    mark_number(number_id=number.pk, kind="cleared", by=by, now=NOW)
    assert standings(entity_id=made.entity_id, now=NOW)[0].marked == ""
    with pytest.raises(NumberRefused):
        mark_number(number_id=number.pk, kind="rests", by=by, now=NOW)


# --- a dialler of its own process, over HTTP ---


@pytest.fixture
def open_zone():
    return next(zone for zone in ZONES if 9 <= timezone.now().astimezone(ZoneInfo(zone)).hour < 21)


def test_a_dialler_that_misbehaves_exceeds_nothing_and_hears_what_is_taken_back(site, settings, tmp_path, open_zone):
    connect(settings, tmp_path)
    debtors = [build.debtor(timezone=open_zone) for _ in range(3)]
    with Dialler(site.url, SECRET) as dialler:
        connect(settings, tmp_path, url=f"http://127.0.0.1:{dialler.port}/hook")
        _, made = give(now=timezone.now())
        status, page = dialler.ask(f"/api/campaigns/{made.pk}/entries?after=0")
        assert status == 200 and len(page["entries"]) == 3 and page["after"] is None
        dialler.tell(do="work", campaign=made.pk, rounds=10, workers=4, never=0.2)
        dialled = dialler.wait("worked", 240)["dialled"]
        for party, _, _ in debtors:
            entry = CampaignEntry.objects.get(party=party)
            contacts = Contact.objects.filter(party=party)
            assert {contact.campaign_dial.call_id for contact in contacts} == set(dialled[entry.reference])
            assert 1 <= len(contacts) <= 6
            talks = ContactOutcome.objects.filter(contact__in=contacts, outcome="connected_rpc").count()
            assert talks + contacts.filter(outcomes=None).count() <= 3
            assert all(contact.outcomes.count() <= 1 for contact in contacts)
        # taken back: told once it listens, and readable in any case
        dialler.deaf(True)
        party = debtors[0][0]
        now = timezone.now()
        compliance.place_hold(party_id=party.pk, kind="complaint", reason="calls", ends_at=None, by=BY, now=now)
        assert campaigns.tell_pulled(now=now) == 0
        entry = CampaignEntry.objects.get(party=party)
        _, seen = dialler.ask(f"/api/campaigns/{made.pk}/pulled?after=0")
        assert [one["reference"] for one in seen["pulled"]] == [entry.reference]
        body = {"reference": entry.reference, "call_id": "after-the-complaint"}
        assert dialler.ask(f"/api/campaigns/{made.pk}/dials", body)[1]["refused"] == "pulled"
        dialler.deaf(False)
        assert campaigns.tell_pulled(now=now) == 0  # waits its second
        assert campaigns.tell_pulled(now=now + timedelta(seconds=2)) == 1
        assert dialler.pulled() == [entry.reference]
    with Dialler(site.url, "another secret") as thief:
        assert thief.ask(f"/api/campaigns/{made.pk}/entries")[0] == 401


def test_hundreds_of_records_in_any_order_come_to_the_same(line):
    """Whatever the order and however often: the same outcomes, the same count."""
    build.debtor()
    line, made = give()
    entry = CampaignEntry.objects.get()
    for nr in range(3):
        dial(line, made, entry, f"c{nr}", NOW + timedelta(seconds=nr))
    whole = [record(entry, f"c{nr}", outcome) for nr, outcome in enumerate(("NOANS", "BUSY", "PTP"))]
    told = (whole + [CallRecord(entry.reference, f"c{nr}", started_at=NOW) for nr in range(3)]) * 4
    random.Random(7).shuffle(told)
    later = NOW + timedelta(minutes=5)
    assert sum(campaigns.take_records(line=line, told=[one], now=later).new for one in told) == 6
    assert sorted(ContactOutcome.objects.values_list("outcome", flat=True)) == ["busy", "connected_rpc", "no_answer"]


def test_what_the_robot_heard_stands_in_the_timeline_word_for_word(line, client):
    from django.conf import settings as of_django

    _, _, case = build.debtor()
    line, made = give(code="robot")
    entry = CampaignEntry.objects.get()
    dial(line, made, entry)
    whole = record(entry, outcome="PTP", intent="wants_person", hand_over=True, transcript="想和人说话")
    campaigns.take_records(line=line, told=[whole], now=NOW + timedelta(minutes=5))
    client.force_login(build.user(language="en"), backend=of_django.AUTHENTICATION_BACKENDS[1])
    page = client.get(f"/cases/{case.case_no}/timeline?kind=call").content.decode()
    assert "想和人说话" in page and "asks for a person" in page
