"""What managers' pages read: published columns for the book, facts for the day."""

from dunwell.oversight.queries.behind import FIGURES, Behind, behind
from dunwell.oversight.queries.book import (
    CURVES,
    BucketRow,
    Buckets,
    StageRow,
    buckets,
    currencies,
    curves,
    last_close,
    last_day,
    live_accounts,
    matrices,
    risk_classes,
    roll_months,
    stages,
)
from dunwell.oversight.queries.day import CollectorDay, Day, Productivity, collectors, day, productivity
from dunwell.oversight.queries.facts import Scope

__all__ = [
    "CURVES",
    "FIGURES",
    "Behind",
    "BucketRow",
    "Buckets",
    "CollectorDay",
    "Day",
    "Productivity",
    "Scope",
    "StageRow",
    "behind",
    "buckets",
    "collectors",
    "currencies",
    "curves",
    "day",
    "last_close",
    "last_day",
    "live_accounts",
    "matrices",
    "productivity",
    "risk_classes",
    "roll_months",
    "stages",
]
