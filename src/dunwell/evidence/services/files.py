"""Files kept by content: each encrypted under its own data key, which the master key wraps.

On disk: chunks of at most one megabyte, each as four bytes of length and a sealed value. A chunk is bound to its file,
its number and whether it is the last, so that none can be moved, left out or cut off unseen.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from dunwell.evidence.models import StoredFile
from dunwell.kernel import sealing

CHUNK = 1 << 20


class Damaged(ValueError):
    """A kept file is missing on disk, or is not what was kept."""


class Destroyed(Damaged):
    """A file that is kept no more: destroyed under the protocol `number` when its period had ended."""

    def __init__(self, stored: StoredFile) -> None:
        super().__init__(f"{stored.name}: destroyed under protocol {stored.destroyed_under}")
        self.number = stored.destroyed_under


def _place(sha256: str, number: int, last: bool) -> bytes:
    return f"file/{sha256}/{number}/{'last' if last else 'more'}".encode()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _write(source: Path, target: Path, *, key: bytes, sha256: str) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with target.open("xb") as out:
        waiting, number = b"", 0
        for chunk in _chunks(source):
            if waiting:
                _append(out, sealing.seal(key, waiting, _place(sha256, number, False), settings.CIPHER))
                number += 1
            waiting = chunk
        _append(out, sealing.seal(key, waiting, _place(sha256, number, True), settings.CIPHER))
        out.flush()
        os.fsync(out.fileno())


def _append(out, sealed: bytes) -> None:
    out.write(len(sealed).to_bytes(4, "big") + sealed)


@transaction.atomic
def keep_file(*, path: Path, now: datetime, name: str = "") -> StoredFile:
    """Keep a file, encrypted, below DUNWELL_HOME/files. The same content again is the same file."""
    path = Path(path)
    state = hashlib.sha256()
    size = 0
    for chunk in _chunks(path):
        state.update(chunk)
        size += len(chunk)
    sha256 = state.hexdigest()
    known = StoredFile.objects.filter(sha256=sha256).first()
    if known is not None and known.destroyed_under is None and (Path(settings.HOME) / known.path).exists():
        return known
    masters = settings.KEYS.master()
    version, key = max(masters), sealing.new_key()
    wrapped = sealing.wrap(masters[version], key, f"file/{sha256}".encode(), settings.CIPHER)
    # A name of its own: two who keep the same content at once never write over each other.
    place = f"files/{sha256[:2]}/{sha256}.{secrets.token_hex(4)}"
    _write(path, Path(settings.HOME) / place, key=key, sha256=sha256)
    if known is not None:  # the row outlived its file, or it was destroyed and the same content has come again
        known.path, known.wrapped_key, known.key_version, known.destroyed_under = place, wrapped, version, None
        known.save(update_fields=["path", "wrapped_key", "key_version", "destroyed_under"])
        return known
    stored, created = StoredFile.objects.get_or_create(
        sha256=sha256,
        defaults={
            "name": (name or path.name)[:200],
            "size": size,
            "path": place,
            "wrapped_key": wrapped,
            "key_version": version,
            "recorded_at": now,
        },
    )
    if not created:
        (Path(settings.HOME) / place).unlink()
    return stored


def chunks_of(stored: StoredFile) -> Iterator[bytes]:
    """A kept file's content, a megabyte at a time. Damaged when it is not what was kept, Destroyed when it is no more."""
    if stored.destroyed_under is not None:
        raise Destroyed(stored)
    masters = settings.KEYS.master(stored.key_version)
    key = sealing.unwrap(masters[stored.key_version], stored.wrapped_key, f"file/{stored.sha256}".encode())
    state = hashlib.sha256()
    try:
        with (Path(settings.HOME) / stored.path).open("rb") as source:
            number, head = 0, source.read(4)
            while head:
                sealed = source.read(int.from_bytes(head, "big"))
                head = source.read(4)
                chunk = sealing.unseal(key, sealed, _place(stored.sha256, number, not head))
                state.update(chunk)
                yield chunk
                number += 1
    except (FileNotFoundError, sealing.Unsealable) as error:
        raise Damaged(f"{stored.name}: {error}") from error
    if state.hexdigest() != stored.sha256:
        raise Damaged(f"{stored.name}: its content is not the one that was kept")


def read_file(stored: StoredFile) -> bytes:
    """A kept file's whole content. Damaged when it is not what was kept."""
    return b"".join(chunks_of(stored))


def destroy_key(*, file_id: int, protocol: int) -> None:
    """Destroy a file's data key, in the caller's transaction: from its commit on nobody reads the file again.

    `remove_content` then takes what cannot be read off the disk.
    """
    StoredFile.objects.filter(pk=file_id, destroyed_under=None).update(wrapped_key=b"", destroyed_under=protocol)


def remove_content(*, file_ids: Iterable[int]) -> int:
    """Take the content of destroyed files off the disk; how many were there. Done again it finds nothing to do."""
    found = 0
    for stored in StoredFile.objects.filter(pk__in=list(file_ids)).exclude(destroyed_under=None):
        path = Path(settings.HOME) / stored.path
        if path.exists():
            path.unlink()
            found += 1
    return found


def rewrap_files(*, version: int, progress: Callable[[int, int], None] | None = None) -> int:
    """Wrap the data keys of all kept files under a master key's version; how many there were.

    A file a transaction: broken off and called again it goes on where it stopped. `progress(done, of)` after each.
    """
    master = settings.KEYS.master(version)[version]
    count = 0
    waiting = list(
        StoredFile.objects.filter(destroyed_under=None)
        .exclude(key_version=version)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    for pk in waiting:
        with transaction.atomic():
            row = StoredFile.objects.select_for_update().get(pk=pk)
            if row.key_version == version or row.destroyed_under is not None:
                continue
            place = f"file/{row.sha256}".encode()
            old = sealing.unwrap(settings.KEYS.master(row.key_version)[row.key_version], row.wrapped_key, place)
            row.wrapped_key, row.key_version = sealing.wrap(master, old, place, settings.CIPHER), version
            row.save(update_fields=["wrapped_key", "key_version"])
            count += 1
        if progress:
            progress(count, len(waiting))
    return count


def seal_value(*, data: bytes, place: str) -> bytes:
    """Seal bytes that belong to no party (a row in quarantine) under a data key of their own, carried with them.

    `place` binds the value to where it stands. Two bytes of master version, two of the wrapped key's length, the
    wrapped key, the sealed bytes.
    """
    masters = settings.KEYS.master()
    version, key = max(masters), sealing.new_key()
    wrapped = sealing.wrap(masters[version], key, place.encode(), settings.CIPHER)
    sealed = sealing.seal(key, data, place.encode(), settings.CIPHER)
    return version.to_bytes(2, "big") + len(wrapped).to_bytes(2, "big") + wrapped + sealed


def open_value(*, sealed: bytes, place: str) -> bytes:
    """The bytes that `seal_value` sealed for this place; sealing.Unsealable when they are not."""
    sealed = bytes(sealed)
    version, length = int.from_bytes(sealed[:2], "big"), int.from_bytes(sealed[2:4], "big")
    masters = settings.KEYS.master(version)
    if version not in masters:
        raise sealing.Unsealable(f"there is no master key {version}")
    key = sealing.unwrap(masters[version], sealed[4 : 4 + length], place.encode())
    return sealing.unseal(key, sealed[4 + length :], place.encode())
