"""The master key changed: data keys wrapped anew, what they protect left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log, StoredFile
from dunwell.intake import services as intake
from dunwell.kernel import sealing
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import PartyKey
from dunwell.portfolio.services.copying import rows, run, staged
from dunwell.portfolio.services.people import place, unwrapped

BATCH = 5000
REWRAP = """
    UPDATE portfolio_partykey AS key SET wrapped = new.wrapped, master_version = new.master_version
    FROM rewrapped AS new WHERE key.party_id = new.party_id
"""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The master key's version now in force, and how much was wrapped under it by this call.

    `left` counts what another process wrote under an older key while this ran.
    """

    version: int
    parties: int
    files: int
    rows: int
    left: int = 0


@dataclass(frozen=True, slots=True)
class InUse:
    """What one version of the master key wraps. `known`: its file is in the keys' folder."""

    version: int
    parties: int
    files: int
    rows: int
    known: bool

    @property
    def total(self) -> int:
        return self.parties + self.files + self.rows


class Busy(RuntimeError):
    """Another rotation is running."""


class KeyMissing(LookupError):
    """Things are wrapped under a master key whose file is not in the keys' folder."""


def keys_in_use() -> list[InUse]:
    """Every version of the master key, the newest first, with what it wraps."""
    known = settings.KEYS.master()
    parties = dict(PartyKey.objects.values_list("master_version").annotate(count=Count("pk")).order_by())
    files = dict(
        StoredFile.objects.filter(destroyed_under=None)
        .values_list("key_version")
        .annotate(count=Count("pk"))
        .order_by()
    )
    quarantined = intake.versions_in_use()
    return [
        InUse(version, parties.get(version, 0), files.get(version, 0), quarantined.get(version, 0), version in known)
        for version in sorted({*known, *parties, *files, *quarantined}, reverse=True)
    ]


def rotate_master_key(*, by: Actor, now: datetime, progress: Callable[[str, int, int], None] | None = None) -> Rotated:
    """Make a new master key and wrap under it every data key of people and files, and the rows of quarantine.

    What the keys protect is not touched. Everything goes in batches of a transaction each: broken off at any line and
    called again it goes on where it stopped, without making another key. `progress(what, done, of)` is told after
    each batch, `what` being parties, files or rows. Raises Busy and KeyMissing; sealing.Unsealable when a wrapped key
    was changed.
    """
    with _alone():
        version = max(settings.KEYS.master())
        missing = [used for used in keys_in_use() if not used.known]
        if missing:
            raise KeyMissing(
                f"master key {missing[0].version} is not in the keys' folder, and {missing[0].total} things are"
                " wrapped under it"
            )
        if _finished(version):
            version = settings.KEYS.new_master()
        parties = _rewrap_parties(version, progress)
        files = evidence.rewrap_files(version=version, progress=progress and partial(progress, "files"))
        resealed = intake.reseal_rows(version=version, progress=progress and partial(progress, "rows"))
        left = sum(used.total for used in keys_in_use() if used.version != version)
        if not left:
            evidence.write(
                kind="keys.rotated", now=now, by=by,
                data={"master_version": version, "parties": parties, "files": files, "rows": resealed},
            )  # fmt: skip
        return Rotated(version, parties, files, resealed, left)


@contextmanager
def _alone() -> Iterator[None]:
    """One rotation at a time; the lock is the connection's, so a killed one leaves none behind."""
    if not rows("SELECT pg_try_advisory_lock(hashtext('dunwell.keys'))")[0][0]:
        raise Busy("another rotation is running")
    try:
        yield
    finally:
        rows("SELECT pg_advisory_unlock(hashtext('dunwell.keys'))")


def _finished(version: int) -> bool:
    """Whether the rotation to this version came to its end: then the next one makes a new key."""
    if any(used.total for used in keys_in_use() if used.version != version):
        return False
    return version == 1 or Log.objects.filter(kind="keys.rotated", data__master_version=version).exists()


def _rewrap_parties(version: int, progress: Callable[[str, int, int], None] | None) -> int:
    of, done = PartyKey.objects.exclude(master_version=version).count(), 0
    while count := _rewrap_batch(version):
        done += count
        if progress:
            progress("parties", done, of)
    return done


@transaction.atomic
def _rewrap_batch(version: int) -> int:
    master = settings.KEYS.master(version)[version]
    waiting = PartyKey.objects.exclude(master_version=version)
    old = list(waiting.select_for_update().order_by("party_id")[:BATCH])
    if old:
        staged(
            "rewrapped",
            "party_id bigint, wrapped bytea, master_version int",
            [(row.pk, sealing.wrap(master, unwrapped(row), place(row.pk), settings.CIPHER), version) for row in old],
        )
        run(REWRAP)
    return len(old)
