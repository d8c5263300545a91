"""Lists given out to diallers and robots, what they dial, what came of it, and what is taken back."""

from dunwell.channels.services.campaigns.dialling import Dialled, NoSuchEntry, dial, told_after_identity
from dunwell.channels.services.campaigns.giving import Given, Wanted, end_campaign, given, open_campaign
from dunwell.channels.services.campaigns.pulling import pull_back, tell_pulled
from dunwell.channels.services.campaigns.results import Took, take_records

__all__ = [
    "Dialled",
    "Given",
    "NoSuchEntry",
    "Took",
    "Wanted",
    "dial",
    "end_campaign",
    "given",
    "open_campaign",
    "pull_back",
    "take_records",
    "tell_pulled",
    "told_after_identity",
]
