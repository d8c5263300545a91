"""The log, its seals and its files, as the application's role; tampering as the database's superuser."""

import hashlib
import json
import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import PromisePart
from dunwell.casework.services import notes
from dunwell.channels.models import Message, MessagePart
from dunwell.channels.services.moving import move
from dunwell.channels.services.receipts import Told, take_receipts
from dunwell.channels.services.texts import template_for
from dunwell.compliance import services as compliance
from dunwell.evidence import queries, services
from dunwell.evidence.models import DailyRoot, Log, Seal, SealedRecord
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from tests import build
from tests.sizes import size

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
CLERK = Actor.program("test")


def entries(count: int, **fields: object) -> list[services.Entry]:
    return [
        services.Entry(
            kind="note.written", now=NOW, by=CLERK, data={"nr": nr, "amount": "0.10", "share": 0.25}, **fields
        )
        for nr in range(count)
    ]


@pytest.fixture
def sealed(fresh_database):
    """Twelve records in two seals, the day signed."""
    services.write_many(entries(7))
    services.seal(now=NOW)
    services.write_many(entries(5))
    services.sign_day(day=TODAY, now=NOW + timedelta(minutes=1))
    return fresh_database


def as_superuser(database, *statements: str) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as intruder:
        intruder.execute("SET session_replication_role = replica")  # no foreign key stops him
        for statement in statements:
            intruder.execute(statement)


def changed() -> list[str]:
    return [str(one) for one in services.verify().changed]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE evidence_log SET actor = 'x'", "DELETE FROM evidence_log"])
def test_the_application_can_neither_change_nor_delete_a_record(statement):
    services.write(kind="note.written", now=NOW, by=CLERK)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement)


def test_an_untouched_log_verifies(sealed):
    verified = services.verify()
    assert (verified.records, verified.seals, verified.days, changed()) == (12, 2, 1, [])
    assert str(verified) == "12 records, 0 changed"


def test_records_not_sealed_yet_are_counted_and_checked(sealed):
    services.write_many(entries(3))
    assert services.verify().unsealed == 3
    as_superuser(sealed, "UPDATE evidence_log SET actor = 'x' WHERE id = (SELECT max(id) FROM evidence_log)")
    assert changed() == [f"record {Log.objects.latest('id').pk}: its fields are not those that were hashed"]


@pytest.mark.parametrize(
    "column, value",
    [
        ("actor", "'somebody else'"),
        ("kind", "'note.read'"),
        ("recorded_at", "recorded_at + interval '1 microsecond'"),
        ("business_date", "business_date - 1"),
        ("data", "jsonb_set(data, '{amount}', '\"0.11\"')"),
        ("party_id", "7"),
        ("case_id", "7"),
        ("account_id", "7"),
        ("actor_id", "7"),
        ("entity_id", "7"),
    ],
)
def test_a_changed_field_is_named(sealed, column, value):
    third = Log.objects.order_by("id")[2].pk
    as_superuser(sealed, f"UPDATE evidence_log SET {column} = {value} WHERE id = {third}")
    assert changed() == [f"record {third}: its fields are not those that were hashed"]


def test_a_record_changed_together_with_its_hash_is_named(sealed):
    first, second = Log.objects.order_by("id")[:2]
    as_superuser(
        sealed,
        f"UPDATE evidence_log SET data = other.data, hash = other.hash FROM evidence_log AS other "
        f"WHERE evidence_log.id = {first.pk} AND other.id = {second.pk}",
    )
    assert changed()[0] == f"record {first.pk}: it is not the one that seal 1 holds"


def test_a_removed_record_is_named(sealed):
    third = Log.objects.order_by("id")[2].pk
    as_superuser(sealed, f"DELETE FROM evidence_log WHERE id = {third}")
    assert changed() == [f"record {third}: it was removed (seal 1, leaf 2)"]


def test_a_record_removed_with_its_leaf_is_missed(sealed):
    third = Log.objects.order_by("id")[2].pk
    as_superuser(
        sealed,
        f"DELETE FROM evidence_sealedrecord WHERE log_id = {third}",
        f"DELETE FROM evidence_log WHERE id = {third}",
    )
    assert any("seal 1" in one and "1 records were removed" in one for one in changed())


