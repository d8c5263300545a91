"""How much a test does: little in `make test`, everything in `make soak`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")
SOAK = os.environ.get("DUNWELL_SOAK") == "1"
#: Kept for `make soak`, for `make test` has ten minutes: what it shows of a component, a shorter test shows too.
in_the_soak = pytest.mark.in_the_soak


def size(test: int, soak: int) -> int:
    """How many histories, takes or rounds."""
    return soak if SOAK else test


def some(test: Sequence[T], further: Sequence[T]) -> list[T]:
    """Which cases of a walk: one or two in `make test`, the further ones as well in `make soak`."""
    return [*test, *further] if SOAK else [*test]
