"""Records past their period: locked, proposed, approved by another, destroyed at any interruption once, and still proved."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

import pypdf
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from dunwell.casework.services import forgetting
from dunwell.casework.services.locking import LockRefused, lock_records, release_lock
from dunwell.channels.models import Message, Recording, RecordingMatch
from dunwell.channels.services.texts import template_for
from dunwell.cli import main
from dunwell.compliance.models import Contact, Hold
from dunwell.evidence import retention
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log, StoredFile
from dunwell.identity.models import User
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.kernel.actor import Actor
from dunwell.legal import services
from dunwell.legal.models import Destruction, DestructionOutcome, DestructionProtocol
from dunwell.legal.queries import due
from dunwell.legal.services import destroying, protocols
from dunwell.oversight.queries.inspection import Period, inspection
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party, PartyIdentity, PartyKey
from tests import build

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LONG_AGO = datetime(2020, 3, 5, 2, 0, tzinfo=UTC)
TEXT = "【测试银行】您尾号1234的信用卡已逾期，请尽快还款。"
pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As kill -9: nothing after it runs."""


@pytest.fixture
def party(tmp_path) -> Party:
    """Somebody whose last case closed in 2020: three recordings, a message in the log, a paper."""
    made = build.party("P00000001")
    PartyIdentity.objects.create(
        party=made, name_sealed=portfolio.seal_text(party_id=made.pk, text="林致远"), id_kind="resident_id",
        id_sealed=portfolio.seal_text(party_id=made.pk, text="990101199001013172"), digest=b"",
    )  # fmt: skip
    build.account("A00000001", party=made, open_date=date(2018, 1, 1))
    build.case(party=made, opened_on=LONG_AGO.date(), closed_on=LONG_AGO.date())
    for nr in range(3):
        recording(made, tmp_path, nr)
    message(made)
    return made


def stored(folder: Path, content: bytes, at: datetime = LONG_AGO) -> StoredFile:
    path = folder / "content"
    path.write_bytes(content)
    return evidence.keep_file(path=path, name="content", now=at)


def contact(party: Party, key: str, channel: str) -> Contact:
    return Contact.objects.create(
        entity=party.entity, party=party, person=party, channel=channel, purpose="demand",
        token=f"00000000-0000-4000-8000-{abs(hash(key)) % 10**12:012}", expires_at=LONG_AGO, local_date=LONG_AGO.date(),
        reserved_at=LONG_AGO, key=key,
    )  # fmt: skip


def recording(party: Party, folder: Path, nr: int, *, at: datetime = LONG_AGO, content: bytes = b"") -> Recording:
    made = Recording.objects.create(
        entity=party.entity, file=stored(folder, content or b"sound %d" % nr), media_type="audio/wav", call_id=f"call-{nr}",
        started_at=at, seconds=5, source="batch", recorded_at=at, key=f"r{nr}",
    )  # fmt: skip
    RecordingMatch.objects.create(
        recording=made, contact=contact(party, f"call-{nr}", "call"), found_by="call_id", recorded_at=at
    )
    return made


def message(party: Party) -> Message:
    import hashlib

    made = Message.objects.create(
        entity=party.entity, party=party, contact_point=build.contact_point(party=party), channel="sms", purpose="demand",
        template=template_for("SMS-DEMAND-1", "zh-hans", TODAY), state="delivered", not_before=LONG_AGO,
        text_sealed=portfolio.seal_text(party_id=party.pk, text=TEXT), contact=contact(party, "m1", "sms"),
        message_id="<m1@test>", recorded_at=LONG_AGO, key="m1",
    )  # fmt: skip
    made.events.create(state="sent", recorded_at=LONG_AGO)
    evidence.write(
        kind="message.sent", now=LONG_AGO, by=Actor.program("sender"), entity_id=party.entity_id, party_id=party.pk,
        data={"message": made.pk, "text_sha256": hashlib.sha256(TEXT.encode()).hexdigest()}, rows=[made],
    )  # fmt: skip
    return made


def actor(user: User) -> Actor:
    return user.actor


