"""What is known of a person: findings with what was heard, and the care he needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dunwell.casework.models import Finding, VulnerabilityMark
from dunwell.casework.queries.timeline import opened
from dunwell.casework.rules.findings import Current, current
from dunwell.identity.models import User
from dunwell.kernel.times import business_date

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, with what was heard and who wrote it down."""

    kind: str
    code: str
    at: datetime
    heard: str
    by: User | None

    def who(self, language: str) -> str:
        return self.by.name(language) if self.by else ""


@dataclass(frozen=True, slots=True)
class Known:
    """`findings` newest first; `care` marks in force with what was written with them."""

    current: Mapping[str, Current]
    findings: tuple[Found, ...]
    care: tuple[tuple[VulnerabilityMark, str], ...]


def known(party_id: int, *, now: datetime) -> Known:
    """Four queries, however much was found out."""
    rows = list(Finding.objects.filter(party_id=party_id).order_by("-id")[:SHOWN])
    marks = list(
        VulnerabilityMark.objects.filter(party_id=party_id, end=None, ends_on__gte=business_date(now)).order_by("id")
    )
    sealed = {row.pk: bytes(row.heard_sealed) for row in rows if row.heard_sealed is not None}
    sealed |= {-mark.pk: bytes(mark.detail_sealed) for mark in marks if mark.detail_sealed is not None}
    texts = opened(party_id, sealed)
    people = User.objects.in_bulk({row.recorded_by for row in rows if row.recorded_by is not None})
    days = [(row.kind, row.code, business_date(row.recorded_at)) for row in reversed(rows)]
    return Known(
        current(days, business_date(now)),
        tuple(Found(r.kind, r.code, r.recorded_at, texts.get(r.pk, ""), people.get(r.recorded_by)) for r in rows),
        tuple((mark, texts.get(-mark.pk, "")) for mark in marks),
    )
