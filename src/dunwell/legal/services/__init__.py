"""The only writers of the legal room."""

from dunwell.legal.services.limitation import NotAllowed, keep_clocks, record_fact, withdraw_fact
from dunwell.legal.services.papers import NotTaken, keep_paper

__all__ = ["NotAllowed", "NotTaken", "keep_clocks", "keep_paper", "record_fact", "withdraw_fact"]
