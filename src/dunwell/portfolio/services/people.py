"""People's data: sealed under the party's own key, opened only on purpose."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from dunwell.evidence import services as evidence
from dunwell.kernel import sealing, times
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import ContactPoint, PartyKey
from dunwell.portfolio.services.touching import touch


class Erased(LookupError):
    """The party's key is gone: what was sealed under it cannot be read by anybody."""


def place(party_id: int) -> bytes:
    """What a party's sealed values are bound to: they open for no other party."""
    return b"party/%d" % party_id


def wrapped_new(party_id: int) -> tuple[bytes, bytes, int]:
    """A new data key for a party: in clear, wrapped under the newest master key, and that key's version."""
    masters = settings.KEYS.master()
    version = max(masters)
    key = sealing.new_key()
    return key, sealing.wrap(masters[version], key, place(party_id), settings.CIPHER), version


def unwrapped(row: PartyKey) -> bytes:
    """The data key of a party, in clear."""
    return sealing.unwrap(
        settings.KEYS.master(row.master_version)[row.master_version], row.wrapped, place(row.party_id)
    )


def _keys_of(party_ids: Collection[int]) -> dict[int, bytes]:
    """The data keys, in clear, of those that have one."""
    masters: dict[int, bytes] = {}
    keys = {}
    for party_id, wrapped, version in PartyKey.objects.filter(pk__in=party_ids).values_list(
        "party_id", "wrapped", "master_version"
    ):
        if version not in masters:
            masters |= settings.KEYS.master(version)
        keys[party_id] = sealing.unwrap(masters[version], wrapped, place(party_id))
    return keys


@transaction.atomic
def seal_text(*, party_id: int, text: str) -> bytes:
    """Seal a text (a note, a message's body) under the party's key, which is made when there is none."""
    row = PartyKey.objects.filter(pk=party_id).first()
    if row is None:
        _, wrapped, version = wrapped_new(party_id)
        row, _ = PartyKey.objects.get_or_create(
            party_id=party_id, defaults={"wrapped": wrapped, "master_version": version}
        )
    return sealing.seal(unwrapped(row), text.encode(), place(party_id), settings.CIPHER)


def seal_many(*, items: Iterable[tuple[int, str]]) -> list[bytes]:
    """Seal the texts of many (party_id, text) in their order, with one query. Erased when one has no key."""
    pairs = list(items)
    keys = _keys_of({party for party, _ in pairs})
    try:
        return [sealing.seal(keys[party], text.encode(), place(party), settings.CIPHER) for party, text in pairs]
    except KeyError as missing:
        raise Erased(f"party {missing.args[0]} has no key") from None


def open_text(*, party_id: int, sealed: bytes) -> str:
    """The text that was sealed for the party. Erased when its key is gone."""
    return open_many(items=[(party_id, sealed)])[0]


def open_many(*, items: Iterable[tuple[int, bytes]]) -> list[str]:
    """The texts of many (party_id, sealed) in their order, with one query. Erased when one's key is gone."""
    pairs = list(items)
    keys = _keys_of({party for party, _ in pairs})
    try:
        return [sealing.unseal(keys[party], sealed, place(party)).decode() for party, sealed in pairs]
    except KeyError as missing:
        raise Erased(f"party {missing.args[0]} has no key") from None


@transaction.atomic
def set_point_status(*, contact_point_id: int, status: str, reason: str, by: Actor, now: datetime) -> ContactPoint:
    """Mark a contact point valid, suspended or invalid, with the reason (空号 …). The same again writes nothing."""
    point = (
        ContactPoint.objects.select_for_update(of=("self",), no_key=True)
        .select_related("party")
        .get(pk=contact_point_id)
    )
    if (point.status, point.status_reason) == (status, reason):
        return point
    before = point.status
    point.status = ContactPoint.Status(status)
    point.status_reason = reason
    point.status_on = times.business_date(now)
    point.save(update_fields=["status", "status_reason", "status_on"])
    evidence.write(
        kind="party.point_status", now=now, by=by, party_id=point.party_id, entity_id=point.party.entity_id,
        data={"contact_point": point.pk, "masked": point.masked, "before": before, "after": status, "reason": reason},
    )  # fmt: skip
    touch(party_id=point.party_id, now=now)
    return point
