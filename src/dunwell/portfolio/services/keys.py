"""The life of data keys: rewrapped when the master key is changed, deleted when a person is to be forgotten."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.kernel import sealing, times
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import AccountRole, Card, ContactPoint, Party, PartyIdentity, PartyKey, SearchKey
from dunwell.portfolio.services.copying import run, staged
from dunwell.portfolio.services.people import place, unwrapped
from dunwell.portfolio.services.touching import touch

BATCH = 5000
REWRAP = """
    UPDATE portfolio_partykey AS key SET wrapped = new.wrapped, master_version = new.master_version
    FROM rewrapped AS new WHERE key.party_id = new.party_id
"""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The version of the master key now in force, and how many keys were wrapped under it by this call."""

    version: int
    parties: int
    files: int


def rotate_master_key(*, by: Actor, now: datetime, progress: Callable[[int, int], None] | None = None) -> Rotated:
    """Make a new master key and wrap every data key under it, 5,000 a transaction; the data itself is not touched.

    Broken off and called again it goes on where it stopped, without making another key. The old master key may be
    taken off the disk once this has ended and no backup needs it. `progress(done, of)` is told after each batch.
    """
    version = max(settings.KEYS.master())
    if not _waiting(version).exists() and not StoredFile.objects.exclude(key_version=version).exists():
        version = settings.KEYS.new_master()
    of, done = _waiting(version).count(), 0
    while True:
        count = _rewrap_batch(version)
        done += count
        if progress and of:
            progress(done, of)
        if not count:
            break
    files = evidence.rewrap_files(version=version)
    evidence.write(
        kind="keys.rotated", now=now, by=by, data={"master_version": version, "parties": done, "files": files}
    )
    return Rotated(version=version, parties=done, files=files)


def _waiting(version: int):
    return PartyKey.objects.exclude(master_version=version)


@transaction.atomic
def _rewrap_batch(version: int) -> int:
    master = settings.KEYS.master(version)[version]
    old = list(_waiting(version).select_for_update().order_by("party_id")[:BATCH])
    if old:
        staged(
            "rewrapped",
            "party_id bigint, wrapped bytea, master_version int",
            [(row.pk, sealing.wrap(master, unwrapped(row), place(row.pk), settings.CIPHER), version) for row in old],
        )
        run(REWRAP)
    return len(old)


@transaction.atomic
def erase_party(*, party_id: int, by: Actor, reason: str, now: datetime) -> None:
    """Forget a person: the data key is deleted, and with it all that was sealed under it, notes and backups included.

    Search keys, masks and the hashes of numbers and cards go too. Facts about money and contacts stay, under the
    pseudonym. It cannot be undone; whether a retention period forbids it is for the caller to have asked.
    """
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)
    PartyKey.objects.filter(pk=party_id).delete()
    PartyIdentity.objects.filter(pk=party_id).delete()
    SearchKey.objects.filter(party_id=party_id).delete()
    for point in ContactPoint.objects.filter(party_id=party_id):
        point.value_sealed, point.masked, point.digest = b"", "", os.urandom(32)
        point.status, point.status_reason = ContactPoint.Status.INVALID, "erased"
        point.status_on = times.business_date(now)
        point.save()
    own = AccountRole.objects.filter(party_id=party_id, role=AccountRole.Role.PRIMARY).values("account_no")
    held = Q(holder_party_no=party.party_no) | Q(holder_party_no="", account_no__in=own)
    for card in Card.objects.filter(held, entity_id=party.entity_id):
        card.last4, card.digest = "", os.urandom(32)
        card.save(update_fields=["last4", "digest"])
    party.name_masked = party.id_masked = ""
    party.save(update_fields=["name_masked", "id_masked"])
    evidence.write(
        kind="party.erased", now=now, by=by, entity_id=party.entity_id, party_id=party_id, data={"reason": reason}
    )
    touch(party_id=party_id, now=now)
