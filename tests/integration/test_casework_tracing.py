"""Tracing: lawful steps only, what is found has a source, and each source is measured."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dunwell.casework.models import Trace
from dunwell.casework.queries.tracing import of_case, worth
from dunwell.casework.rules.tracing import TraceRefused, steps
from dunwell.casework.services.tracing import record_asset, record_trace
from dunwell.kernel.actor import Actor
from dunwell.portfolio.services import SOURCES
from tests import build
from tests.build import NOW, TODAY

pytestmark = pytest.mark.django_db
BY = Actor.program("test")


def traced(case, step, result, **fields):
    return record_trace(
        case_id=case.pk, step=step, result=result, by=BY, now=NOW, **{"key": f"{step}-{result}", **fields}
    )


def test_every_step_has_its_legal_basis_and_only_lawful_sources():
    assert all(
        step.basis["zh-hans"] and step.rule and step.confidence in ("V1", "V2", "A") for step in steps().values()
    )
    assert {step.source for step in steps().values()} - {""} <= set(SOURCES)


def test_what_is_found_becomes_a_contact_point_with_the_steps_source_once():
    _person, _point, case = build.debtor()
    first = traced(case, "public_source", "found", value="19000007777", reference="company register", words="his shop")
    assert traced(case, "public_source", "found", value="19000007777", reference="company register") == first
    assert (first.contact_point.source, first.contact_point.party_id) == ("public", case.party_id)
    ((shown, words),), _ = of_case(case)
    assert (shown, words) == (first, "his shop")


@pytest.mark.parametrize(
    ("step", "result", "fields", "code"),
    [
        ("bought_data", "found", {"value": "19000007777"}, "step"),
        ("dead_number", "found", {"value": "19000007777"}, "source"),
        ("declared_contact", "found", {}, "value"),
        ("declared_contact", "found", {"value": "12"}, "value"),
        ("declared_contact", "nothing", {"value": "19000007777"}, "result"),
        ("authorised_query", "nothing", {}, "evidence"),
        ("declared_contact", "perhaps", {}, "result"),
    ],
)
def test_what_may_not_be_written(step, result, fields, code):
    _person, _point, case = build.debtor()
    with pytest.raises(TraceRefused) as refused:
        traced(case, step, result, **fields)
    assert refused.value.code == code
    assert not Trace.objects.exists() and case.party.contact_points.count() == 1


def test_each_source_is_measured_by_what_it_found():
    _person, _point, case = build.debtor()
    traced(case, "declared_contact", "found", value="19000007777")
    traced(case, "declared_contact", "refused")
    traced(case, "returned_mail", "nothing")
    week = {"first": TODAY - timedelta(days=7), "last": TODAY}
    found = {one.step: (one.tried, one.found, one.reached) for one in worth(entity_id=case.entity_id, **week)}
    assert found == {"declared_contact": (2, 1, 0), "returned_mail": (1, 0, 0)}


def test_what_he_owns_has_a_source_and_stands_sealed():
    _person, _point, case = build.debtor()
    told = {"case_id": case.pk, "kind": "house", "step": "public_source", "found_on": TODAY, "by": BY, "now": NOW}
    with pytest.raises(TraceRefused, match="evidence"):
        record_asset(**told, reference="", words="a flat", key="a")
    made = record_asset(**told, reference="land register 7", words="a flat in Wuxi", key="a")
    assert b"Wuxi" not in bytes(made.text_sealed)
    assert of_case(case)[1] == [(made, "a flat in Wuxi")]