def test_a_record_slipped_into_an_old_seal_is_noticed(sealed):
    row = services.write(kind="note.written", now=NOW, by=CLERK)
    as_superuser(
        sealed,
        f"INSERT INTO evidence_sealedrecord (log_id, seal_id, position, hash) VALUES ({row.pk}, 1, 7, '\\x00'::bytea)",
    )
    assert any("1 records were added" in one for one in changed())


def test_a_removed_seal_breaks_the_chain(sealed):
    as_superuser(
        sealed, "DELETE FROM evidence_sealedrecord WHERE seal_id = 1", "DELETE FROM evidence_seal WHERE id = 1"
    )
    assert any("does not follow the seal before it" in one for one in changed())


def test_a_chain_made_anew_is_betrayed_by_the_signature(sealed):
    # an intruder with our programs, without our signing key
    as_superuser(
        sealed, "TRUNCATE evidence_sealedrecord, evidence_seal, evidence_dailyroot, evidence_log, evidence_stamp"
    )
    services.write_many(entries(12))
    services.seal(now=NOW)
    last = Seal.objects.latest("id")
    as_superuser(
        sealed,
        "INSERT INTO evidence_dailyroot (day, seal_id, root, algorithm, key_id, signature) "
        f"SELECT '2026-11-20', id, chain, 'ed25519', '{'0' * 16}', '\\x00' FROM evidence_seal WHERE id = {last.pk}",
    )
    assert any(one.startswith("day 2026-11-20: it was signed by key") for one in changed())


def test_a_day_signed_once_stays_as_signed(sealed):
    before = bytes(DailyRoot.objects.get().signature)
    services.write_many(entries(1))
    services.sign_day(day=TODAY, now=NOW + timedelta(hours=1))
    assert bytes(DailyRoot.objects.get().signature) == before
    assert changed() == []


def test_a_record_committed_late_is_sealed_by_the_next_pass(fresh_database):
    """A row numbered before others but committed after them is not lost between two seals."""
    with psycopg.connect(fresh_database.url) as slow:
        slow.execute("SELECT nextval(pg_get_serial_sequence('evidence_log', 'id'))")
        late = services.Entry(kind="late", now=NOW, by=CLERK)
        early = Log.objects.order_by("-id").values_list("id", flat=True).first() or 0
        services.write_many(entries(3))
        services.seal(now=NOW)
        number = slow.execute("SELECT currval(pg_get_serial_sequence('evidence_log', 'id'))").fetchone()[0]
        assert early < number < Log.objects.latest("id").pk
    from dunwell.evidence.services.log import _fields

    fields = _fields(late)
    Log(id=number, **{**fields, "data": json.loads(fields["data"])}).save(force_insert=True)
    assert services.seal(now=NOW).records == 1
    assert changed() == []


def test_sealers_at_once_seal_each_record_once(fresh_database):
    services.write_many(entries(500))
    found: list[int] = []

    def run() -> None:
        try:
            found.append(services.seal(now=NOW).records)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 500 == SealedRecord.objects.count()
    assert changed() == []


def test_an_exported_log_is_checked_without_the_database(sealed, tmp_path):
    file = tmp_path / "log.jsonl"
    assert services.export(file) == 12
    assert str(services.verify(file)) == "12 records, 0 changed"
    forged = file.read_text().replace('"nr": 3', '"nr": 4', 1)
    file.write_text(forged)
    [one] = services.verify(file).changed
    assert one.what == "record" and one.text == "its fields are not those that were hashed"
    file.write_text("\n".join(line for line in forged.splitlines() if '"nr": 4' not in line))
    assert any("were removed" in str(one) for one in services.verify(file).changed)


