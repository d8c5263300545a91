"""Writing the log: each row with the hash of all its fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction

from dunwell.evidence import rules
from dunwell.evidence.models import Log
from dunwell.kernel import times
from dunwell.kernel.actor import Actor

BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened, as it goes into the log.

    `data` carries no personal data in clear: pseudonyms, masked values, amounts as strings. Without a
    `business_date` it is the bank's date at `now`; without an `entity_id` it is the actor's.
    """

    kind: str
    now: datetime
    by: Actor
    business_date: date | None = None
    entity_id: int | None = None
    party_id: int | None = None
    case_id: int | None = None
    account_id: int | None = None
    data: Mapping[str, object] | None = field(default=None)


def _fields(entry: Entry) -> dict[str, object]:
    data = rules.plain(dict(entry.data or {}))
    fields = {
        "entity_id": entry.by.entity_id if entry.entity_id is None else entry.entity_id,
        "recorded_at": entry.now,
        "business_date": entry.business_date or times.business_date(entry.now),
        "kind": entry.kind,
        "actor_id": entry.by.user_id,
        "actor": entry.by.name,
        "party_id": entry.party_id,
        "case_id": entry.case_id,
        "account_id": entry.account_id,
        "data": data,
    }
    return {**fields, "algorithm": settings.HASH, "hash": rules.row_hash(fields, settings.HASH)}


def _row(entry: Entry) -> Log:
    return Log(**_fields(entry))


@transaction.atomic(savepoint=False)  # one statement: a savepoint around it would cost two more, for every fact written
def write(
    *,
    kind: str,
    now: datetime,
    by: Actor,
    business_date: date | None = None,
    entity_id: int | None = None,
    party_id: int | None = None,
    case_id: int | None = None,
    account_id: int | None = None,
    data: Mapping[str, object] | None = None,
) -> Log:
    """Write one entry and answer it."""
    entry = Entry(
        kind=kind,
        now=now,
        by=by,
        business_date=business_date,
        entity_id=entity_id,
        party_id=party_id,
        case_id=case_id,
        account_id=account_id,
        data=data,
    )
    row = _row(entry)
    row.save(force_insert=True)
    return row


@transaction.atomic
def write_many(entries: Sequence[Entry]) -> list[Log]:
    """Write many entries in order, in a few statements."""
    return Log.objects.bulk_create([_row(entry) for entry in entries], batch_size=BATCH)


APPEND = """
    INSERT INTO evidence_log (entity_id, recorded_at, business_date, kind, actor_id, actor, party_id, case_id, account_id,
                              data, algorithm, hash)
    SELECT entity_id, recorded_at, business_date, kind, actor_id, actor, party_id, case_id, account_id, data, algorithm,
           decode(hash, 'hex')
    FROM ROWS FROM (jsonb_to_recordset(%s::jsonb) AS (
        entity_id bigint, recorded_at timestamptz, business_date date, kind text, actor_id bigint, actor text,
        party_id bigint, case_id bigint, account_id bigint, data jsonb, algorithm text, hash text
    )) WITH ORDINALITY
      AS t (entity_id, recorded_at, business_date, kind, actor_id, actor, party_id, case_id, account_id, data, algorithm,
            hash, nr)
    ORDER BY nr
"""


@transaction.atomic
def append(entries: Sequence[Entry]) -> int:
    """Write thousands of entries in order without reading them back (the night's); answers how many."""
    for start in range(0, len(entries), BATCH):
        rows = [_fields(entry) for entry in entries[start : start + BATCH]]
        for row in rows:
            row["recorded_at"], row["business_date"] = str(row["recorded_at"]), str(row["business_date"])
            row["hash"] = bytes(row["hash"]).hex()
        with connection.cursor() as cursor:
            cursor.execute(APPEND, [json.dumps(rows, ensure_ascii=False)])
    return len(entries)
