"""The log as a file: written with its seals, signatures and public key, and read again."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

from dunwell.evidence import rules
from dunwell.evidence.signing import signing_key
from dunwell.evidence.verifying.log import sealed_batches, signed_days, unsealed_records
from dunwell.evidence.verifying.values import Batch, Day, Record

BUNDLE = "dunwell.evidence/1"


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
        for batch, records in sealed_batches():
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
        for record in unsealed_records():
            line({"record": _written(record)})
            count += 1
        for day in signed_days():
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


def opened_file(path: Path) -> tuple[list[tuple[Batch, list[Record]]], list[Record], list[Day], bytes]:
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
