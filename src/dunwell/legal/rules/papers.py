"""Which papers there are, whose they are, and which of them a set of proof must have. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

#: What a paper's first bytes must be: what it is told by is its content, not its name.
CONTENTS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of paper: of an account, a party or the bank."""

    id: str
    of: str
    needed: bool
    kept: str  # its period, by evidence.retention
    zh: str
    en: str

    def name(self, language: str) -> str:
        return self.en if language == "en" else self.zh


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind of paper by id; a malformed file raises KeyError."""
    rows = yaml.safe_load((files("dunwell.legal") / "papers.yaml").read_text(encoding="utf-8"))["papers"]
    return {
        row["id"]: Kind(
            row["id"], row["of"], row["needed"], row.get("kept", "paper"), row["name"]["zh"], row["name"]["en"]
        )
        for row in rows
    }


def missing(there: Iterable[str]) -> list[Kind]:
    """The kinds that are needed and not among those that are there."""
    found = set(there)
    return [kind for kind in kinds().values() if kind.needed and kind.id not in found]


def media_type(head: bytes) -> str:
    """What a file is by its first bytes; empty when it is none that is taken."""
    return next((name for magic, name in CONTENTS.items() if head.startswith(magic)), "")
