"""What the gate knows, read."""

from dunwell.compliance.queries.budget import Budget, CapUse, Hours, PointBudget, budget
from dunwell.compliance.queries.dials import DialBudget, dial_budgets
from dunwell.compliance.queries.facts import Asking, previews
from dunwell.compliance.queries.lists import closed_numbers, closed_to, guarded, may_open, withheld
from dunwell.compliance.queries.packs import Life, in_force, lives, opened, pack_of
from dunwell.compliance.queries.parties import party_of
from dunwell.compliance.queries.texts import findings

__all__ = [
    "Asking",
    "Budget",
    "DialBudget",
    "dial_budgets",
    "CapUse",
    "Hours",
    "Life",
    "PointBudget",
    "budget",
    "closed_numbers",
    "closed_to",
    "findings",
    "guarded",
    "in_force",
    "lives",
    "may_open",
    "opened",
    "pack_of",
    "party_of",
    "previews",
    "withheld",
]
