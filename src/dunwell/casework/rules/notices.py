"""Which notices there are, and when one is given by itself. Pure but for the file notices.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice: its texts in the order in which they are tried, and the day from which it is given."""

    code: str
    source: str
    confidence: str
    texts: tuple[str, ...]
    from_day: int | None = None


@cache
def kinds() -> Mapping[str, Kind]:
    document = yaml.safe_load((files("dunwell.casework") / "notices.yaml").read_text("utf-8"))
    return {
        code: Kind(code, row["source"], row["confidence"], tuple(row["texts"]), row.get("from_day"))
        for code, row in document["kinds"].items()
    }
