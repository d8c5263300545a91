"""A set of proof: complete, checked by a verifier that has nothing of ours, and any changed byte is named."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import wave
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dunwell.channels.models import Message, MessageEvent
from dunwell.channels.services.recordings import keep_call
from dunwell.channels.services.texts import template_for
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.legal import services
from dunwell.payments import services as payments
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import PartyIdentity
from tests import build

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
OFFICER = Actor(user_id=9, name="S00009")
TEXT = "【测试银行】您尾号1234的信用卡已逾期，请尽快还款。"


@pytest.fixture
def party(tmp_path):
    """A debtor with a contact, a message that was delivered, a payment, a paper, and a signed log."""
    made = build.party("P00000001")
    PartyIdentity.objects.create(
        party=made, name_sealed=portfolio.seal_text(party_id=made.pk, text="林致远"), id_kind="resident_id",
        id_sealed=portfolio.seal_text(party_id=made.pk, text="990101199001013172"), digest=b"",
    )  # fmt: skip
    account = build.account("A00000001", party=made, open_date=date(2020, 1, 1))
    build.account_state(account=account)
    point = build.contact_point(party=made, value="19000000001", source="left_by_debtor")
    at = NOW - timedelta(days=20)
    contact = Contact.objects.create(
        entity=made.entity, party=made, person=made, contact_point=point, channel="sms", purpose="demand",
        token="00000000-0000-4000-8000-000000000001", expires_at=at, local_date=at.date(), reserved_at=at, key="c1",
    )  # fmt: skip
    ContactOutcome.objects.create(contact=contact, outcome="delivered", recorded_at=at, key="o1")
    message = Message.objects.create(
        entity=made.entity, party=made, contact_point=point, channel="sms", purpose="demand",
        template=template_for("SMS-DEMAND-1", "zh-hans", TODAY), text_sealed=portfolio.seal_text(party_id=made.pk, text=TEXT),
        state="sent", not_before=at, contact=contact, message_id="<m1@test>", recorded_at=at, key="m1",
    )  # fmt: skip
    for minute, state in enumerate(("sent", "delivered")):
        MessageEvent.objects.create(message=message, state=state, recorded_at=at + timedelta(minutes=minute))
    import hashlib

    evidence.write(
        kind="message.sent", now=at, by=Actor.program("sender"), entity_id=made.entity_id, party_id=made.pk,
        data={"message": message.pk, "text_sha256": hashlib.sha256(TEXT.encode()).hexdigest()},
    )  # fmt: skip
    evidence.write(kind="night.started", now=at, by=Actor.program("night"), data={"run": 1})  # of nobody: not enclosed
    payments.receive(
        account_id=account.pk, amount=Decimal("123.45"), currency="CNY", posting_date=date(2026, 11, 10),
        transaction_date=date(2026, 11, 10), host_ref="r1", source="file", by=Actor.program("t"), now=at,
    )  # fmt: skip
    evidence.seal(now=at + timedelta(minutes=2))
    evidence.sign_day(day=at.date(), now=at + timedelta(days=1))
    _call(made, point, at, tmp_path)
    paper = tmp_path / "contract.pdf"
    paper.write_bytes(b"%PDF-1.7 a contract")
    services.keep_paper(
        kind="contract", file=paper, name="contract.pdf", entity_id=made.entity_id, in_force_from=date(2020, 1, 1),
        account_id=account.pk, by=OFFICER, now=NOW, key="p1",
    )  # fmt: skip
    return made


def _call(party, point, at, folder: Path) -> None:
    """Two calls in which he was reached: one with its recording."""
    for nr in (2, 3):
        call = Contact.objects.create(
            entity=party.entity, party=party, person=party, contact_point=point, channel="call", purpose="demand",
            token=f"00000000-0000-4000-8000-00000000000{nr}", expires_at=at, local_date=at.date(),
            reserved_at=at + timedelta(hours=nr), key=f"c{nr}",
        )  # fmt: skip
        ContactOutcome.objects.create(contact=call, outcome="connected_rpc", recorded_at=at, key=f"o{nr}")
        if nr == 2:
            sound = folder / "side.wav"
            with wave.open(str(sound), "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(8000)
                out.writeframes(b"\x01\x02" * 8000)
            keep_call(contact_id=call.pk, call_id="x", seat="S1", files=[sound], started_at=at, now=NOW)


def bundle(party, **told):
    asked = {"party_id": party.pk, "first": date(2026, 10, 1), "last": TODAY, "cut_off": TODAY, "reason": "suit",
             "language": "zh-hans", "cuts": {}, "by": OFFICER, "now": NOW, "key": "b1", **told}  # fmt: skip
    return services.make_bundle(**asked)


def unpacked(party, folder: Path, **told) -> Path:
    made = bundle(party, **told)
    with zipfile.ZipFile(io.BytesIO(evidence.read_file(made.file))) as archive:
        archive.extractall(folder)
    return folder


def checked(folder: Path, *words: str) -> tuple[int, str]:
    """The verifier as a court's expert runs it: Python alone, without anything installed."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), *words], capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def test_the_stand_alone_verifier_finds_nothing_changed(party, tmp_path):
    code, said = checked(unpacked(party, tmp_path / "b"))
    assert code == 0 and "0 changed" in said
    assert re.search(r"\d+ files, 5 records \(2 under a signed day, 3 not signed yet\)", said), said


