"""Each hash, leaf, root, link and signature made again from what it is said to hold. Pure but for what the iterables read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dunwell.evidence import rules, stamping
from dunwell.evidence.signing import key_id
from dunwell.evidence.verifying.values import Batch, Change, Day, Record, Verified


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
