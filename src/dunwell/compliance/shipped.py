"""The rule packs that are shipped with the program: files under review, read once, with their hash."""

from __future__ import annotations

import hashlib
import threading
from datetime import date
from functools import cache
from importlib.resources import files

import yaml

from dunwell.compliance.rules.nodes import LOADER
from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.reading import PackError, read

_one_reads = threading.Lock()
FOLDER = files("dunwell.compliance") / "packs"


def part(name: str) -> str:
    """The text of a part that a shipped pack includes; PackError when there is none."""
    found = FOLDER / "parts" / name
    if not name.endswith(".yaml") or "/" in name or not found.is_file():
        raise PackError(f"packs/parts holds no {name}.")
    return found.read_text(encoding="utf-8")


def packs() -> tuple[Pack, ...]:
    """Every shipped pack, oldest first, an overlay as one with the pack it lies on; a malformed one raises PackError.

    Reading them takes seconds: of many threads that ask at once, one reads and the others wait.
    """
    with _one_reads:
        return _packs()


@cache
def _packs() -> tuple[Pack, ...]:
    texts = {f.name: f.read_text(encoding="utf-8") for f in FOLDER.iterdir() if f.name.endswith(".yaml")}
    lying_on = {name for name, text in texts.items() if "\noverlay:" in f"\n{text}"}
    found = [read(text, name, beside=part) for name, text in sorted(texts.items()) if name not in lying_on]
    for name in sorted(lying_on):
        found.append(read(texts[name], name, base=lambda wanted: _newest(found, wanted)))
    return tuple(sorted(found, key=lambda pack: (pack.id, pack.effective.first or date.min)))


def _newest(among: list[Pack], pack_id: str) -> Pack:
    mine = [pack for pack in among if pack.id == pack_id]
    if not mine:
        raise PackError(f"No rule pack {pack_id} is shipped.")
    return max(mine, key=lambda pack: pack.effective.first or date.min)


def text_of(pack: Pack) -> tuple[str, dict[str, str]]:
    """The text of a shipped pack that lies on no other, and its parts by name; PackError when it is not shipped."""
    with _one_reads:
        found = _texts().get(pack.sha256)
    if found is None:
        raise PackError(f"{pack.version} is no shipped pack.")
    return found


@cache
def _texts() -> dict[str, tuple[str, dict[str, str]]]:
    """Every shipped text with its parts, by the hash of all of it."""
    found = {}
    for file in FOLDER.iterdir():
        if file.name.endswith(".yaml"):
            text = file.read_text(encoding="utf-8")
            parts = {name: part(name) for name in _included(text)}
            found[hashlib.sha256("".join((text, *parts.values())).encode()).hexdigest()] = (text, parts)
    return found


def _included(text: str) -> list[str]:
    document = yaml.compose(text, Loader=LOADER)
    return next((names for key, names in _fields(document) if key == "includes"), [])


def _fields(document: yaml.Node) -> list[tuple[str, list[str]]]:
    return [
        (key.value, [item.value for item in value.value] if isinstance(value, yaml.SequenceNode) else [])
        for key, value in document.value
    ]


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
