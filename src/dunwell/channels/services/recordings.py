"""The sound of calls: kept by content, linked to its contact, played with a line in the log, missed when it is not there."""

from __future__ import annotations

import csv
import os
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from dunwell.channels.models import DialRecord, Recording, RecordingMatch
from dunwell.channels.services.receipts import digest_of
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.identity.models import User
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.portfolio import services as portfolio

RECORDER = Actor.program("recorder")
NEAR = timedelta(minutes=3)  # between the recorder's clock and ours
ANSWERED = ("connected_rpc", "connected_wpc", "hung_up", "refused_to_identify")
MEDIA = {
    b"RIFF": "audio/wav",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"OggS": "audio/ogg",
    b"#!AMR": "audio/amr",
}
COLUMNS = ("file", "call_id", "number", "seat", "started_at", "seconds")


@transaction.atomic
def keep_call(
    *, contact_id: int, call_id: str, seat: str, files: Sequence[Path], started_at: datetime, now: datetime
) -> Recording:
    """Keep what a telephone wrote of a call: its two sides as one stereo file. The same call again is the same recording."""
    contact = Contact.objects.get(pk=contact_id)
    key = f"call-{contact_id}"
    known = Recording.objects.filter(key=key).first()
    if known is not None:
        return known
    with tempfile.TemporaryDirectory() as folder:
        whole, seconds = _joined(files, Path(folder) / f"contact-{contact_id}.wav")
        kept = evidence.keep_file(path=whole, name=whole.name, now=now)
    recording = Recording.objects.create(
        entity=contact.entity, file=kept, media_type="audio/wav", call_id=call_id, seat=seat, digest=contact.point_digest,
        started_at=started_at, seconds=seconds, source="telephone", recorded_at=now, key=key,
    )  # fmt: skip
    _link(recording, contact, "call_id", now=now)
    return recording


def _joined(files: Sequence[Path], target: Path) -> tuple[Path, int]:
    """The sides of a call (each a mono WAV) beside each other, the shorter one padded with silence; and its seconds."""
    sides = []
    for path in files[:2]:
        with wave.open(str(path), "rb") as side:
            sides.append((side.getframerate(), side.getsampwidth(), side.readframes(side.getnframes())))
    rate, width, _ = sides[0]
    frames = max(len(data) for _, _, data in sides) // width
    padded = [data.ljust(frames * width, b"\0") for _, _, data in sides]
    with wave.open(str(target), "wb") as out:
        out.setnchannels(len(padded))
        out.setsampwidth(width)
        out.setframerate(rate)
        if len(padded) == 1:
            out.writeframes(padded[0])
        else:
            mixed = bytearray(frames * width * 2)
            for place, data in enumerate(padded):
                for byte in range(width):
                    mixed[place * width + byte :: width * 2] = data[byte::width]
            out.writeframes(bytes(mixed))
    return target, round(frames / rate)