@pytest.mark.parametrize("text", ["", "hello", "{}", '{"format": "dunwell.evidence/1", "public_key": "00"}\n{"x": 1}'])
def test_a_file_that_is_no_export_is_refused(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(ValueError, match="x"):
        services.verify(tmp_path / "x")


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 * (1 << 20) + 5])
def test_a_kept_file_comes_back_and_is_not_readable_on_disk(tmp_path, settings, size):
    settings.HOME = tmp_path / "home"
    source = tmp_path / "night.csv"
    source.write_bytes((b"13912345678," * (size // 12 + 1))[:size])
    stored = services.keep_file(path=source, now=NOW)
    assert services.read_file(stored) == source.read_bytes()
    assert services.keep_file(path=source, now=NOW) == stored
    on_disk = settings.HOME / stored.path
    assert b"13912345678" not in on_disk.read_bytes()
    assert len(list((settings.HOME / "files").rglob("*.*"))) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("damage", ["cut", "bit", "gone", "swapped"])
def test_a_damaged_file_is_not_handed_out(tmp_path, settings, damage):
    settings.HOME = tmp_path / "home"
    source = tmp_path / "night.csv"
    source.write_bytes(bytes(range(256)) * 4096 * 3)
    stored = services.keep_file(path=source, now=NOW)
    on_disk = settings.HOME / stored.path
    data = on_disk.read_bytes()
    chunk = 4 + 1 + 12 + (1 << 20) + 16
    match damage:
        case "cut":
            on_disk.write_bytes(data[: 2 * chunk])
        case "bit":
            on_disk.write_bytes(data[:99] + bytes([data[99] ^ 1]) + data[100:])
        case "gone":
            on_disk.unlink()
        case "swapped":
            on_disk.write_bytes(data[chunk : 2 * chunk] + data[:chunk] + data[2 * chunk :])
    with pytest.raises(services.Damaged, match=r"night\.csv"):
        services.read_file(stored)


@pytest.mark.django_db
def test_a_value_sealed_for_one_place_does_not_open_at_another():
    sealed = services.seal_value(data=b"row", place="quarantine/1/7")
    assert services.open_value(sealed=sealed, place="quarantine/1/7") == b"row"
    with pytest.raises(ValueError):
        services.open_value(sealed=sealed, place="quarantine/1/8")


@pytest.mark.django_db
def test_the_timeline_is_read_by_pages_newest_first(django_assert_num_queries):
    party = build.party()
    services.write_many(entries(120, party_id=party.pk))
    services.write(kind="promise.made", now=NOW, by=CLERK, party_id=party.pk)
    seen, before = [], None
    while True:
        with django_assert_num_queries(1):
            page = queries.timeline(party.pk, before=before)
        seen += [one.pk for one in page.entries]
        before = page.before
        if before is None:
            break
    assert seen == sorted(seen, reverse=True) and len(seen) == 121
    assert [one.kind for one in queries.timeline(party.pk, kinds=["promise"]).entries] == ["promise.made"]
    assert len(queries.timeline(party.pk, kinds=["note.written", "promise"], limit=200).entries) == 121


@pytest.mark.django_db
@pytest.mark.parametrize("value", [object(), b"x", float("nan"), 1e300])
def test_what_does_not_survive_storage_is_refused(value):
    with pytest.raises(TypeError):
        services.write(kind="x.y", now=NOW, by=CLERK, data={"value": value})


def test_a_page_of_a_long_timeline_reads_one_page_of_rows(fresh_database):
    long = build.party()
    services.write_many(entries(1000, party_id=long.pk))
    for nr in range(40):
        services.write_many(entries(50, party_id=long.pk + 1 + nr))
    as_superuser(fresh_database, "ANALYZE evidence_log")
    with CaptureQueriesContext(connection) as captured:
        assert len(queries.timeline(long.pk).entries) == 50
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + captured[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using log_party" in plan and "Sort" not in plan and "Removed by Filter" not in plan, plan


@pytest.fixture
def sent(fresh_database):
    """A message that the gate let pass, that left and was received: every fact of it is held by the log."""
    build.debtor()
    party, point, case = build.debtor()
    reserved = compliance.reserve(
        party_id=party.pk, contact_point_id=point.pk, channel="sms", purpose="demand", case_id=case.pk, key="k1",
        by=CLERK, now=build.NOW,
    )  # fmt: skip
    message = Message.objects.create(
        entity=party.entity, party=party, contact_point=point, channel="sms", purpose="demand",
        template=template_for("SMS-DEMAND-1", "zh-hans", build.TODAY), state="sending", not_before=build.NOW,
        text_sealed=portfolio.seal_text(party_id=party.pk, text="请还款"), contact=reserved.contact,
        decision=reserved.kept, message_id="<1@test>", recorded_at=build.NOW, key="m1", line="sms",
    )  # fmt: skip
    with transaction.atomic():
        move(message, Message.State.SENT, by=CLERK, now=build.NOW)
        MessagePart.objects.create(message=message, part=1, line="sms", provider_id="p1", recorded_at=build.NOW)
        take_receipts(
            line="sms",
            kind="mobile",
            told=[Told("p1", "delivered"), Told("p1", "on_its_way", code="LATE")],
            now=build.NOW,
        )
    services.seal(now=build.NOW)
    assert changed() == []
    return fresh_database


@pytest.mark.parametrize(
    "table, change",
    [
        ("compliance_gatedecision", "facts = jsonb_set(facts, '{attempt,channel}', '\"call\"')"),
        ("compliance_gatedecision", "verdict = 'BLOCK'"),
        ("compliance_contact", "reserved_at = reserved_at + interval '1 second'"),
        ("compliance_contactoutcome", "outcome = 'sent'"),
        ("channels_message", "text_sealed = set_byte(text_sealed, 20, get_byte(text_sealed, 20) # 1)"),
        ("channels_receipt", "code = 'X'"),
    ],
)
def test_a_byte_changed_in_a_fact_that_the_log_holds_is_named(sent, table, change):
    as_superuser(sent, f"UPDATE {table} SET {change} WHERE id = (SELECT min(id) FROM {table})")
    (said,) = {one.split(" (record")[0] for one in changed()}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(id) FROM {table}")
        number = cursor.fetchone()[0]
    assert said == f"{table.replace('_', '.')} {number}: it is not as it was written"


def test_holds_consents_lists_promises_and_notes_are_held_too(fresh_database):
    """What a program computes of a promise's part may change; what was said may not."""
    party, _point, case = build.debtor()
    hold = compliance.place_hold(
        party_id=party.pk, kind="dispute", reason="r", amount=Decimal("12"), ends_at=None, by=CLERK, now=build.NOW
    )
    compliance.lift_hold(hold_id=hold.pk, reason="settled", by=CLERK, now=build.NOW)
    compliance.record_consent(party_id=party.pk, kind="opt_out", channel="sms", by=CLERK, now=build.NOW)
    compliance.record_consent(
        party_id=party.pk, kind="debtor_window", window=(time(9), time(18)), by=CLERK, now=build.NOW
    )
    compliance.add_to_list(list="no_contact", party_id=party.pk, reason="r", by=CLERK, now=build.NOW)
    arrangements.make_promise(
        party_id=party.pk, case_id=case.pk, parts=[(build.TODAY + timedelta(days=2), Decimal("1500"))], currency="CNY",
        by=CLERK, now=build.NOW, key="p1",
    )  # fmt: skip
    notes.write_note(case_id=case.pk, text="他说周五还", by=CLERK, now=build.NOW, key="n1")
    PromisePart.objects.update(state="kept", received="1500.00", judged_on=build.TODAY)
    services.seal(now=build.NOW)
    assert changed() == []
    tampered = {
        "compliance_hold": "amount = 13", "compliance_holdlift": "reason = 'x'", "compliance_consent": "channel = 'call'",
        "compliance_listentry": "reason = 'x'", "arrangements_promise": "made_on = made_on - 1",
        "arrangements_promisepart": "amount = 15", "casework_note": "pinned = NOT pinned",
    }  # fmt: skip
    for table, change in tampered.items():
        as_superuser(fresh_database, f"UPDATE {table} SET {change}")
    said = {one.split(" ")[0] for one in changed() if "it is not as it was written" in one}
    assert said == {table.replace("_", ".", 1) for table in tampered}


def test_a_fact_that_was_removed_is_named(sent):
    as_superuser(sent, "DELETE FROM channels_receipt WHERE state = 'on_its_way'")
    assert [one for one in changed() if "channels.receipt" in one and "it was removed" in one]


def test_the_log_says_who_was_reached_where_when_and_with_which_text(sent):
    reserved = Log.objects.get(kind="contact.reserved").data
    assert (reserved["verdict"], reserved["masked"][3:7], len(reserved["pack_sha256"])) == ("ALLOW", "****", 64)
    left = Log.objects.get(kind="message.sent").data
    assert left["text_sha256"] == hashlib.sha256("请还款".encode()).hexdigest()
    assert left["local_at"] == "2026-11-23T10:30:00+08:00" and left["contact"] == reserved["contact"]


def test_one_changed_byte_among_many_records_is_named(fresh_database):
    count = size(3_000, 1_000_000)
    for _ in range(count // 1000):
        services.write_many(entries(1000))
    services.sign_day(day=TODAY, now=NOW)
    assert str(services.verify()) == f"{count} records, 0 changed"
    one = Log.objects.order_by("id")[count * 2 // 3].pk
    as_superuser(fresh_database, f"UPDATE evidence_log SET actor = 'tesu' WHERE id = {one}")
    assert changed() == [f"record {one}: its fields are not those that were hashed"]
