"""Retention locks: what is kept past its period while a suit, a complaint or an inquiry is open."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dunwell.casework.models import RetentionLock, RetentionLockRelease
from dunwell.evidence import retention
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Party


class LockRefused(ValueError):
    """`code` says why: cause, kind, reference, reason, nobody, released."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def lock_records(
    *,
    entity_id: int,
    party_id: int | None,
    kind: str,
    cause: str,
    reference: str,
    reason: str,
    by: Actor,
    now: datetime,
    key: str,
) -> RetentionLock:
    """Keep a person's records (None: everybody's), of one kind or (empty) of all, until it is released.

    The same key is the same lock. A destruction that is being carried out sees it before its next record.
    """
    known = RetentionLock.objects.filter(key=key).first()
    if known is not None:
        return known
    if cause not in RetentionLock.Cause.values:
        raise LockRefused("cause")
    if kind and kind not in retention.periods(business_date(now)):
        raise LockRefused("kind")
    for name, text in (("reference", reference), ("reason", reason)):
        if not text.strip():
            raise LockRefused(name)
    if by.user_id is None:
        raise LockRefused("nobody")
    if party_id is not None:  # who destroys locks the person, too: it is before this, or sees it
        Party.objects.select_for_update(no_key=True).get(pk=party_id, entity_id=entity_id)
    lock = RetentionLock.objects.create(
        entity_id=entity_id, party_id=party_id, kind=kind, cause=cause, reference=reference.strip()[:80],
        reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="retention.locked", now=now, by=by, entity_id=entity_id, party_id=party_id, rows=[lock],
        data={"lock": lock.pk, "records": kind, "cause": cause, "reference": lock.reference, "reason": lock.reason},
    )  # fmt: skip
    return lock


@transaction.atomic
def release_lock(*, lock_id: int, entity_id: int, reason: str, by: Actor, now: datetime) -> RetentionLockRelease:
    """The suit, complaint or inquiry is over. Released already, it is the same release."""
    lock = RetentionLock.objects.get(pk=lock_id, entity_id=entity_id)
    if not reason.strip():
        raise LockRefused("reason")
    if by.user_id is None:
        raise LockRefused("nobody")
    release, made = RetentionLockRelease.objects.get_or_create(
        lock=lock, defaults={"reason": reason.strip()[:200], "recorded_at": now, "recorded_by": by.user_id}
    )
    if made:
        evidence.write(
            kind="retention.released", now=now, by=by, entity_id=entity_id, party_id=lock.party_id, rows=[release],
            data={"lock": lock.pk, "reason": release.reason},
        )  # fmt: skip
    return release
