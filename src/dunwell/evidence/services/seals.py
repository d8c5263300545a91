"""Sealing: committed log rows go into Merkle batches, chained, and the chain's end is signed each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, transaction

from dunwell.engine.statements import insert
from dunwell.evidence import rules
from dunwell.evidence.models import DailyRoot, Log, Seal, SealedRecord
from dunwell.evidence.signing import signing_key
from dunwell.kernel.times import BANK_ZONE, aware

BATCH = 10_000
LOCK = "dunwell.evidence.seal"
#: Rows are numbered before they are committed: one may turn up below rows already sealed. Each minute's pass looks
#: this many numbers back; the pass before the day's signature looks at all.
LOOK_BACK = 200_000
UNSEALED = """
    SELECT log.id, log.hash FROM evidence_log AS log
    WHERE log.id > %s AND NOT EXISTS (SELECT 1 FROM evidence_sealedrecord AS sealed WHERE sealed.log_id = log.id)
    ORDER BY log.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a pass sealed."""

    records: int
    batches: int


def seal(*, now: datetime, whole: bool = False) -> Sealed:
    """Seal the committed rows that are not sealed yet; sealers that come at once take turns.

    `whole` looks at the whole log instead of its newest part.
    """
    records = batches = 0
    after = 0 if whole else None
    while True:
        count, after = _seal_batch(now=aware(now), after=after)
        records += count
        batches += bool(count)
        if count < BATCH:
            return Sealed(records, batches)


@transaction.atomic
def _seal_batch(*, now: datetime, after: int | None) -> tuple[int, int | None]:
    """Seal a batch of what is numbered after `after` (None: LOOK_BACK below the newest); how many, and its last number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
        if after is None:
            newest = SealedRecord.objects.order_by("-log_id").values_list("log_id", flat=True).first() or 0
            after = max(0, newest - LOOK_BACK)
        cursor.execute(UNSEALED, [after, BATCH])
        rows = [(log_id, bytes(row_hash)) for log_id, row_hash in cursor.fetchall()]
    if not rows:
        return 0, after
    algorithm = settings.HASH
    leaves = [rules.leaf(log_id, row_hash, algorithm) for log_id, row_hash in rows]
    before = Seal.objects.order_by("-id").first()
    previous = bytes(before.chain) if before else None
    root = rules.root(leaves, algorithm)
    made = Seal.objects.create(
        sealed_at=now,
        records=len(rows),
        algorithm=algorithm,
        root=root,
        previous=previous,
        chain=rules.chained(previous, root, len(rows), now, algorithm),
    )
    insert(
        SealedRecord, len(rows), log_id=[log_id for log_id, _ in rows], seal_id=made.pk,
        position=[*range(len(rows))], hash=leaves,
    )  # fmt: skip
    return len(rows), rows[-1][0]


def sign_day(*, day: date, now: datetime) -> DailyRoot | None:
    """Seal what is left and sign the chain as it stood at the end of the bank's day. A signed day stays as signed.

    None when nothing had been sealed by then.
    """
    seal(now=now, whole=True)
    return _sign(day=day)


@transaction.atomic
def _sign(*, day: date) -> DailyRoot | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
    signed = DailyRoot.objects.filter(day=day).first()
    if signed is not None:
        return signed
    end = datetime.combine(day + timedelta(days=1), time(0), BANK_ZONE)
    last = Seal.objects.filter(sealed_at__lt=end).order_by("-id").first()
    if last is None:
        return None
    key, name = signing_key()
    root = bytes(last.chain)
    return DailyRoot.objects.create(
        day=day,
        seal=last,
        root=root,
        algorithm="ed25519",
        key_id=name,
        signature=key.sign(rules.signed_text(day, last.pk, root)),
    )


def unsealed() -> int:
    """How many rows of the log are not sealed yet."""
    return Log.objects.filter(sealed=None).count()
