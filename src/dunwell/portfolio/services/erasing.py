"""To forget a person: the key and what it protects go, and the bank's next file does not bring them back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from duckdb import DuckDBPyConnection

from dunwell.evidence import services as evidence
from dunwell.kernel import times
from dunwell.kernel.actor import Actor
from dunwell.portfolio import rules
from dunwell.portfolio.models import (
    AccountRole,
    Card,
    ContactPoint,
    Party,
    PartyIdentity,
    PartyKey,
    SearchKey,
    Tombstone,
)
from dunwell.portfolio.services.touching import touch


@transaction.atomic
def erase_party(*, party_id: int, by: Actor, reason: str, now: datetime) -> None:
    """Forget a person: the data key is deleted, and with it all that was sealed under it, notes and backups included.

    Search keys, masks and the hashes of numbers and cards go too, and a tombstone keeps the bank's files from bringing
    them back. Facts about money and contacts stay, under the pseudonym. It cannot be undone. Whether a case, a hold or
    a period of retention forbids it is asked by casework.services.forgetting, which alone calls this.
    """
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)
    digest, version = rules.digest(settings.KEYS.search(), "party_no", _named(party.entity_id, party.party_no))
    Tombstone.objects.get_or_create(
        party=party,
        defaults={"entity_id": party.entity_id, "digest": digest, "digest_version": version, "erased_at": now},
    )
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
    AccountRole.objects.filter(party_id=party_id).update(relation="")
    party.name_masked = party.id_masked = party.province = ""
    party.save(update_fields=["name_masked", "id_masked", "province"])
    evidence.write(
        kind="party.erased", now=now, by=by, entity_id=party.entity_id, party_id=party_id, data={"reason": reason}
    )
    touch(party_id=party_id, now=now)


@transaction.atomic
def readmit_party(*, entity_id: int, party_no: str, by: Actor, reason: str, now: datetime) -> bool:
    """Let the bank's files bring a person again who was erased (a new card). False when there is no tombstone."""
    stones = Tombstone.objects.filter(entity_id=entity_id, digest__in=_digests(entity_id, party_no))
    stone = stones.first()
    if stone is None:
        return False
    stones.delete()
    evidence.write(
        kind="party.readmitted", now=now, by=by, entity_id=entity_id, party_id=stone.party_id, data={"reason": reason}
    )
    return True


def erased(entity_id: int, party_nos: Iterable[str]) -> set[str]:
    """Which of these customer numbers belong to people who were erased."""
    stones = {
        bytes(digest) for digest in Tombstone.objects.filter(entity_id=entity_id).values_list("digest", flat=True)
    }
    if not stones:
        return set()
    return {party_no for party_no in party_nos if stones.intersection(_digests(entity_id, party_no))}


def without_erased(
    connection: DuckDBPyConnection, table: str, *, entity_id: int, column: str = "party_no"
) -> tuple[str, int]:
    """The rows of a file without those of erased people: the relation to read instead, and how many are left out."""
    if not Tombstone.objects.filter(entity_id=entity_id).exists():
        return table, 0
    named = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
    gone = erased(entity_id, (party_no for (party_no,) in named))
    if not gone:
        return table, 0
    connection.execute("CREATE OR REPLACE TEMP TABLE erased_party AS SELECT unnest(?) AS party_no", [sorted(gone)])
    condition = f"coalesce({column} IN (FROM erased_party), false)"
    count = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()[0]
    return f"(SELECT * FROM {table} WHERE NOT {condition})", count


def accounts_of_erased(entity_id: int) -> list[str]:
    """Accounts whose primary cardholder was erased: a card there without a named holder is that person's."""
    roles = AccountRole.objects.filter(
        role=AccountRole.Role.PRIMARY, party__tombstone__isnull=False, party__entity_id=entity_id
    )
    return list(roles.values_list("account_no", flat=True))


def _named(entity_id: int, party_no: str) -> str:
    return f"{entity_id}/{party_no}"


def _digests(entity_id: int, party_no: str) -> list[bytes]:
    return rules.digests(settings.KEYS.search(), "party_no", _named(entity_id, party_no))
