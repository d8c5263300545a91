"""How much a test does: little in `make test`, everything in `make soak`."""

from __future__ import annotations

import os

SOAK = os.environ.get("DUNWELL_SOAK") == "1"


def size(test: int, soak: int) -> int:
    """How many histories, takes or rounds."""
    return soak if SOAK else test
