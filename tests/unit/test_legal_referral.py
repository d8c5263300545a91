"""The criminal-referral test, row by row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.compliance import shipped
from dunwell.legal.rules.referral import Collection, Terms, referral

D = date.fromisoformat
TERMS = Terms.of(shipped.pack_on(D("2026-11-23")).duties)

ROWS = [
    # principal, collections, ready from, grade
    ("50000.00", ["2026-03-01", "2026-03-30"], None, 1),  # 29 days apart
    ("50000.00", ["2026-03-01", "2026-03-31"], "2026-07-01", 1),
    ("49999.99", ["2026-03-01", "2026-03-31"], "2026-07-01", 0),
    ("500000.00", ["2026-03-01", "2026-03-15", "2026-03-31"], "2026-07-01", 2),  # one between them does no harm
    ("5000000.00", ["2025-12-31", "2026-01-01", "2026-01-31"], "2026-05-01", 3),  # the first came before it was overdue
    ("50000.00", ["2026-03-01"], None, 1),
]


@pytest.mark.parametrize(("principal", "on", "ready", "grade"), ROWS)
def test_when_a_case_is_ready_to_be_reported(principal, on, ready, grade):
    told = [Collection(D(day), f"letter {nr}") for nr, day in enumerate(on)]
    found = referral(Decimal(principal), told, overdue_since=D("2025-12-31"), terms=TERMS)
    assert (found.ready_from, found.grade) == (D(ready) if ready else None, grade)
    if ready:
        assert not found.met(D(ready).replace(day=1).fromordinal(D(ready).toordinal() - 1))
        assert found.met(D(ready)) is (grade > 0)
