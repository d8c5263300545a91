"""Holds, lists and consents: facts with a beginning, ended by another fact."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from zoneinfo import available_timezones

from django.db import transaction

from dunwell.compliance.models import Consent, Hold, HoldLift, ListApproval, ListEntry, ListRemoval, NamedOfficer
from dunwell.compliance.services.proofs import Unproven, proven
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

CONSENTS = frozenset(
    {"debtor_window", "night_consent", "opt_out", "more_dials_consent", "entry_consent", "stated_zone",
     "direct_consent", "debtor_im_consent", "no_third_party"}
)  # fmt: skip
MORE_THAN_THE_LAW = ("night_consent", "more_dials_consent", "entry_consent", "direct_consent", "debtor_im_consent")
GUARDED = frozenset({ListEntry.List.STAFF, ListEntry.List.SENSITIVE})


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
    amount: Decimal | None = None,
    evidence_ref: str = "",
) -> Hold:
    """停催: no demand while it lasts. The same kind, scope and end, still in force, is the same hold.

    `account_id` and `amount` narrow it: a contact about another account, or one that its asker states to be about
    the rest of the amount, is not stopped by it.
    """
    start = starts_at or now
    if amount is not None and amount <= 0:
        raise ValueError("a held amount is more than nothing")
    if ends_at is not None and ends_at <= start:
        raise ValueError("a hold ends after it begins")
    portfolio.touch(party_id=party_id, now=now)  # first: it locks the party, so that a double click is one hold
    same = Hold.objects.filter(
        party_id=party_id, account_id=account_id, kind=kind, ends_at=ends_at, amount=amount, lift__isnull=True
    ).first()
    if same is not None:
        return same
    if evidence_ref:
        evidence_ref = proven(evidence_ref, party_id=party_id)
    hold = Hold.objects.create(
        party_id=party_id,
        account_id=account_id,
        kind=kind,
        reason=reason,
        amount=amount,
        evidence=evidence_ref,
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
        data={
            "hold": hold.pk,
            "kind": kind,
            "amount": None if amount is None else str(amount),
            "ends_at": ends_at.isoformat() if ends_at else None,
        },
        rows=[hold],
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
            rows=[lift],
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
    """Put a party, or a number by its keyed hash, on an internal list: it holds across all cases.

    Whoever approves an entry is another person than the one who writes it. Whom it guards (staff and sensitive
    persons) only named officers open (`name_officer`).
    """
    if (party_id is None) == (digest is None):
        raise ValueError("an entry names either a party or a number")
    if approved_by is not None and approved_by == by.user_id:
        raise ValueError("an entry is approved by another person than the one who writes it")
    if ends_at is not None and ends_at <= now:
        raise ValueError("an entry ends after it begins")
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
    data = {"entry": entry.pk, "list": entry.list}
    evidence.write(kind="list.added", now=now, by=by, party_id=party_id, data=data, rows=[entry])
    if party_id is not None:
        portfolio.touch(party_id=party_id, now=now)
    return entry


@transaction.atomic
def approve_entry(*, entry_id: int, by: Actor, now: datetime) -> ListApproval:
    """A second person's approval of an entry; the writer's own is refused with ValueError. A second one answers it."""
    entry = ListEntry.objects.get(pk=entry_id)
    if by.user_id is None or by.user_id == entry.recorded_by:
        raise ValueError("an entry is approved by another person than the one who wrote it")
    approval, created = ListApproval.objects.get_or_create(
        entry=entry, defaults={"recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        data = {"entry": entry.pk, "list": entry.list}
        evidence.write(kind="list.approved", now=now, by=by, party_id=entry.party_id, data=data, rows=[approval])
    return approval


@transaction.atomic
def remove_from_list(*, entry_id: int, reason: str, by: Actor, now: datetime) -> ListRemoval:
    """Take an entry off its list, such as a number that was verified. A second removal answers the first."""
    entry = ListEntry.objects.get(pk=entry_id)
    removal, created = ListRemoval.objects.get_or_create(
        entry=entry, defaults={"reason": reason, "recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        evidence.write(
            kind="list.removed", now=now, by=by, party_id=entry.party_id, rows=[removal],
            data={"entry": entry.pk, "list": entry.list},
        )  # fmt: skip
        if entry.party_id is not None:
            portfolio.touch(party_id=entry.party_id, now=now)
    return removal


@transaction.atomic
def name_officer(
    *,
    user_id: int,
    entity_id: int,
    list: str,
    reason: str,
    by: Actor,
    now: datetime,
    approved_by: int | None = None,
    ends_at: datetime | None = None,
) -> NamedOfficer:
    """Name who may open and contact the persons of a guarded list; with `ends_at` now, the naming ends.

    Nobody names himself, nor approves his own naming: ValueError.
    """
    if list not in GUARDED:
        raise ValueError(f"{list} is not a list of guarded persons; known are {', '.join(sorted(GUARDED))}")
    if user_id in (by.user_id, approved_by) or (approved_by is not None and approved_by == by.user_id):
        raise ValueError("an officer is named by one other person and approved by a third")
    row = NamedOfficer.objects.create(
        entity_id=entity_id,
        list=list,
        user_id=user_id,
        reason=reason,
        approved_by=approved_by,
        starts_at=now,
        ends_at=ends_at,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    data = {"officer": row.pk, "user": user_id, "list": list, "ends_at": ends_at.isoformat() if ends_at else None}
    evidence.write(kind="list.officer_named", now=now, by=by, entity_id=entity_id, data=data)
    return row


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
    account_id: int | None = None,
    value: str = "",
) -> Consent:
    """A wish or an agreement of the person. The last one of its kind and channel counts.

    `debtor_window` needs `window`; `opt_out` needs `channel`; `stated_zone` the zone as `value`; an agreement to
    more than the law gives (MORE_THAN_THE_LAW) needs `evidence_ref`. Evidence that is named is there (Unproven).
    """
    if kind not in CONSENTS:
        raise ValueError(f"{kind} is not a consent; known are {', '.join(sorted(CONSENTS))}")
    if (kind == "debtor_window") != (window is not None):
        raise ValueError("hours belong to debtor_window, and to nothing else")
    if kind == "opt_out" and not channel:
        raise ValueError("an opt-out names its channel")
    if (kind == "stated_zone") != bool(value) or (value and value not in available_timezones()):
        raise ValueError("the clock by which he lives is the name of a time zone")
    if kind in MORE_THAN_THE_LAW and not evidence_ref:
        raise Unproven("an agreement needs its evidence")
    if evidence_ref:
        evidence_ref = proven(evidence_ref, party_id=party_id)
    row = Consent.objects.create(
        party_id=party_id,
        kind=kind,
        channel=channel,
        window_from=window[0] if window else None,
        window_to=window[1] if window else None,
        evidence=evidence_ref,
        account_id=account_id,
        value=value,
        starts_at=now,
        ends_at=ends_at,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    _log_consent(row, "consent.recorded", by=by, now=now)
    return row


@transaction.atomic
def withdraw_consent(
    *, party_id: int, kind: str, by: Actor, now: datetime, channel: str = "", account_id: int | None = None
) -> Consent:
    """End what was agreed or wished: a row that ends as it begins, and is the last of its kind."""
    row = Consent.objects.create(
        party_id=party_id,
        kind=kind,
        channel=channel,
        account_id=account_id,
        starts_at=now,
        ends_at=now,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    _log_consent(row, "consent.withdrawn", by=by, now=now)
    return row


def _log_consent(row: Consent, kind: str, *, by: Actor, now: datetime) -> None:
    data = {"consent": row.pk, "kind": row.kind, "channel": row.channel}
    evidence.write(kind=kind, now=now, by=by, party_id=row.party_id, data=data, rows=[row])
    portfolio.touch(party_id=row.party_id, now=now)
