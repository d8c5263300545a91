"""Writing the log: each row with the hash of all its fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from dunwell.engine.statements import insert, sent_rows
from dunwell.evidence import facts, rules
from dunwell.evidence.models import Log
from dunwell.kernel import sealing, times
from dunwell.kernel.actor import Actor

BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened, as it goes into the log.

    `data` carries no personal data in clear: pseudonyms, masked values, amounts as strings. Without a
    `business_date` it is the bank's date at `now`; without an `entity_id` it is the actor's. The hashes of `rows`, as
    just written, go into it: `verify` finds them changed.
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
    rows: Sequence[Model] = ()


def _fields(entry: Entry) -> dict[str, object]:
    """A row of the table, its data as the text that is hashed."""
    data = rules.plain(dict(entry.data or {}))
    if entry.rows:
        data[facts.ROWS] = facts.hashes(entry.rows, settings.HASH)
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
    }
    said = rules.text_of(data)
    found = sealing.hashed(rules.canonical(**fields, data=said), settings.HASH)
    return {**fields, "data": said, "algorithm": settings.HASH, "hash": found}


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
    rows: Sequence[Model] = (),
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
        rows=rows,
    )
    fields = _fields(entry)
    (key,) = insert(Log, 1, **{name: [value] for name, value in fields.items()})
    return Log(**{**fields, "id": key, "data": json.loads(fields["data"])})


@transaction.atomic(savepoint=False)
def write_many(entries: Sequence[Entry]) -> int:
    """Write many entries in order, in a few statements; how many."""
    for at in range(0, len(entries), BATCH):
        rows = [_fields(entry) for entry in entries[at : at + BATCH]]
        sent_rows(Log, len(rows), **{name: [row[name] for row in rows] for name in rows[0]})
    return len(entries)


#: A row of the table becomes the text that is hashed (rules.canonical) and its hash, without leaving the server.
HASHED = """
    SELECT place, kind, party_id, case_id, account_id, data,
           sha256(convert_to(%(before)s::text || to_json(kind) || %(between)s::text || coalesce(party_id::text, 'null') || ','
               || coalesce(case_id::text, 'null') || ',' || coalesce(account_id::text, 'null') || ',' || data || ']',
               'UTF8')) AS hash
    FROM {table}
"""
APPEND = """
    INSERT INTO evidence_log (entity_id, recorded_at, business_date, kind, actor_id, actor, party_id, case_id, account_id,
                              data, algorithm, hash)
    SELECT %(entity_id)s, %(recorded_at)s, %(business_date)s, kind, %(actor_id)s, %(actor)s, party_id, case_id,
           account_id, data::jsonb, 'sha256', hash
    FROM ({hashed}) AS t
    ORDER BY place, party_id
"""
ONE_OF_EACH = (
    "SELECT DISTINCT ON (kind) kind, party_id, case_id, account_id, data, hash FROM ({hashed}) AS t ORDER BY kind"
)
READ = "SELECT kind, party_id, case_id, account_id, data FROM {table} ORDER BY place, party_id"


def append_from(
    cursor: Any, table: str, *, now: datetime, by: Actor, business_date: date, entity_id: int | None
) -> int:
    """Write an entry for each row of a temporary table, thousands at once (the night's); answers how many.

    The table has the columns place (smallint, the order), kind, party_id, case_id, account_id and data: JSON as text,
    keys in order and no blanks, as rules.canonical spells it. Hashed in the server where it knows the algorithm; one row
    of each kind is hashed here as well, and ValueError raised where the two differ.
    """
    same = {
        "entity_id": by.entity_id if entity_id is None else entity_id,
        "recorded_at": now, "business_date": business_date, "actor_id": by.user_id, "actor": by.name,
    }  # fmt: skip
    if settings.HASH != "sha256":
        cursor.execute(READ.format(table=table))
        entries = [
            Entry(kind=kind, now=now, business_date=business_date, by=by, entity_id=entity_id, party_id=party_id,
                  case_id=case_id, account_id=account_id, data=json.loads(data))
            for kind, party_id, case_id, account_id, data in cursor.fetchall()
        ]  # fmt: skip
        return write_many(entries)
    before = [rules.FORMAT, same["entity_id"], rules.moment(now), business_date.isoformat()]
    texts = {
        "before": json.dumps(before, ensure_ascii=False, separators=(",", ":"))[:-1] + ",",
        "between": "," + json.dumps([by.user_id, by.name], ensure_ascii=False, separators=(",", ":"))[1:-1] + ",",
    }
    hashed = HASHED.format(table=table)
    cursor.execute(ONE_OF_EACH.format(hashed=hashed), texts)
    for kind, party_id, case_id, account_id, data, found in cursor.fetchall():
        fields = {**same, "kind": kind, "party_id": party_id, "case_id": case_id, "account_id": account_id}
        if rules.row_hash({**fields, "data": json.loads(data)}, "sha256") != bytes(found):
            raise ValueError(f"{kind}: the server hashes an entry otherwise than we do")
    cursor.execute(APPEND.format(hashed=hashed), {**same, **texts})
    return cursor.rowcount