def proposed(kind: str = "recording", **told: object) -> Destruction:
    by = told.pop("by", None) or actor(build.user("legal"))
    return services.propose(
        **{
            "kind": kind,
            "entity_id": build.entity().pk,
            "reason": "periods ended",
            "by": by,
            "now": NOW,
            "key": kind,
            **told,
        }
    )


def approved(destruction: Destruction, *, by: Actor | None = None, approve: bool = True, reason: str = ""):
    return services.answer(
        destruction_id=destruction.pk, entity_id=destruction.entity_id, approve=approve, reason=reason,
        by=by or actor(build.user("compliance")), now=NOW,
    )  # fmt: skip


def destroyed(kind: str = "recording") -> Destruction:
    made = proposed(kind)
    approved(made)
    services.destroy_due(now=NOW)
    return made


def lock(party: Party | None, **told: object):
    asked = {
        "kind": "",
        "cause": "suit",
        "reference": "(2026) 0101 民初 1 号",
        "reason": "suit filed",
        "key": "l1",
        **told,
    }
    return lock_records(
        entity_id=build.entity().pk, party_id=party and party.pk, by=actor(build.user("legal")), now=NOW, **asked
    )


def verified(*words: str) -> int | str | None:
    """How `dunwell evidence verify` ends. It runs in this process, which keeps its environment and its language."""
    there = {"DATABASE_URL": "is connected", "DATABASE_OWNER_URL": ""}
    with mock.patch.dict(os.environ, there), translation.override("en"), pytest.raises(SystemExit) as ended:
        main(["evidence", "verify", *words])
    return ended.value.code


def rows(kind: str = "recording") -> list[tuple[int, list[str]]]:
    found = due.due(kind, entity_id=build.entity().pk, now=NOW)
    return [(one.found.row, [each.code for each in one.obstacles]) for one in found]


# --- what is due ---


def test_a_period_that_ends_today_is_not_over_today():
    period = retention.periods(TODAY)["recording"]
    assert period.last_over(TODAY) == date(2024, 11, 22)
    assert period.ends(date(2024, 11, 23)) == TODAY
    for day in (date(2028, 2, 29), date(2026, 3, 1), date(2027, 1, 31), TODAY):
        for each in retention.periods(day).values():
            last = each.last_over(day)
            assert each.ends(last) < day <= each.ends(last + timedelta(days=1)), (each.kind, day)


def test_a_recording_is_due_after_two_years_and_five_after_the_person_was_settled(party, tmp_path):
    assert [codes for _row, codes in rows()] == [[], [], []]
    young = recording(party, tmp_path, 9, at=NOW - timedelta(days=400))
    assert young.pk not in dict(rows())
    party.cases.update(closed_on=date(2023, 1, 1))
    assert [codes for _row, codes in rows()] == [["retention"]] * 3  # two years are over, five after settlement are not


@pytest.mark.parametrize(
    ("code", "does"),
    [
        ("case_open", lambda party: build.case(party=party)),
        ("owes", lambda party: build.account_state(account=party.accounts.get(), balance="12.00")),
        ("hold", lambda party: Hold.objects.create(
            party=party, kind="complaint", reason="complaint", starts_at=NOW, recorded_at=NOW)),
        ("locked", lambda party: lock(party)),
        ("locked", lambda party: lock(None, kind="recording")),
    ],
)  # fmt: skip
def test_what_is_open_keeps_a_record_past_its_period(party, code, does):
    does(party)
    assert all(code in codes for _row, codes in rows()) and len(rows()) == 3
    with pytest.raises(services.NotProposed, match="nothing"):
        proposed()


def test_a_lock_of_one_kind_or_person_leaves_the_others(party):
    lock(party, kind="letter")
    lock(build.party(), key="l2")
    assert [codes for _row, codes in rows()] == [[], [], []]


def test_a_lock_keeps_a_person_from_being_forgotten_and_ends_when_it_is_released(party):
    made = lock(party)
    party.cases.update(closed_on=date(2018, 1, 1))
    assert [one.code for one in forgetting.obstacles(party=party, now=NOW)] == ["locked"]
    release_lock(
        lock_id=made.pk, entity_id=made.entity_id, reason="judgment final", by=actor(build.user("legal")), now=NOW
    )
    assert list(forgetting.obstacles(party=party, now=NOW)) == []


