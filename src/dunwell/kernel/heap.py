"""The memory of a program that runs for days."""

from __future__ import annotations

import gc


def keep_loaded() -> None:
    """Have the garbage collector not look again at what is loaded by now (modules, rule packs), which stays to the end.

    Each of its full rounds goes through all of that: a tenth of a second, in which nothing else is done.
    """
    gc.collect()
    gc.freeze()
