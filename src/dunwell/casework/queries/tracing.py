"""Tracing: what was tried on a case, what he owns, and what each source is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dunwell.casework.models import Asset, Case, Trace
from dunwell.casework.queries.statements import rows
from dunwell.portfolio import services as portfolio


@dataclass(frozen=True, slots=True)
class Worth:
    """A step over some days: how often tried, how often something was found, and how often he then answered there."""

    step: str
    tried: int
    found: int
    reached: int


def worth(*, entity_id: int, first: date, last: date) -> list[Worth]:
    """Each step that was tried, by what it found and whether he answered there afterwards."""
    return [Worth(**row) for row in rows("traces_worth", entity=entity_id, first=first, last=last)]


def of_case(case: Case) -> tuple[list[tuple[Trace, str]], list[tuple[Asset, str]]]:
    """What was tried and found on the person's cases, newest first, with their words; empty where he was erased."""
    traces = list(Trace.objects.filter(case__party=case.party_id).select_related("contact_point").order_by("-pk")[:100])
    assets = list(Asset.objects.filter(case__party=case.party_id).order_by("-pk")[:100])
    sealed = [one for one in (*traces, *assets) if one.text_sealed is not None]
    try:
        texts = portfolio.open_many(items=[(case.party_id, bytes(one.text_sealed)) for one in sealed])
    except portfolio.Erased:
        texts = [""] * len(sealed)
    said = {(type(one), one.pk): text for one, text in zip(sealed, texts, strict=True)}
    return (
        [(one, said.get((Trace, one.pk), "")) for one in traces],
        [(one, said.get((Asset, one.pk), "")) for one in assets],
    )
