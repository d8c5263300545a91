"""What stands in DUNWELL_HOME: bytes made once and then kept, mode 0600. Read before Django's settings are."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path


def keep(path: Path, make: bytes) -> bytes:
    """The bytes of `path`; written first, whole, when the file is not there. Of two processes the first wins."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=".", dir=path.parent)  # 0600
        with os.fdopen(descriptor, "wb") as out:
            out.write(make)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
        return path.read_bytes()


def word(home: Path, name: str) -> str:
    """A generated password or token, kept under a name in the home's keys."""
    return keep(home / "keys" / name, secrets.token_urlsafe(24).encode()).decode()


def default_home() -> Path:
    """DUNWELL_HOME; else `var` of the checkout this code is run from; else ~/.dunwell."""
    given = os.environ.get("DUNWELL_HOME", "")
    if given:
        return Path(given).expanduser().resolve()
    root = Path(__file__).resolve().parents[3]
    if (root / "Makefile").exists() and (root / "src" / "dunwell").is_dir():
        return root / "var"
    return Path.home() / ".dunwell"
