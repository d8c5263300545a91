"""Click to call with real telephones: answer, busy, no answer, both sides hanging up, a recording linked to its contact."""

from __future__ import annotations

import asyncio
import csv
import socket
import wave
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from dunwell.arrears.models import AccountState
from dunwell.channels import services
from dunwell.channels.lines import lines
from dunwell.channels.models import Call, CallEvent, Recording, RecordingMatch
from dunwell.channels.services import calling, recordings
from dunwell.channels.services.phone_line import PhoneLine
from dunwell.channels.voice.causes import outcome_of
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from tests import build, telephone

IN_DAYTIME = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def reserved(*, key: str = "c1", now: datetime = IN_DAYTIME, staff: str = "S00001") -> Contact:
    user = build.user()
    type(user).objects.filter(pk=user.pk).update(staff_no=staff)
    party, point, case = build.debtor()
    answer = compliance.reserve(
        party_id=party.pk, contact_point_id=point.pk, channel="call", purpose="demand", case_id=case.pk, key=key,
        by=Actor(user_id=user.pk, name=staff, entity_id=party.entity_id), now=now,
    )  # fmt: skip
    assert answer.allowed, answer.decision
    return answer.contact


class Clock:
    """The gate's daytime, going on as time does."""

    def __init__(self) -> None:
        self.offset = IN_DAYTIME - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


def connect(settings, folder: Path, control: int, sip: int, **options: object) -> None:
    said = "".join(f", {name}: {value}" for name, value in options.items())
    settings.LINES_FILE = folder / "lines.yaml"
    settings.LINES_FILE.write_text(
        f"- {{code: phones, channel: call, adapter: baresip, uri: 'sip:{{number}}@127.0.0.1:{sip}',"
        f" seats: {{S00001: '127.0.0.1:{control}'}}, recordings: '{folder / 'sounds'}'{said}}}\n"
    )


def called(contact: Contact, clock: Clock, *, seconds: float = 60, hang_up: bool = False) -> dict[str, CallEvent]:
    """Asks for the call and keeps the line until it has ended; the events by kind."""
    services.ask_call(contact_id=contact.pk, staff_no="S00001", now=clock())

    async def keep() -> None:
        keeper = PhoneLine(lines()[0], clock)
        seats = []
        import dunwell.channels.services.phone_line as module

        real = module._Seat.run

        async def seen(seat) -> None:
            seats.append(seat)
            await real(seat)

        module._Seat.run = seen
        try:
            running = asyncio.create_task(keeper.run())
            until = asyncio.get_running_loop().time() + seconds
            hung = False
            while asyncio.get_running_loop().time() < until:
                await asyncio.sleep(0.1)
                kinds = set(await asyncio.to_thread(lambda: list(CallEvent.objects.values_list("kind", flat=True))))
                if hang_up and "answered" in kinds and not hung:
                    hung = True
                    await asyncio.sleep(1)
                    await seats[0].telephone.hang_up()
                if kinds & {"ended", "refused", "lost"}:
                    break
            await asyncio.sleep(1.2)
            keeper.stopping.set()
            await asyncio.wait_for(running, 60)
        finally:
            module._Seat.run = real

    with ThreadPoolExecutor(1) as beside:  # a browser test may have left its loop in this thread
        beside.submit(asyncio.run, keep()).result()
    return {event.kind: event for event in CallEvent.objects.filter(call_id=contact.pk).order_by("id")}


@pytest.fixture
def phone(fresh_database, tmp_path, settings, request):
    """A seat's real telephone, and the port at which the debtor's is to listen. It rings as long as is asked for, else longer
    than a busy machine takes to answer."""
    sip = telephone.free_port(socket.SOCK_DGRAM)
    with telephone.seat(tmp_path) as (control, _sounds):
        connect(settings, tmp_path, control, sip, ring_seconds=getattr(request, "param", 30))
        yield sip


def test_an_answered_call_is_recorded_on_both_sides_and_linked_to_its_contact(phone):
    contact, clock = reserved(), Clock()
    with telephone.debtor("answers_and_hangs_up", phone):
        events = called(contact, clock)
    assert list(events) == ["dialled", "ringing", "answered", "ended"]
    assert not events["ended"].here and events["ended"].outcome == ""
    recording = Recording.objects.get()
    assert recording.match.contact_id == contact.pk and recording.match.found_by == "call_id"
    with wave.open(BytesIO(evidence.read_file(recording.file))) as sound:
        assert sound.getnchannels() == 2 and sound.getframerate() == 8000
        frames = sound.readframes(sound.getnframes())
    ours, theirs = frames[0::4] + frames[1::4], frames[2::4] + frames[3::4]
    assert any(ours) and any(theirs)  # he echoes: both sides have sound
    assert 1 <= recording.seconds < 30
    assert 1 <= calling.shown(contact.pk).seconds < 30