def _link(recording: Recording, contact: Contact, found_by: str, *, now: datetime) -> None:
    match = RecordingMatch.objects.create(recording=recording, contact=contact, found_by=found_by, recorded_at=now)
    evidence.write(
        kind="recording.kept", now=now, by=RECORDER, entity_id=contact.entity_id, party_id=contact.party_id,
        case_id=contact.case_id,
        data={"recording": recording.pk, "contact": contact.pk, "sha256": recording.file.sha256, "found_by": found_by,
              "seconds": recording.seconds},
        rows=(recording, match),
    )  # fmt: skip
    portfolio.touch(party_id=contact.party_id, now=now)  # a recorded call may interrupt limitation


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch did: recordings that were new, those of them that found their call, and rows that were wrong."""

    new: int
    matched: int
    wrong: tuple[str, ...]


def take_batch(*, manifest: Path, entity_id: int, now: datetime) -> Taken:
    """A recorder's batch: a CSV (file, call_id, number, seat, started_at, seconds) beside its sound files.

    A recording finds its call by the call's id, else by number, seat and time (3 minutes) where exactly one call fits. The
    same batch again is nothing; a row that is wrong is told with file, row, column, found and expected, the others go on.
    """
    wrong: list[str] = []
    new = matched = 0
    with manifest.open(encoding="utf-8-sig", newline="") as source:
        reader = csv.DictReader(source)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            return Taken(0, 0, (f"{manifest.name}, row 1: the column {lacking[0]} is missing.",))
        for number, row in enumerate(reader, 2):
            told = _row(row, manifest, number)
            if isinstance(told, str):
                wrong.append(told)
                continue
            came, found = _keep_row(told, entity_id=entity_id, now=now)
            new, matched = new + came, matched + found
    return Taken(new, matched, tuple(wrong))


@dataclass(frozen=True, slots=True)
class _Row:
    path: Path
    media_type: str
    call_id: str
    number: str
    seat: str
    started_at: datetime
    seconds: int


def _row(row: dict[str, str], manifest: Path, number: int) -> _Row | str:
    where = f"{manifest.name}, row {number}, column"
    name = (row["file"] or "").strip()
    path = manifest.parent / name
    if not name or os.sep in name or not path.is_file():
        return f"{where} file: {name!r} is not beside the list."
    with path.open("rb") as sound:
        head = sound.read(8)
    media = next((kind for magic, kind in MEDIA.items() if head.startswith(magic)), "")
    if not media:
        return f"{where} file: {name!r} is no sound file (WAV, MP3, OGG or AMR was expected)."
    try:
        started = datetime.fromisoformat((row["started_at"] or "").strip())
    except ValueError:
        return f"{where} started_at: {row['started_at']!r} is not a moment like 2026-11-23T10:30:00."
    if not (row["seconds"] or "").strip().isdecimal():
        return f"{where} seconds: {row['seconds']!r} is not a whole number."
    started = started if started.tzinfo else started.replace(tzinfo=BANK_ZONE)
    said = {column: (row[column] or "").strip() for column in ("call_id", "number", "seat")}
    return _Row(path, media, said["call_id"], said["number"], said["seat"], started, int(row["seconds"]))


@transaction.atomic
def _keep_row(row: _Row, *, entity_id: int, now: datetime) -> tuple[int, int]:
    kept = evidence.keep_file(path=row.path, name=row.path.name, now=now)
    key = f"batch-{kept.sha256[:40]}-{row.started_at:%Y%m%d%H%M%S}"
    recording, created = Recording.objects.get_or_create(
        key=key,
        defaults={
            "entity_id": entity_id, "file": kept, "media_type": row.media_type, "call_id": row.call_id, "seat": row.seat,
            "digest": digest_of("mobile", row.number) if row.number else None, "started_at": row.started_at,
            "seconds": row.seconds, "source": "batch", "recorded_at": now,
        },
    )  # fmt: skip
    if hasattr(recording, "match"):
        return int(created), 0
    contact, found_by = _contact_of(recording, entity_id)
    if contact is None:
        return int(created), 0
    _link(recording, contact, found_by, now=now)
    return int(created), 1


def _contact_of(recording: Recording, entity_id: int) -> tuple[Contact | None, str]:
    if recording.call_id:
        known = Contact.objects.filter(call__events__telephone_id=recording.call_id).first()
        if known is None:
            told = Q(call_id=recording.call_id) | Q(recording_id=recording.call_id)
            known = Contact.objects.filter(dial_records__in=DialRecord.objects.filter(told)).first()
        if known is not None:
            return known, "call_id"
    if recording.digest is None:
        return None, ""
    calls = Contact.objects.filter(
        entity_id=entity_id, channel__in=("call", "ai_call"), point_digest=recording.digest,
        reserved_at__gte=recording.started_at - NEAR, reserved_at__lte=recording.started_at + NEAR, recordings=None,
    )  # fmt: skip
    if recording.seat:
        users = User.objects.filter(staff_no=recording.seat).values("pk")
        calls = calls.filter(by_id__in=users)
    found = list(calls[:2])
    return (found[0], "number_seat_time") if len(found) == 1 else (None, "")


def link_waiting(*, contact: Contact, call_ids: Sequence[str], now: datetime) -> int:
    """Link recordings that came before the call's record did; how many."""
    waiting = Recording.objects.filter(
        call_id__in=[call_id for call_id in call_ids if call_id], match=None, entity_id=contact.entity_id
    )
    found = list(waiting)
    for recording in found:
        _link(recording, contact, "call_id", now=now)
    return len(found)


def missing(*, entity_id: int, day: date) -> QuerySet[Contact]:
    """Answered calls of a day without a recording: each morning's list (CN-REC-CALL)."""
    begin = datetime.combine(day, datetime.min.time(), BANK_ZONE)
    last = ContactOutcome.objects.filter(contact=OuterRef("pk")).order_by("-id").values("outcome")[:1]
    return (
        Contact.objects.filter(
            ~Exists(RecordingMatch.objects.filter(contact=OuterRef("pk"))),
            entity_id=entity_id, channel__in=("call", "ai_call"), reserved_at__gte=begin,
            reserved_at__lt=begin + timedelta(days=1),
        )
        .annotate(outcome=Subquery(last))
        .filter(outcome__in=ANSWERED)
        .select_related("party", "contact_point")
        .order_by(F("reserved_at").asc(), "pk")
    )  # fmt: skip


@transaction.atomic
def listen(*, recording_id: int, entity_id: int, by: Actor, now: datetime) -> StoredFile:
    """The sound of a recording; who listened is logged. DoesNotExist when it is another entity's."""
    recording = Recording.objects.select_related("file", "match__contact").get(pk=recording_id, entity_id=entity_id)
    contact = recording.match.contact if hasattr(recording, "match") else None
    evidence.write(
        kind="recording.played", now=now, by=by, party_id=contact.party_id if contact else None,
        case_id=contact.case_id if contact else None, data={"recording": recording.pk},
    )  # fmt: skip
    return recording.file
