"""Numbers by product and issuer: a line is honoured, or refused by name; none is passed over in silence."""

from __future__ import annotations

import copy
from datetime import date

import pytest

from dunwell.arrears.rules import parameters

DAY = date(2026, 11, 22)


def document() -> dict:
    return copy.deepcopy(parameters._document()[0])


@pytest.mark.parametrize("name", ["allocation", "buckets", "stages", "pausing_holds"])
def test_a_product_line_is_refused_where_the_rule_is_one_for_all(name):
    told = document()
    told[name]["values"].append(
        {"from": date(2026, 1, 1), "product": "GOLD", "value": told[name]["values"][0]["value"]}
    )
    with pytest.raises(ValueError, match=rf"parameters.yaml: {name}, line 2 \(from 2026-01-01\): found product GOLD"):
        parameters.read(told, DAY)


def test_an_issuers_own_order_of_allocation_holds_from_its_first_day():
    told = document()
    told["allocation"]["values"] += [
        {"from": date(2025, 1, 1), "issuer": "bank", "value": "its own"},
        {"from": date(2026, 1, 1), "value": "a later one for all others"},
    ]
    general = told["allocation"]["values"][0]["value"]
    first = date(2011, 1, 13)
    assert parameters.history("allocation", "bank", told) == [(first, general), (date(2025, 1, 1), "its own")]
    assert parameters.history("allocation", "other", told) == [
        (first, general), (date(2026, 1, 1), "a later one for all others"),
    ]  # fmt: skip


def test_an_issuers_buckets_are_its_own():
    told = document()
    own = {"M0": 0, "M1": 5, "M2": 31, "M3": 61, "M4": 91, "M5": 121, "M6": 151, "M7+": 181}
    told["buckets"]["values"].append({"from": date(2026, 1, 1), "issuer": "bank", "value": own})
    assert parameters.read(told, DAY, "bank").buckets == own != parameters.read(told, DAY, "other").buckets
