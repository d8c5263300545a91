"""The rule packs that are shipped with the program: files under review, read once, with their hash."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files

from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.reading import PackError, read


@cache
def packs() -> tuple[Pack, ...]:
    """Every shipped pack, oldest first; a malformed one raises PackError."""
    folder = files("dunwell.compliance") / "packs"
    found = [read(f.read_text(encoding="utf-8"), f.name) for f in folder.iterdir() if f.name.endswith(".yaml")]
    return tuple(sorted(found, key=lambda pack: (pack.id, pack.effective.first or date.min)))


def pack_on(day: date, pack_id: str = "CN") -> Pack:
    """The pack in force on a day; before the first one the first (it then refuses by G-UNKNOWN)."""
    mine = [pack for pack in packs() if pack.id == pack_id]
    if not mine:
        raise PackError(f"No rule pack {pack_id} is shipped.")
    in_force = [pack for pack in mine if pack.effective.on(day)]
    return in_force[-1] if in_force else mine[0]


def pack_of(version: str, sha256: str) -> Pack:
    """The very pack an old decision was made with; PackError when its text is not the same any more."""
    for pack in packs():
        if pack.version == version and pack.sha256 == sha256:
            return pack
    raise PackError(f"Pack {version} with hash {sha256[:12]}… is not among the shipped packs.")
