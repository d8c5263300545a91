"""What a log row's hash is taken over, and how hashes become a root. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from dunwell.kernel import sealing
from dunwell.kernel.times import aware

FORMAT = "dunwell.log/1"
_spelled = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
LEAF, NODE = b"\x00", b"\x01"  # a leaf can never pass for a node (RFC 6962, 2.1)
_FLOAT_LIMIT = 1e15  # above it PostgreSQL's jsonb gives a float back as an integer


def plain(value: object) -> object:
    """A value as the log's JSON keeps it: dates, moments, amounts as strings. Anything unknown raises TypeError."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value) or abs(value) >= _FLOAT_LIMIT:
            raise TypeError(f"{value} does not survive storage: write it as text")
        return value
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, (date, Decimal)):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    raise TypeError(f"a {type(value).__name__} cannot stand in the log")


def moment(value: datetime) -> str:
    """A moment in UTC to the microsecond, the form that is hashed."""
    return aware(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(
    *,
    entity_id: int | None,
    recorded_at: datetime,
    business_date: date,
    kind: str,
    actor_id: int | None,
    actor: str,
    party_id: int | None,
    case_id: int | None,
    account_id: int | None,
    data: str,
) -> bytes:
    """The bytes of a row that are hashed: all its fields, in JSON with sorted keys and no blanks; its data by text_of."""
    fields = [
        FORMAT, entity_id, moment(recorded_at), business_date.isoformat(), kind, actor_id, actor,
        party_id, case_id, account_id,
    ]  # fmt: skip
    return f"{_spelled(fields)[:-1]},{data}]".encode()


def text_of(data: object) -> str:
    """A row's data as it is hashed and stored."""
    return _spelled(data)


def row_hash(fields: dict[str, object], algorithm: str) -> bytes:
    """The hash that a row of these fields carries."""
    return sealing.hashed(canonical(**{**fields, "data": text_of(fields["data"])}), algorithm)


def leaf(log_id: int, row_hash: bytes, algorithm: str) -> bytes:
    """The leaf of a log row: it binds the row's number to its hash."""
    return sealing.hashed(LEAF + log_id.to_bytes(8, "big") + row_hash, algorithm)


def root(leaves: Sequence[bytes], algorithm: str) -> bytes:
    """The Merkle root of leaves in order; a last odd one moves up unchanged. No leaves raise ValueError."""
    if not leaves:
        raise ValueError("an empty batch has no root")
    level = list(leaves)
    while len(level) > 1:
        above = [sealing.hashed(NODE + level[at] + level[at + 1], algorithm) for at in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def paths(leaves: Sequence[bytes], positions: Sequence[int], algorithm: str) -> list[list[tuple[str, bytes]]]:
    """For each position the siblings from its leaf up to the root: on which side (`left`, `right`) and which hash."""
    found: list[list[tuple[str, bytes]]] = [[] for _ in positions]
    at = list(positions)
    level = list(leaves)
    while len(level) > 1:
        for number, place in enumerate(at):
            beside = place ^ 1
            if beside < len(level):
                found[number].append(("left" if beside < place else "right", level[beside]))
            at[number] = place // 2
        above = [sealing.hashed(NODE + level[i] + level[i + 1], algorithm) for i in range(0, len(level) - 1, 2)]
        level = [*above, level[-1]] if len(level) % 2 else above
    return found


def chained(previous: bytes | None, batch_root: bytes, records: int, sealed_at: datetime, algorithm: str) -> bytes:
    """The chain's next link: previous link, root, number of records and moment in one hash."""
    about = f"{records}|{moment(sealed_at)}".encode()
    return sealing.hashed((previous or b"") + batch_root + about, algorithm)


def signed_text(day: date, seal_id: int, chain: bytes) -> bytes:
    """What the signature of a day is made over."""
    return f"dunwell.day/1|{day.isoformat()}|{seal_id}|{chain.hex()}".encode()
