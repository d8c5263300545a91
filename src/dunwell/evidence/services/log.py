"""Writing the log: each row with the hash of all its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

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


def _row(entry: Entry) -> Log:
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
    return Log(**fields, algorithm=settings.HASH, hash=rules.row_hash(fields, settings.HASH))


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
