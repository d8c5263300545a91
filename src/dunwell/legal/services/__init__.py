"""The only writers of the legal room."""

from dunwell.legal.services.bundles import NotMade, make_bundle
from dunwell.legal.services.destroying import NotProposed, answer, destroy_due, propose
from dunwell.legal.services.limitation import NotAllowed, keep_clocks, record_fact, withdraw_fact
from dunwell.legal.services.papers import NotTaken, keep_paper

__all__ = [
    "NotAllowed",
    "NotMade",
    "NotProposed",
    "NotTaken",
    "answer",
    "destroy_due",
    "keep_clocks",
    "keep_paper",
    "make_bundle",
    "propose",
    "record_fact",
    "withdraw_fact",
]