def test_a_lock_needs_cause_number_and_reason(party):
    for wrong in ({"cause": "mood"}, {"reference": " "}, {"reason": ""}, {"kind": "tapestry"}):
        with pytest.raises(LockRefused, match=next(iter(wrong))):
            lock(party, **wrong)


# --- two persons ---


def test_the_proposer_does_not_approve_and_both_need_their_mandate(party):
    both = actor(build.user("compliance"))  # may do either, and not both of one
    made = proposed(by=both)
    with pytest.raises(services.NotProposed, match="own"):
        approved(made, by=both)
    for role in ("legal", "collector", "administrator"):
        with pytest.raises(services.NotProposed, match="mandate"):
            approved(made, by=actor(build.user(role)))
    with pytest.raises(services.NotProposed, match="mandate"):
        proposed(by=actor(build.user("collector")), key="k2")
    assert services.destroy_due(now=NOW) == 0 and StoredFile.objects.filter(destroyed_under=None).count() == 3


def test_a_record_is_proposed_once_and_again_after_a_refusal(party):
    first = proposed()
    assert rows() == []
    with pytest.raises(services.NotProposed, match="reason"):
        approved(first, approve=False)
    approved(first, approve=False, reason="inquiry expected")
    assert len(rows()) == 3
    with pytest.raises(services.NotProposed, match="answered"):
        approved(first)
    second = proposed(key="again")
    assert approved(second).number == 1  # a refusal takes no number


# --- carried out ---


def test_files_are_gone_the_log_verifies_and_says_under_which_protocol(party, capsys):
    evidence.seal(now=NOW)
    files = list(StoredFile.objects.all())
    places = [Path(settings.HOME) / file.path for file in files]
    destroyed()
    assert not any(place.exists() for place in places)
    for file in StoredFile.objects.filter(pk__in=[file.pk for file in files]):
        assert bytes(file.wrapped_key) == b"" and file.destroyed_under == 1 and file.sha256
        with pytest.raises(evidence.Destroyed):
            evidence.read_file(file)
    assert Recording.objects.count() == 3  # that there was a recording stays, with its hash
    assert verified() == 0
    said = capsys.readouterr().out
    assert "protocol 1: 3 destroyed" in said and " 0 changed" in said


def test_the_protocol_names_each_record_hash_basis_and_both_persons(party):
    made = destroyed()
    protocol = DestructionProtocol.objects.get()
    text = "\n".join(
        page.extract_text() for page in pypdf.PdfReader(io.BytesIO(evidence.read_file(protocol.file))).pages
    )
    items = list(made.items.select_related("outcome").order_by("pk"))
    flat = re.sub(r"\s", "", text)
    for item in items:
        assert item.sha256 in flat and f"{item.model}{item.row}" in flat
    for user in User.objects.filter(pk__in=(made.recorded_by, made.answer.recorded_by)):
        assert user.staff_no in text
    assert "CN-REC-2Y" in text and protocols.hash_list(items) in flat
    entry = Log.objects.get(kind="retention.protocol")
    assert entry.data["destroyed"] == 3 and entry.data["hash_list"] == protocols.hash_list(items)
    assert entry.data["sha256"] == protocol.file.sha256


