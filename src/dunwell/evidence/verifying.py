"""Is the log what was sealed? The same check over the database and over an exported file.

It recomputes each row's hash from its fields, each leaf from the row's number and hash, each batch's root, the chain
from the first seal on, and the signatures of the days; in the database also the rows whose hashes the records hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import connection

from dunwell.evidence import destroyed, facts, rules, stamping
from dunwell.evidence.models import DailyRoot, Seal
from dunwell.evidence.reading import rows_of_whole
from dunwell.evidence.signing import key_id, signing_key

FIELDS = (
    "entity_id",
    "recorded_at",
    "business_date",
    "kind",
    "actor_id",
    "actor",
    "party_id",
    "case_id",
    "account_id",
    "data",
)
BUNDLE = "dunwell.evidence/1"
_COLUMNS = ", ".join(f"log.{name}" for name in ("id", *FIELDS, "algorithm", "hash"))
SEALED = f"""
    SELECT sealed.position, sealed.hash, sealed.log_id, {_COLUMNS}
    FROM evidence_sealedrecord AS sealed LEFT JOIN evidence_log AS log ON log.id = sealed.log_id
    WHERE sealed.seal_id = %s ORDER BY sealed.position
"""
UNSEALED = f"""
    SELECT {_COLUMNS} FROM evidence_log AS log
    WHERE log.id > %s AND NOT EXISTS (SELECT 1 FROM evidence_sealedrecord AS sealed WHERE sealed.log_id = log.id)
    ORDER BY log.id LIMIT 5000
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A log row as it stands, and where it was sealed (`position` and `leaf` are None for one not sealed yet)."""

    id: int
    fields: dict[str, object] | None  # None: the row is gone, its seal is not
    algorithm: str = ""
    hash: bytes = b""
    position: int | None = None
    leaf: bytes | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    id: int
    sealed_at: datetime
    records: int
    algorithm: str
    root: bytes
    previous: bytes | None
    chain: bytes


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    seal_id: int
    root: bytes
    key_id: str
    signature: bytes
    stamp: bytes | None = None  # an authority's, over text and signature


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was sealed: which record, seal or day, and what is wrong with it."""

    what: str  # record, seal, day, or the table of a row
    number: str
    text: str

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.text}"


@dataclass(slots=True)
class Verified:
    """The result: records looked at, those not sealed yet, days signed, and all that was changed."""

    records: int = 0
    unsealed: int = 0
    seals: int = 0
    days: int = 0
    stamped: int = 0
    changed: list[Change] = field(default_factory=list)
    destroyed: dict[str, destroyed.Gone] = field(default_factory=dict)  # by row, under a protocol
    excused: list[destroyed.Gone] = field(default_factory=list)  # those that an older record still holds

    def __str__(self) -> str:
        return f"{self.records} records, {len(self.changed)} changed"


def verify(path: Path | None = None) -> Verified:
    """Check the log in the database, or an exported file. An unreadable file raises ValueError."""
    if path is not None:
        batches, loose, days, public = _opened(Path(path))
        result = check(batches, loose, days, public, stamping.authorities(settings.STAMP_TRUST))
        records = [record for _batch, found in batches for record in found] + loose
        result.destroyed = destroyed.told(
            (record.id, record.fields["data"])
            for record in records
            if record.fields and record.fields["kind"] == destroyed.KIND
        )
        return result
    public = signing_key()[0].public_key().public_bytes_raw()
    rows: list[facts.Broken] = []
    result = check(_batches(rows), _loose(rows), _days(), public, stamping.authorities(settings.STAMP_TRUST))
    result.destroyed = destroyed.told(destroyed.logged())
    changed = {int(one.number) for one in result.changed if one.what == "record"}
    for one in sorted(rows, key=lambda one: one.record):
        gone = result.destroyed.get(one.row)
        if destroyed.excused(one, gone, changed):
            result.excused.append(gone)
        else:
            result.changed.append(_row_change(one))
    return result


def _row_change(one: facts.Broken) -> Change:
    label, number = one.row.split(" ")
    said = "it was removed" if one.gone else "it is not as it was written"
    return Change(label, number, f"{said} (record {one.record})")


def check(
    batches: Iterable[tuple[Batch, list[Record] | None]],
    loose: Iterable[Record],
    days: Iterable[Day],
    public: bytes,
    trusted: Sequence[bytes] = (),
) -> Verified:
    """Recompute everything. Pure but for what the iterables read."""
    result = Verified()
    chain: bytes | None = None
    chains: dict[int, bytes] = {}
    for batch, records in batches:
        result.seals += 1
        if records is None:  # its records and their root were found right
            result.records += batch.records
            _check_link(batch, chain, result.changed)
        else:
            result.records += sum(record.fields is not None for record in records)
            _check_batch(batch, records, chain, result.changed)
        chain = chains[batch.id] = batch.chain
    for record in loose:
        result.records += 1
        result.unsealed += 1
        if _row_hash(record) != record.hash:
            result.changed.append(Change("record", str(record.id), "its fields are not those that were hashed"))
    for day in days:
        result.days += 1
        _check_day(day, chains, public, result.changed)
        if day.stamp is not None:
            result.stamped += 1
            _check_stamp(day, trusted, result.changed)
    return result


