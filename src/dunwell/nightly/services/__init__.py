"""The night: take files in, run, reassess the touched."""

from dunwell.nightly.services.errors import Busy, Fenced, Refused
from dunwell.nightly.services.files import take_files
from dunwell.nightly.services.keeping import Upkeep, check, compact, prune
from dunwell.nightly.services.reassessing import reassess
from dunwell.nightly.services.rebuilding import rebuild
from dunwell.nightly.services.running import run
from dunwell.nightly.services.stepping import Progress
from dunwell.nightly.services.yielding import behind_the_desks

__all__ = [
    "Busy", "Fenced", "Progress", "Refused", "Upkeep", "behind_the_desks", "check", "compact", "prune", "reassess", "rebuild",
    "run", "take_files",
]  # fmt: skip
