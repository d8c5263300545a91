"""Publishing waits between its transactions as long as others kept it waiting."""

from __future__ import annotations

import pytest

from dunwell.nightly.services.yielding import LONGEST, Pace


def test_alone_it_does_not_wait():
    for seconds in (0.1, 0.0037, 0.049, 1 / 3):
        assert 0 <= Pace().after(rows=49, seconds=seconds) < 1e-9
    pace = Pace()
    assert [pace.after(rows=rows, seconds=rows / 50_000) for rows in (4000, 5000, 100)] == pytest.approx([0, 0, 0])


def test_it_waits_as_long_as_others_kept_it_waiting():
    pace = Pace()
    pace.after(rows=4000, seconds=0.1)
    assert pace.after(rows=4000, seconds=0.3) == pytest.approx(0.2)
    assert pace.after(rows=2000, seconds=0.1) == pytest.approx(0.05)


def test_a_better_transaction_shows_that_the_first_was_not_alone():
    pace = Pace()
    pace.after(rows=4000, seconds=0.4)
    assert pace.after(rows=4000, seconds=0.1) == 0
    assert pace.after(rows=4000, seconds=0.4) == pytest.approx(0.3)


def test_it_never_waits_for_long_and_not_for_nothing():
    pace = Pace()
    pace.after(rows=4000, seconds=0.1)
    assert pace.after(rows=4000, seconds=60) == LONGEST
    assert pace.after(rows=0, seconds=5) == 0