def _row_hash(record: Record) -> bytes:
    return rules.row_hash(record.fields or {}, record.algorithm)


def _check_batch(batch: Batch, records: list[Record], chain: bytes | None, changed: list[Change]) -> None:
    before = len(changed)
    leaves: list[bytes] = []
    for expected, record in enumerate(records):
        if record.fields is None:
            changed.append(
                Change("record", str(record.id), f"it was removed (seal {batch.id}, leaf {record.position})")
            )
            leaves.append(record.leaf or b"")
            continue
        found = _row_hash(record)
        if found != record.hash:
            changed.append(Change("record", str(record.id), "its fields are not those that were hashed"))
        elif rules.leaf(record.id, found, batch.algorithm) != record.leaf:
            changed.append(Change("record", str(record.id), f"it is not the one that seal {batch.id} holds"))
        if record.position != expected and record.position is not None and len(changed) == before:
            changed.append(
                Change("seal", str(batch.id), f"leaf {expected} is missing: a record was removed, or one added")
            )
        leaves.append(rules.leaf(record.id, found, batch.algorithm))
    if len(records) != batch.records:
        difference = len(records) - batch.records
        said = f"{difference} records were added" if difference > 0 else f"{-difference} records were removed"
        changed.append(Change("seal", str(batch.id), f"it was made over {batch.records} records; {said}"))
    if len(changed) == before and (not leaves or rules.root(leaves, batch.algorithm) != batch.root):
        changed.append(Change("seal", str(batch.id), "its root is not that of its records"))
    _check_link(batch, chain, changed)


def _check_link(batch: Batch, chain: bytes | None, changed: list[Change]) -> None:
    if batch.previous != chain:
        changed.append(
            Change("seal", str(batch.id), "it does not follow the seal before it: a seal was removed or changed")
        )
    if rules.chained(batch.previous, batch.root, batch.records, batch.sealed_at, batch.algorithm) != batch.chain:
        changed.append(Change("seal", str(batch.id), "its link in the chain is not the one that was made"))


def _check_day(day: Day, chains: dict[int, bytes], public: bytes, changed: list[Change]) -> None:
    at = day.day.isoformat()
    if chains.get(day.seal_id) != day.root:
        changed.append(Change("day", at, f"the chain at seal {day.seal_id} is not the one that was signed"))
    if day.key_id != key_id(public):
        changed.append(Change("day", at, f"it was signed by key {day.key_id}, not by {key_id(public)}"))
        return
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            day.signature, rules.signed_text(day.day, day.seal_id, day.root)
        )
    except InvalidSignature:
        changed.append(Change("day", at, "its signature is not right"))


def _check_stamp(day: Day, trusted: Sequence[bytes], changed: list[Change]) -> None:
    text = stamping.stamped_text(day.day, day.seal_id, day.root, day.signature)
    try:
        found = stamping.check(day.stamp or b"", text, trusted)
    except ValueError as error:
        changed.append(Change("day", day.day.isoformat(), f"its time stamp is not right: {error}"))
        return
    if trusted and not found.trusted:
        changed.append(Change("day", day.day.isoformat(), "its time stamp is of an authority that is not trusted"))


def _record(row: tuple, position: int | None = None, leaf: bytes | None = None) -> Record:
    values = dict(zip(FIELDS, row[1:11], strict=True))
    data = values["data"]
    values["data"] = json.loads(data) if isinstance(data, str) else data
    return Record(row[0], values, row[11], bytes(row[12]), position, leaf)


def _batches(rows: list[facts.Broken] | None = None) -> Iterator[tuple[Batch, list[Record] | None]]:
    """Each seal with its records. With `rows`, where those that records hold and that are changed are collected, without
    the records where all of the seal is found right at once."""
    for made in Seal.objects.order_by("id").iterator(chunk_size=1000):
        previous = None if made.previous is None else bytes(made.previous)
        batch = Batch(
            made.pk, made.sealed_at, made.records, made.algorithm, bytes(made.root), previous, bytes(made.chain)
        )
        if rows is not None and made.algorithm == "sha256":
            held = rows_of_whole(batch.id, batch.records, batch.root)
            if held is not None:
                rows += facts.broken(held)
                yield batch, None
                continue
        with connection.cursor() as cursor:
            cursor.execute(SEALED, [made.pk])
            found = cursor.fetchall()
        records = [
            Record(row[2], None, position=row[0], leaf=bytes(row[1]))
            if row[3] is None
            else _record(row[3:], row[0], bytes(row[1]))
            for row in found
        ]
        if rows is not None:
            rows += _broken(records)
        yield batch, records


