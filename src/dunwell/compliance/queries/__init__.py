"""What the gate knows, read."""

from dunwell.compliance.queries.budget import Budget, CapUse, Hours, PointBudget, budget
from dunwell.compliance.queries.facts import Asking, previews

__all__ = ["Asking", "Budget", "CapUse", "Hours", "PointBudget", "budget", "previews"]
