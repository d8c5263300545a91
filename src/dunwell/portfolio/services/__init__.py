"""The only writers of people and their accounts."""

from dunwell.portfolio.services.accounts import keep_accounts, keep_cards
from dunwell.portfolio.services.correcting import SOURCES, CorrectionRefused, correct_name, correct_point
from dunwell.portfolio.services.erasing import erase_party, readmit_party
from dunwell.portfolio.services.keeping import Kept, keep_contact_points, keep_people
from dunwell.portfolio.services.keys import Busy, InUse, KeyMissing, Rotated, keys_in_use, rotate_master_key
from dunwell.portfolio.services.looking import (
    Identity,
    ReasonMissing,
    reveal_contact_point,
    reveal_identity,
    search,
)
from dunwell.portfolio.services.people import Erased, open_many, open_text, seal_many, seal_text, set_point_status
from dunwell.portfolio.services.touching import touch, touch_many

__all__ = [
    "Busy",
    "CorrectionRefused",
    "Erased",
    "Identity",
    "InUse",
    "Kept",
    "KeyMissing",
    "ReasonMissing",
    "SOURCES",
    "Rotated",
    "correct_name",
    "correct_point",
    "erase_party",
    "keep_accounts",
    "keep_cards",
    "keep_contact_points",
    "keep_people",
    "keys_in_use",
    "open_many",
    "open_text",
    "readmit_party",
    "reveal_contact_point",
    "reveal_identity",
    "rotate_master_key",
    "seal_many",
    "seal_text",
    "search",
    "set_point_status",
    "touch",
    "touch_many",
]
