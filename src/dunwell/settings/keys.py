"""Keys that live outside the database, in DUNWELL_HOME/keys, made on first use, mode 0600."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dunwell.cli.kept import keep
from dunwell.kernel import sealing


def secret(home: Path) -> str:
    """Django's SECRET_KEY."""
    return (
        os.environ.get("DUNWELL_SECRET_KEY") or keep(home / "keys" / "django", secrets.token_hex(32).encode()).decode()
    )


def _versions(home: Path, name: str) -> dict[int, bytes]:
    """The keys `<name>.1`, `<name>.2` … of the keys' folder; the first is made when there is none."""
    folder = home / "keys"
    found = {
        int(path.suffix[1:]): path.read_bytes() for path in folder.glob(f"{name}.*") if path.suffix[1:].isdecimal()
    }
    return found or {1: keep(folder / f"{name}.1", secrets.token_bytes(32))}


def master(home: Path) -> dict[int, bytes]:
    """The master keys by version; the highest wraps what is new, the others open what is old."""
    return _versions(home, "master")


def search(home: Path) -> dict[int, bytes]:
    """The keys of the search hashes by version; the highest is the one in force."""
    return _versions(home, "search")


def signing(home: Path) -> bytes:
    """The private Ed25519 key (32 bytes) that signs the log's daily root."""
    return keep(home / "keys" / "signing", secrets.token_bytes(32))


def documents(home: Path, make: Callable[[], bytes]) -> bytes:
    """The PEM text (private key, certificate, chain) that signs documents; where there is none, `make` makes it."""
    path = home / "keys" / "documents.pem"
    return path.read_bytes() if path.exists() else keep(path, make())


def outside_secret(home: Path) -> str:
    """Django's SECRET_KEY of the cardholders' process."""
    return keep(home / "keys" / "outside", secrets.token_hex(32).encode()).decode()


def cardholders(home: Path) -> bytes:
    """The private X25519 key of what cardholders send in: their pages seal for its public half, the worker opens."""
    private = keep(home / "keys" / "cardholders", secrets.token_bytes(32))
    keep(home / "keys" / "cardholders.pub", sealing.box_public(private))
    return private


def cardholders_public(home: Path) -> bytes:
    """The public half, all that the cardholders' process has of it."""
    path = home / "keys" / "cardholders.pub"
    return path.read_bytes() if path.exists() else sealing.box_public(cardholders(home))


def answers(home: Path) -> bytes:
    """The key of the hashes of what only a cardholder knows; the worker's and the cardholders' process have it."""
    return keep(home / "keys" / "answers", secrets.token_bytes(32))


def merchant(home: Path) -> bytes:
    """The private Ed25519 key (32 bytes) that signs what the payment provider is asked; its public half is beside it."""
    private = keep(home / "keys" / "merchant", secrets.token_bytes(32))
    keep(home / "keys" / "merchant.pub", Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())
    return private


class Keyring:
    """The keys as rooms see them: `django.conf.settings.KEYS.master()`. Read anew when the folder has changed.

    A rotation runs beside servers and workers: what they seal after a new master key stands on disk must be under it.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._read: dict[str, tuple[int, dict[int, bytes]]] = {}

    def _of(self, name: str) -> dict[int, bytes]:
        try:
            changed = (self.home / "keys").stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        if name not in self._read or self._read[name][0] != changed:
            self._read[name] = (changed, _versions(self.home, name))
        return self._read[name][1]

    def master(self, version: int | None = None) -> dict[int, bytes]:
        """All master keys; a `version` that is not known yet is looked for on disk once more."""
        if version is not None and version not in self._of("master"):
            self._read.pop("master", None)
        return self._of("master")

    def search(self) -> dict[int, bytes]:
        return self._of("search")

    def signing(self) -> bytes:
        return signing(self.home)

    def documents(self, make: Callable[[], bytes]) -> bytes:
        return documents(self.home, make)

    def cardholders(self) -> bytes:
        return cardholders(self.home)

    def answers(self) -> bytes:
        return answers(self.home)

    def merchant(self) -> bytes:
        return merchant(self.home)

    def new_master(self) -> int:
        """Make the next version of the master key on disk and answer its number."""
        version = max(master(self.home)) + 1
        keep(self.home / "keys" / f"master.{version}", secrets.token_bytes(32))
        self._read.pop("master", None)
        return version