@pytest.mark.parametrize(
    "name",
    ["index.pdf", "messages/", "tables/payments.csv", "papers/", "recordings/", "log/proof.jsonl", "manifest.json"],
)
def test_one_changed_byte_is_found_in_whatever_file(party, tmp_path, name):
    folder = unpacked(party, tmp_path / "b")
    path = folder / name if not name.endswith("/") else next(p for p in (folder / name).rglob("*") if p.is_file())
    data = bytearray(path.read_bytes())
    at = data.index(b'"kind": "message.sent"') + 12 if name == "log/proof.jsonl" else len(data) // 2
    data[at] ^= 1
    path.write_bytes(bytes(data))
    code, said = checked(folder)
    assert code == 1 and path.name in said, said
    if name == "log/proof.jsonl":
        assert re.search(r"record \d+: its fields are not those that were hashed", said), said


def test_a_file_taken_out_or_put_in_and_another_key_are_found(party, tmp_path):
    folder = unpacked(party, tmp_path / "b")
    (folder / "tables/contacts.csv").rename(folder / "tables/other.csv")
    code, said = checked(folder)
    assert code == 1 and "tables/contacts.csv: it is missing" in said and "tables/other.csv: it was not handed" in said
    code, said = checked(folder, "--key", "00" * 32)
    assert code == 1 and "manifest.json: its signature is not right" in said


def test_a_record_rewritten_with_its_hash_and_manifest_still_breaks_the_tree(party, tmp_path):
    """Who can write all files but has no signing key cannot pass a changed record off."""
    folder = unpacked(party, tmp_path / "b")
    lines = [json.loads(line) for line in (folder / "log/proof.jsonl").read_text().splitlines()]
    from dunwell.evidence import rules

    for line in lines:
        record = line.get("record")
        if record and record["fields"]["kind"] == "message.sent":
            record["fields"]["actor"] = "somebody else"
            fields = dict(record["fields"])
            fields["recorded_at"] = datetime.fromisoformat(fields["recorded_at"])
            fields["business_date"] = date.fromisoformat(fields["business_date"])
            record["hash"] = rules.row_hash(fields, "sha256").hex()
    (folder / "log/proof.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, said = checked(folder)
    assert code == 1 and re.search(r"record \d+: it is not in the batch that seal \d+ closed", said), said


def test_it_says_what_is_missing_and_holds_what_is_there(party, tmp_path):
    folder = unpacked(party, tmp_path / "b", language="en")
    manifest = json.loads((folder / "manifest.json").read_text())
    missing = "\n".join(manifest["missing"])
    assert "Application A00000001" in missing and "Power of attorney" in missing
    assert "position of account A00000001" in missing and "Card agreement" not in missing
    assert "receipt of message" not in missing
    without = Contact.objects.get(key="c3").pk
    assert re.findall(r"recording of contact (\d+)", missing) == [str(without)]
    assert (folder / manifest["messages"][0]["path"]).read_text() == TEXT
    assert "123.45" in (folder / "tables/payments.csv").read_text(encoding="utf-8-sig")
    assert "19000000001" in (folder / "tables/contacts.csv").read_text(encoding="utf-8-sig")
    assert next((folder / "papers/A00000001").iterdir()).read_bytes() == b"%PDF-1.7 a contract"


def test_the_same_key_is_the_same_bundle_and_who_made_it_is_logged(party):
    assert bundle(party).pk == bundle(party).pk
    entry = Log.objects.get(kind="bundle.made")
    assert entry.party_id == party.pk and entry.actor == "S00009" and entry.data["reason"] == "suit"
    assert Log.objects.filter(kind="party.revealed").count() == 1
    with pytest.raises(services.NotMade, match="reason"):
        bundle(party, reason=" ", key="b2")