def test_this_side_may_hang_up(phone):
    contact, clock = reserved(), Clock()
    with telephone.debtor("answers", phone):
        events = called(contact, clock, hang_up=True)
    assert list(events) == ["dialled", "ringing", "answered", "ended"]
    assert events["ended"].here


@pytest.mark.parametrize(
    ("phone", "scenario", "outcome"),
    [
        (30, "busy", "busy"),
        (30, "rejects", "rejected"),
        (30, "empty_number", "empty_number"),
        (2, "rings", "no_answer"),
    ],
    indirect=["phone"],
)
def test_a_call_that_nobody_answers_proposes_its_outcome(phone, scenario, outcome):
    contact, clock = reserved(), Clock()
    with telephone.debtor(scenario, phone):
        events = called(contact, clock)
    assert "answered" not in events and events["ended"].outcome == outcome
    assert calling.shown(contact.pk).outcome == outcome and not Recording.objects.exists()


@pytest.mark.parametrize("phone", [2], indirect=True)
def test_a_dead_port_ends_by_our_own_timer(phone):
    contact, clock = reserved(), Clock()
    events = called(contact, clock)
    assert events["ended"].outcome == "no_answer" and events["ended"].here


# --- without a telephone ---


@pytest.fixture
def line(settings, tmp_path, db):
    connect(settings, tmp_path, 1, 1)
    return lines()[0]


def test_what_is_paid_between_click_and_dial_is_not_dialled_and_the_slot_comes_back(line):
    contact = reserved()
    services.ask_call(contact_id=contact.pk, staff_no="S00001", now=IN_DAYTIME)
    AccountState.objects.update(past_due=0)
    soon = IN_DAYTIME + timedelta(seconds=2)
    assert calling.take_wanted(line="phones", seat="S00001", now=soon) is None
    assert CallEvent.objects.get().detail == "G-PAID"
    assert ContactOutcome.objects.get(contact=contact).outcome == "nothing_left"


def test_the_sixth_dial_is_not_refused_for_its_own_slot_and_a_late_one_is(line):
    party, point, case = build.debtor()
    user = build.user()
    type(user).objects.filter(pk=user.pk).update(staff_no="S00001")
    by = Actor(user_id=user.pk, name="S00001", entity_id=party.entity_id)
    for nr in range(6):
        at = IN_DAYTIME + timedelta(minutes=5 * nr)
        answer = compliance.reserve(
            party_id=party.pk, contact_point_id=point.pk, channel="call", case_id=case.pk, key=f"d{nr}", by=by, now=at
        )
        if nr < 5:
            compliance.record_outcome(contact_id=answer.contact.pk, outcome="no_answer", by=by, now=at, key=f"o{nr}")
    services.ask_call(contact_id=answer.contact.pk, staff_no="S00001", now=at)
    wanted = calling.take_wanted(line="phones", seat="S00001", now=at + timedelta(seconds=1))
    assert wanted.contact_id == answer.contact.pk
    assert calling.take_wanted(line="phones", seat="S00001", now=at) is None  # dialled once
    other = reserved(key="late", staff="S00002")
    Call.objects.create(contact=other, line="phones", seat="S00001", asked_at=IN_DAYTIME)
    assert calling.take_wanted(line="phones", seat="S00001", now=IN_DAYTIME + timedelta(minutes=2)) is None
    assert CallEvent.objects.get(call=other.pk).detail == "token"


def test_a_process_that_died_leaves_its_call_lost_and_nobody_dials_it_again(line):
    contact = reserved()
    services.ask_call(contact_id=contact.pk, staff_no="S00001", now=IN_DAYTIME)
    calling.take_wanted(line="phones", seat="S00001", now=IN_DAYTIME)
    assert calling.note_lost(line="phones", seat="S00001", now=IN_DAYTIME) == 1
    assert calling.take_wanted(line="phones", seat="S00001", now=IN_DAYTIME) is None
    assert calling.shown(contact.pk).kind == "lost"


def sound(path: Path, seconds: int = 1) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(path.name.encode().ljust(16000 * seconds, b"\1"))


