"""Keys that live outside the database, in DUNWELL_HOME/keys, made on first use, mode 0600."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def keep(path: Path, make: bytes) -> bytes:
    """The bytes of `path`; written first, in one rename, when the file is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(make)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, path)  # the first one wins; a second process reads it
        except FileExistsError:
            pass
        os.unlink(draft)
        return path.read_bytes()


def secret(home: Path) -> str:
    """Django's SECRET_KEY."""
    return os.environ.get("DUNWELL_SECRET_KEY") or keep(home / "keys" / "django", secrets.token_hex(32).encode()).decode()