def test_an_inspection_lists_what_was_decided_of_the_period_with_both_persons(party):
    refused = proposed()
    approved(refused, approve=False, reason="inquiry expected")
    made = proposed(key="again")
    approved(made)
    services.destroy_due(now=NOW)
    told = inspection(Period(TODAY, TODAY, made.entity_id), seed="x")
    staff = dict(User.objects.values_list("pk", "staff_no"))
    assert [(one.number, one.by, one.approved_by, one.outcome, one.rule, one.detail)
            for one in told if one.section == "destructions"] == [
        ("", staff[refused.recorded_by], staff[refused.answer.recorded_by], "destruction.refused", "recording",
         "0/3 periods ended"),
        ("1", staff[made.recorded_by], staff[made.answer.recorded_by], "destruction.approved", "recording",
         "3/3 periods ended"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (destroying.DestructionOutcome.objects, "create"),
        (destroying.evidence, "destroy_key"),
        (destroying.evidence, "write"),
        (destroying.evidence, "remove_content"),
        (destroying, "write_protocol"),
        (protocols.evidence, "keep_file"),
        (protocols.DestructionProtocol.objects, "create"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("at", [1, 3])
def test_killed_anywhere_it_is_carried_out_once(party, monkeypatch, module, name, at):
    made = proposed()
    approved(made)
    real, calls = getattr(module, name), []

    def killed(*args: object, **told: object) -> object:
        calls.append(1)
        if len(calls) == at:
            raise Killed
        return real(*args, **told)

    monkeypatch.setattr(module, name, killed)
    try:
        services.destroy_due(now=NOW)
    except Killed:
        monkeypatch.setattr(module, name, real)
        services.destroy_due(now=NOW + timedelta(minutes=1))
    services.destroy_due(now=NOW + timedelta(minutes=2))
    monkeypatch.undo()
    assert DestructionOutcome.objects.filter(kept_because="").count() == 3
    assert Log.objects.filter(kind="retention.destroyed").count() == 3
    assert Log.objects.filter(kind="retention.protocol").count() == DestructionProtocol.objects.count() == 1
    gone = StoredFile.objects.exclude(destroyed_under=None)
    assert gone.count() == 3 and not any((Path(settings.HOME) / file.path).exists() for file in gone)
    assert evidence.verify().changed == []


def test_a_lock_after_the_approval_still_keeps_what_was_not_destroyed_yet(party):
    made = proposed()
    approved(made)
    services.destroy_due(now=NOW, limit=1)
    lock(party)
    services.destroy_due(now=NOW)
    protocol = DestructionProtocol.objects.get()
    assert (protocol.destroyed, protocol.kept) == (1, 2)
    assert StoredFile.objects.filter(destroyed_under=1).count() == 1
    assert set(made.items.values_list("outcome__kept_because", flat=True)) == {"", "locked"}


def test_a_file_that_another_row_needs_is_kept(party, tmp_path):
    file = Recording.objects.first().file
    IntakeFile.objects.create(
        entity=party.entity, kind="accounts", business_date=TODAY, name="f", sha256=file.sha256, status="refused",
        stored=file, recorded_at=NOW,
    )  # fmt: skip
    destroyed()
    file.refresh_from_db()
    assert file.destroyed_under is None and evidence.read_file(file) == b"sound 0"
    assert DestructionOutcome.objects.get(kept_because="shared").item.file_id == file.pk


def test_the_same_content_that_comes_again_is_kept_again(party, tmp_path):
    destroyed()
    again = stored(tmp_path, b"sound 1", NOW)
    assert again.destroyed_under is None and evidence.read_file(again) == b"sound 1"


def test_a_text_is_emptied_and_its_row_still_held(party, capsys):
    sent = Message.objects.get()
    destroyed("message_log")
    sent.refresh_from_db()
    assert bytes(sent.text_sealed) == b""
    assert verified() == 0
    assert f"channels.message {sent.pk}: destroyed under protocol 1 (record" in capsys.readouterr().out
    Message.objects.filter(pk=sent.pk).update(channel="email")  # and what remains of it may not be changed either
    assert [change.what for change in evidence.verify().changed] != []


def test_rows_of_quarantine_go_with_the_file_they_came_in(party, tmp_path):
    old = IntakeFile.objects.create(
        entity=party.entity, kind="accounts", business_date=date(2020, 1, 1), name="accounts_2020-01-01.csv", sha256="x",
        status="taken", stored=stored(tmp_path, b"a delivery"), recorded_at=LONG_AGO,
    )  # fmt: skip
    row = QuarantinedRow.objects.create(
        file=old, row_number=2, column="balance", code="c", found="f", row_sealed=b"", status="open"
    )
    assert rows("delivery") == []  # somebody still has to mend or discard it
    QuarantinedRow.objects.filter(pk=row.pk).update(status="discarded")
    destroyed("delivery")
    assert not QuarantinedRow.objects.exists() and IntakeFile.objects.get().stored.destroyed_under == 1


def test_a_person_is_forgotten_under_a_protocol(party):
    destroyed("case_record")
    assert not PartyKey.objects.filter(pk=party.pk).exists() and Party.objects.get(pk=party.pk).tombstone
    assert evidence.verify().changed == []


def test_a_set_of_proof_made_after_it_says_what_was_destroyed_and_verifies(party, tmp_path):
    destroyed()
    destroyed("message_log")
    evidence.seal(now=NOW)
    made = services.make_bundle(
        party_id=party.pk, first=date(2019, 1, 1), last=TODAY, cut_off=TODAY, reason="suit", language="en", cuts={},
        by=Actor(user_id=9, name="S00009"), now=NOW, key="b1",
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(evidence.read_file(made.file))) as archive:
        archive.extractall(tmp_path / "b")
    assert any("destroyed under protocol 1" in one for one in made.missing)
    run = [sys.executable, "-I", "-S", str(tmp_path / "b" / "verify.py")]
    found = subprocess.run(run, capture_output=True, text=True, check=False)
    assert found.returncode == 0 and "0 changed" in found.stdout, found.stdout
    assert found.stdout.count("destroyed under protocol 1") == 3 and found.stdout.count("under protocol 2") == 1
    proof = tmp_path / "b" / "log" / "proof.jsonl"
    proof.write_bytes(proof.read_bytes().replace(b'"protocol": 2', b'"protocol": 3'))
    found = subprocess.run(run, capture_output=True, text=True, check=False)
    assert found.returncode == 1 and "does not say that it was destroyed" in found.stdout


def test_an_export_of_the_log_says_what_was_destroyed(party, tmp_path, capsys):
    destroyed()
    evidence.seal(now=NOW)
    evidence.export(tmp_path / "log.jsonl")
    assert verified(str(tmp_path / "log.jsonl")) == 0
    assert "protocol 1: 3 destroyed" in capsys.readouterr().out


# --- the page ---


def signed_in(client, role: str):
    client.force_login(build.user(role, language="en"), backend="dunwell.identity.backends.Backend")
    return client


def test_the_page_goes_from_the_due_list_to_the_protocol_with_two_persons(party, client):
    legal = signed_in(client, "legal")
    assert "nothing: may be destroyed" in legal.get("/evidence/retention").content.decode()
    legal.post("/evidence/retention/proposals", {"records": "recording", "reason": "periods ended", "key": "1"})
    made = Destruction.objects.get()
    assert legal.post(f"/evidence/retention/proposals/{made.pk}/answer", {"answer": "approve"}).status_code == 403
    other = signed_in(client, "compliance")
    other.post(f"/evidence/retention/proposals/{made.pk}/answer", {"answer": "approve"})
    services.destroy_due(now=NOW)
    page = other.get("/evidence/retention").content.decode()
    assert "No. 1 (PDF)" in page and "carried out" in page
    answer = other.get("/evidence/retention/protocols/1")
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert Log.objects.filter(kind="retention.read").count() == 1
    gone = other.get(f"/recordings/{Recording.objects.first().pk}")
    assert gone.status_code == 410 and "under protocol 1" in gone.content.decode()
    assert not Log.objects.filter(kind="recording.played").exists()


def test_a_lock_is_set_and_released_on_the_page(party, client):
    legal = signed_in(client, "legal")
    given = {"cause": "inquiry", "reference": "2026-17", "party_no": "P00000001", "reason": "inquiry", "key": "1"}
    assert "no such customer" in legal.post("/evidence/retention/locks", given | {"party_no": "P9"}).content.decode()
    legal.post("/evidence/retention/locks", given)
    assert "Inquiry of an authority 2026-17" in legal.get("/evidence/retention").content.decode()
    held = party.retention_locks.get()
    legal.post(f"/evidence/retention/locks/{held.pk}/release", {"reason": "closed"})
    assert "nothing: may be destroyed" in legal.get("/evidence/retention").content.decode()


@pytest.mark.parametrize("kind", list(due.KINDS))
def test_the_page_asks_few_questions_however_much_is_due(party, client, tmp_path, kind):
    for nr in range(20, 50):
        recording(party, tmp_path, nr)
    proposed("message_log")
    lock(party)
    page = signed_in(client, "compliance")
    with CaptureQueriesContext(connection) as asked:
        answer = page.get(f"/evidence/retention?kind={kind}")
    assert answer.status_code == 200 and len(asked) <= 15, "\n".join(str(q["sql"])[:150] for q in asked)
