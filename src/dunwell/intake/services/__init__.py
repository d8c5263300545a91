"""The only writers of intake: take a file, mend rows of its quarantine, discard them."""

from dunwell.intake.services.mending import Mended, discard, export_rows, mend, open_row, reveal_row
from dunwell.intake.services.quarantine import reseal_rows, versions_in_use
from dunwell.intake.services.taking import Taken, kind_of, take

__all__ = [
    "Mended",
    "Taken",
    "discard",
    "export_rows",
    "kind_of",
    "mend",
    "open_row",
    "reseal_rows",
    "reveal_row",
    "take",
    "versions_in_use",
]