def test_a_batch_finds_its_calls_by_id_else_by_number_seat_and_time_once(line, tmp_path):
    first, second, third = _three()
    services.ask_call(contact_id=first.pk, staff_no="S00001", now=IN_DAYTIME)
    calling.take_wanted(line="phones", seat="S00001", now=IN_DAYTIME)
    calling.note(contact_id=first.pk, kind="ringing", now=IN_DAYTIME, call_id="abc-1")
    number = "19000000077"
    rows = [
        {"file": "a.wav", "call_id": "abc-1", "number": "", "seat": "", "started_at": "2020-01-01T00:00:00", "seconds": "5"},
        {"file": "b.wav", "call_id": "x", "number": number, "seat": "S00009", "started_at": "2026-11-24T10:01:00", "seconds": "9"},
        {"file": "c.wav", "call_id": "", "number": number, "seat": "S00009", "started_at": "2026-11-24T12:00:00", "seconds": "9"},
        {"file": "d.wav", "call_id": "", "number": "", "seat": "", "started_at": "x", "seconds": "9"},
        {"file": "no.wav", "call_id": "", "number": "", "seat": "", "started_at": "x", "seconds": "9"},
        {"file": "e.txt", "call_id": "", "number": "", "seat": "", "started_at": "x", "seconds": "9"},
    ]  # fmt: skip
    for name in "abcd":
        sound(tmp_path / f"{name}.wav")
    (tmp_path / "e.txt").write_text("no sound")
    with (tmp_path / "list.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=recordings.COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    done = services.take_batch(manifest=tmp_path / "list.csv", entity_id=first.entity_id, now=IN_DAYTIME)
    assert (done.new, done.matched) == (3, 2)
    assert [said.partition("column ")[2].split(":")[0] for said in done.wrong] == ["started_at", "file", "file"]
    found = dict(RecordingMatch.objects.values_list("contact_id", "found_by"))
    assert found == {first.pk: "call_id", second.pk: "number_seat_time"}
    again = services.take_batch(manifest=tmp_path / "list.csv", entity_id=first.entity_id, now=IN_DAYTIME)
    assert (again.new, again.matched) == (0, 0)
    for contact in (first, second, third):
        by = Actor(user_id=contact.by_id, name="x", entity_id=contact.entity_id)
        compliance.record_outcome(
            contact_id=contact.pk, outcome="connected_rpc", by=by, now=IN_DAYTIME, key=f"o-{contact.pk}"
        )
    missing = recordings.missing(entity_id=first.entity_id, day=IN_DAYTIME.date())
    assert [contact.pk for contact in missing] == [third.pk]


def _three() -> tuple[Contact, Contact, Contact]:
    first = reserved(key="c0")
    user = build.user()
    type(user).objects.filter(pk=user.pk).update(staff_no="S00009")
    made = []
    for nr, number in enumerate(("19000000077", "19000000088")):
        party, _, case = build.debtor()
        point = build.contact_point(party=party, value=number)
        by = Actor(user_id=user.pk, name="S00009", entity_id=party.entity_id)
        answer = compliance.reserve(
            party_id=party.pk,
            contact_point_id=point.pk,
            channel="call",
            case_id=case.pk,
            key=f"t{nr}",
            by=by,
            now=IN_DAYTIME,
        )
        made.append(answer.contact)
    return first, made[0], made[1]


def test_who_listens_is_logged_and_another_entity_hears_nothing(line, tmp_path):
    contact = reserved()
    sound(tmp_path / "a.wav", 2)
    kept = recordings.keep_call(
        contact_id=contact.pk,
        call_id="1",
        seat="S00001",
        files=[tmp_path / "a.wav"],
        started_at=IN_DAYTIME,
        now=IN_DAYTIME,
    )
    by = Actor(user_id=5, name="S00005", entity_id=contact.entity_id)
    file = services.listen(recording_id=kept.pk, entity_id=contact.entity_id, by=by, now=IN_DAYTIME)
    assert evidence.read_file(file).startswith(b"RIFF") and kept.seconds == 2
    played = Log.objects.get(kind="recording.played")
    assert played.actor == "S00005" and played.party_id == contact.party_id
    with pytest.raises(Recording.DoesNotExist):
        services.listen(recording_id=kept.pk, entity_id=build.entity("agency-1").pk, by=by, now=IN_DAYTIME)


@pytest.mark.parametrize(
    ("cause", "rang", "here", "outcome"),
    [("486 Busy Here", False, False, "busy"), ("480 Temporarily Unavailable", True, False, "powered_off"),
     ("410 Gone", False, False, "out_of_service"), ("503 Service Unavailable", False, False, "not_connected_to_number"),
     ("Connection reset by peer", False, False, "not_connected_to_number"), ("", True, False, "no_answer"),
     ("487 Request Terminated", True, True, "no_answer")],
)  # fmt: skip
def test_causes_in_words(cause, rang, here, outcome):
    assert outcome_of(cause, rang=rang, here=here) == outcome
