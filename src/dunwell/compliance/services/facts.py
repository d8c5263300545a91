"""Holds, lists and consents: facts with a beginning, ended by another fact."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction

from dunwell.compliance.models import Consent, Hold, HoldLift, ListEntry, ListRemoval
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

CONSENTS = frozenset({"debtor_window", "night_consent", "opt_out", "more_dials_consent", "entry_consent"})


@transaction.atomic
def place_hold(
    *,
    party_id: int,
    kind: str,
    reason: str,
    by: Actor,
    now: datetime,
    account_id: int | None = None,
    ends_at: datetime | None = None,
    starts_at: datetime | None = None,
) -> Hold:
    """停催: no demand while it lasts. The same kind, account and end, still in force, is the same hold."""
    start = starts_at or now
    if ends_at is not None and ends_at <= start:
        raise ValueError("a hold ends after it begins")
    portfolio.touch(party_id=party_id, now=now)  # first: it locks the party, so that a double click is one hold
    same = Hold.objects.filter(
        party_id=party_id, account_id=account_id, kind=kind, ends_at=ends_at, lift__isnull=True
    ).first()
    if same is not None:
        return same
    hold = Hold.objects.create(
        party_id=party_id,
        account_id=account_id,
        kind=kind,
        reason=reason,
        starts_at=start,
        ends_at=ends_at,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    evidence.write(
        kind="hold.placed",
        now=now,
        by=by,
        party_id=party_id,
        account_id=account_id,
        data={"hold": hold.pk, "kind": kind, "ends_at": ends_at.isoformat() if ends_at else None},
    )
    return hold


@transaction.atomic
def lift_hold(*, hold_id: int, reason: str, by: Actor, now: datetime) -> HoldLift:
    """End a hold before its time. A second lift answers the first."""
    hold = Hold.objects.select_related("party").get(pk=hold_id)
    portfolio.touch(party_id=hold.party_id, now=now)
    lift, created = HoldLift.objects.get_or_create(
        hold=hold, defaults={"reason": reason, "recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        evidence.write(
            kind="hold.lifted",
            now=now,
            by=by,
            party_id=hold.party_id,
            account_id=hold.account_id,
            data={"hold": hold.pk, "kind": hold.kind},
        )
    return lift


@transaction.atomic
def add_to_list(
    *,
    list: str,
    reason: str,
    by: Actor,
    now: datetime,
    party_id: int | None = None,
    digest: bytes | None = None,
    approved_by: int | None = None,
    ends_at: datetime | None = None,
) -> ListEntry:
    """Put a party, or a number by its keyed hash, on an internal list: it holds across all cases."""
    if (party_id is None) == (digest is None):
        raise ValueError("an entry names either a party or a number")
    entry = ListEntry.objects.create(
        list=ListEntry.List(list),
        party_id=party_id,
        digest=digest,
        reason=reason,
        approved_by=approved_by,
        starts_at=now,
        ends_at=ends_at,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    evidence.write(kind="list.added", now=now, by=by, party_id=party_id, data={"entry": entry.pk, "list": entry.list})
    if party_id is not None:
        portfolio.touch(party_id=party_id, now=now)
    return entry


@transaction.atomic
def remove_from_list(*, entry_id: int, reason: str, by: Actor, now: datetime) -> ListRemoval:
    """Take an entry off its list, such as a number that was verified. A second removal answers the first."""
    entry = ListEntry.objects.get(pk=entry_id)
    removal, created = ListRemoval.objects.get_or_create(
        entry=entry, defaults={"reason": reason, "recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        evidence.write(
            kind="list.removed", now=now, by=by, party_id=entry.party_id, data={"entry": entry.pk, "list": entry.list}
        )
        if entry.party_id is not None:
            portfolio.touch(party_id=entry.party_id, now=now)
    return removal


@transaction.atomic
def record_consent(
    *,
    party_id: int,
    kind: str,
    by: Actor,
    now: datetime,
    channel: str = "",
    window: tuple[time, time] | None = None,
    evidence_ref: str = "",
    ends_at: datetime | None = None,
) -> Consent:
    """A wish or an agreement of the person. The last one of its kind and channel counts.

    `debtor_window` needs `window`; `opt_out` needs `channel`; an agreement to more than the law gives
    (night_consent, more_dials_consent, entry_consent) needs `evidence_ref`.
    """
    if kind not in CONSENTS:
        raise ValueError(f"{kind} is not a consent; known are {', '.join(sorted(CONSENTS))}")
    if (kind == "debtor_window") != (window is not None):
        raise ValueError("hours belong to debtor_window, and to nothing else")
    if kind == "opt_out" and not channel:
        raise ValueError("an opt-out names its channel")
    if kind in ("night_consent", "more_dials_consent", "entry_consent") and not evidence_ref:
        raise ValueError("an agreement needs its evidence")
    row = Consent.objects.create(
        party_id=party_id,
        kind=kind,
        channel=channel,
        window_from=window[0] if window else None,
        window_to=window[1] if window else None,
        evidence=evidence_ref,
        starts_at=now,
        ends_at=ends_at,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    _log_consent(row, "consent.recorded", by=by, now=now)
    return row


@transaction.atomic
def withdraw_consent(*, party_id: int, kind: str, by: Actor, now: datetime, channel: str = "") -> Consent:
    """End what was agreed or wished: a row that ends as it begins, and is the last of its kind."""
    row = Consent.objects.create(
        party_id=party_id,
        kind=kind,
        channel=channel,
        starts_at=now,
        ends_at=now,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    _log_consent(row, "consent.withdrawn", by=by, now=now)
    return row


def _log_consent(row: Consent, kind: str, *, by: Actor, now: datetime) -> None:
    data = {"consent": row.pk, "kind": row.kind, "channel": row.channel}
    evidence.write(kind=kind, now=now, by=by, party_id=row.party_id, data=data)
    portfolio.touch(party_id=row.party_id, now=now)