def _broken(records: Iterable[Record]) -> Iterator[facts.Broken]:
    held = (facts.held(one.id, one.algorithm, one.fields["data"]) for one in records if one.fields is not None)
    return facts.broken([one for one in held if one is not None])


def _loose(changed: list[facts.Broken] | None = None) -> Iterator[Record]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(UNSEALED, [after])
            rows = cursor.fetchall()
        if not rows:
            return
        records = [_record(row) for row in rows]
        if changed is not None:
            changed += _broken(records)
        yield from records
        after = rows[-1][0]


def _days() -> Iterator[Day]:
    for row in DailyRoot.objects.select_related("stamp").order_by("day"):
        stamp = bytes(row.stamp.token) if hasattr(row, "stamp") else None
        yield Day(row.day, row.seal_id, bytes(row.root), row.key_id, bytes(row.signature), stamp)


def export(path: Path) -> int:
    """Write the whole log with its seals, signatures and public key as JSON lines; how many records it has.

    `dunwell evidence verify PATH` checks the file on a machine that has nothing else of ours.
    """
    public = signing_key()[0].public_key().public_bytes_raw()
    count = 0
    with Path(path).open("w", encoding="utf-8") as out:

        def line(value: dict[str, object]) -> None:
            out.write(json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n")

        line({"format": BUNDLE, "public_key": public.hex(), "signature": "ed25519"})
        for batch, records in _batches():
            previous = batch.previous.hex() if batch.previous is not None else None
            line(
                {
                    "seal": batch.id,
                    "sealed_at": rules.moment(batch.sealed_at),
                    "records": batch.records,
                    "algorithm": batch.algorithm,
                    "root": batch.root.hex(),
                    "previous": previous,
                    "chain": batch.chain.hex(),
                }
            )
            for record in records:
                line({"record": _written(record)})
            count += len(records)
        for record in _loose():
            line({"record": _written(record)})
            count += 1
        for day in _days():
            line(
                {
                    "day": day.day.isoformat(),
                    "seal_id": day.seal_id,
                    "root": day.root.hex(),
                    "key_id": day.key_id,
                    "signed": day.signature.hex(),
                    "stamp": day.stamp.hex() if day.stamp else None,
                }
            )
    return count


def _written(record: Record) -> dict[str, object]:
    fields = record.fields
    if fields is not None:
        said = {"recorded_at": rules.moment(fields["recorded_at"]), "business_date": str(fields["business_date"])}
        fields = {**fields, **said}
    return {
        "id": record.id,
        "fields": fields,
        "algorithm": record.algorithm,
        "hash": record.hash.hex(),
        "position": record.position,
        "leaf": record.leaf.hex() if record.leaf is not None else None,
    }


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _opened(path: Path) -> tuple[list[tuple[Batch, list[Record]]], list[Record], list[Day], bytes]:
    batches: list[tuple[Batch, list[Record]]] = []
    loose: list[Record] = []
    days: list[Day] = []
    with path.open(encoding="utf-8") as lines:
        try:
            head = json.loads(next(lines, "{}"))
        except ValueError:
            head = {}
        if not isinstance(head, dict) or head.get("format") != BUNDLE:
            raise ValueError(f"{path} is not an export of the log ({BUNDLE})")
        for number, text in enumerate(lines, start=2):
            try:
                _take(json.loads(text), batches, loose, days)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
    return batches, loose, days, bytes.fromhex(head["public_key"])


def _take(row: dict, batches: list[tuple[Batch, list[Record]]], loose: list[Record], days: list[Day]) -> None:
    if "record" in row:
        kept = row["record"]
        fields = kept["fields"]
        if fields is not None:
            fields["recorded_at"] = _moment(fields["recorded_at"])
            fields["business_date"] = date.fromisoformat(fields["business_date"])
        leaf = bytes.fromhex(kept["leaf"]) if kept["leaf"] is not None else None
        record = Record(kept["id"], fields, kept["algorithm"], bytes.fromhex(kept["hash"]), kept["position"], leaf)
        (loose if leaf is None else batches[-1][1]).append(record)
    elif "seal" in row:
        previous = bytes.fromhex(row["previous"]) if row["previous"] is not None else None
        batch = Batch(
            row["seal"],
            _moment(row["sealed_at"]),
            row["records"],
            row["algorithm"],
            bytes.fromhex(row["root"]),
            previous,
            bytes.fromhex(row["chain"]),
        )
        batches.append((batch, []))
    elif "day" in row:
        root, signature = bytes.fromhex(row["root"]), bytes.fromhex(row["signed"])
        stamp = bytes.fromhex(row["stamp"]) if row.get("stamp") else None
        days.append(Day(date.fromisoformat(row["day"]), row["seal_id"], root, row["key_id"], signature, stamp))
    else:
        raise ValueError("neither a record, a seal nor a day")
