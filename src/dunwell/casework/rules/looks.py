"""Whether two pages look alike, though no byte of them is the same: a perceptual hash. Pure.

The slowest 16 by 16 waves of a page's greys (its cosine transform), each a bit: above the middle one or not. What is saved
anew, made smaller, lighter or darker, or changed in one place keeps nearly all of them; of another page half are others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from dunwell.casework.rules.clusters import told_alike

WIDTH = HEIGHT = 64  # greys that a page is made small to
WAVES = 16
EVEN = 2.0  # standard deviation of the greys: below it a page is nearly empty, and like any other
ALIKE = 0.12  # share of the bits in which two pages that look alike may differ
BAND = 16  # bits that are looked up together: pages that look alike have at least one such run in common
TEXT_LEAST = 60  # letters, without digits and his name: shorter texts are alike by chance

_places = np.arange(WIDTH)
_WAVES = np.cos(np.pi * np.arange(WAVES)[:, None] * (2 * _places[None, :] + 1) / (2 * WIDTH))


def look(greys: np.ndarray) -> bytes:
    """The page's 256 bits, of HEIGHT by WIDTH greys; empty of one that is nearly empty."""
    if float(greys.std()) < EVEN:
        return b""
    waves = (_WAVES @ greys @ _WAVES.T).ravel()
    return np.packbits(waves > np.median(waves[1:])).tobytes()


def bands(bits: bytes) -> list[int]:
    """The runs of bits under which a look is found again, each with its place; every byte is in two of them."""
    if not bits:
        return []
    runs = [*np.frombuffer(bits, dtype=">u2"), *np.frombuffer(bits[1:] + bits[:1], dtype=">u2")]
    return [(place << BAND) | int(run) for place, run in enumerate(runs)]


def differ(one: bytes, other: bytes) -> float:
    """The share of bits in which two looks differ: 0 the same, about a half where they have nothing in common."""
    unlike = np.frombuffer(one, dtype=np.uint8) ^ np.frombuffer(other, dtype=np.uint8)
    return int(np.unpackbits(unlike).sum()) / (8 * len(one))


def nearest(bits: bytes, known: Iterable[tuple[str, bytes]]) -> str:
    """The group of the look that is most alike, of (group, look); empty when none is alike enough."""
    found = min(((differ(bits, look), group) for group, look in known), default=(1.0, ""))
    return found[1] if found[0] <= ALIKE else ""


def said_alike(text: str, name: str) -> str:
    """A paper's text as it is compared: letters alone, without the name of whoever handed it in; empty when too short."""
    letters = told_alike(re.sub(re.escape(name), "", text)) if name else told_alike(text)
    return letters if len(letters) >= TEXT_LEAST else ""
