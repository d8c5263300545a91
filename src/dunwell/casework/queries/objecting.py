"""Disputes, complaints and requests as pages show them, with their words opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q

from dunwell.casework.models import (
    Complaint,
    ComplaintStep,
    DepartmentRequest,
    Dispute,
    DisputeStep,
    Path,
    PathStep,
    Representative,
)
from dunwell.casework.queries.timeline import opened
from dunwell.casework.rules import objections as rules
from dunwell.identity.models import User
from dunwell.portfolio import services as portfolio

ROWS = 200


@dataclass(frozen=True, slots=True)
class Objections:
    """All of one person; `texts` by row."""

    disputes: Sequence[Dispute]
    complaints: Sequence[Complaint]
    requests: Sequence[DepartmentRequest]
    representatives: Sequence[Representative]
    texts: dict[tuple[str, int], str]


def of_party(party_id: int) -> Objections:
    """Everything that the person objected to, newest first; at most nine queries."""
    disputes = list(
        Dispute.objects.filter(party_id=party_id)
        .select_related("account")
        .prefetch_related("steps")
        .order_by("-pk")[:ROWS]
    )
    complaints = list(
        Complaint.objects.filter(party_id=party_id)
        .select_related("against")
        .prefetch_related("steps")
        .order_by("-pk")[:ROWS]
    )
    requests = list(DepartmentRequest.objects.filter(party_id=party_id).select_related("answer").order_by("-pk")[:ROWS])
    people = list(Representative.objects.filter(party_id=party_id).prefetch_related("checks").order_by("-pk")[:ROWS])
    sealed = {("request", one.pk): bytes(one.text_sealed) for one in requests}
    sealed |= {("answer", one.pk): bytes(one.answer.text_sealed) for one in requests if hasattr(one, "answer")}
    sealed |= {("representative", one.pk): bytes(one.name_sealed) for one in people}
    sealed |= {("dispute", one.pk): bytes(one.words_sealed) for one in disputes}
    return Objections(disputes, complaints, requests, people, opened(party_id, sealed))  # type: ignore[arg-type]


def paths_of(party_id: int) -> list[Path]:
    """The paths of a person, with their steps in order."""
    return list(Path.objects.filter(party_id=party_id).select_related("hold").prefetch_related("steps").order_by("-pk"))


def texts_of(party_id: int, rows: Iterable[tuple[int, bytes | None]]) -> dict[int, str]:
    """Sealed texts by number."""
    return opened(party_id, {number: bytes(sealed) for number, sealed in rows if sealed is not None})


def disputes(*, entity_id: int, route: str, decided: bool) -> list[Dispute]:
    """What a department has to verify, or has decided; the one with the earliest day first."""
    done = DisputeStep.objects.filter(dispute=OuterRef("pk"), kind__in=rules.DECISIONS)
    answered = DisputeStep.objects.filter(dispute=OuterRef("pk"), kind="answered")
    found = Dispute.objects.filter(case__entity_id=entity_id).annotate(
        is_done=Exists(done), is_answered=Exists(answered)
    )
    found = found.filter(is_done=decided)
    if route:
        found = found.filter(route=route)
    return list(
        found.select_related("case__party", "account").prefetch_related("steps").order_by("due_on", "pk")[:ROWS]
    )


def complaints(*, entity_id: int, **chosen: str) -> list[Complaint]:
    """The register, newest first; `over` shows those that are closed or withdrawn."""
    over = ComplaintStep.objects.filter(complaint=OuterRef("pk"), kind__in=("closed", "withdrawn"))
    found = (
        Complaint.objects.filter(entity_id=entity_id)
        .annotate(is_over=Exists(over))
        .filter(is_over=bool(chosen.pop("over", "")))
    )
    for name, value in chosen.items():
        if value:
            found = found.filter(**{name: value})
    return list(
        found.select_related("case__party", "against")
        .prefetch_related("steps__handler")
        .order_by("received_on", "pk")[:ROWS]
    )


def handlers(*, entity_id: int, roles: Iterable[str], without: Iterable[int]) -> list[User]:
    """Who may handle a complaint: of these roles, and none of those who worked on the case."""
    return list(
        User.objects.filter(entity_id=entity_id, is_active=True, role__in=list(roles))
        .exclude(pk__in=list(without))
        .order_by("staff_no")
    )


def requests(*, entity_id: int, role: str, answered: bool) -> list[DepartmentRequest]:
    """What the departments of a role were asked, the earliest day first."""
    mine = [code for code, one in rules.departments().items() if role in one.roles]
    found = DepartmentRequest.objects.filter(case__entity_id=entity_id, department__in=mine)
    found = found.filter(~Q(answer=None)) if answered else found.filter(answer=None)
    return list(found.select_related("case__party", "answer", "dispute").order_by("needed_by", "pk")[:ROWS])


def words_of(requests: Sequence[DepartmentRequest]) -> dict[int, str]:
    """What each was asked, with one query for all keys; those of erased persons are left out."""
    try:
        opened_texts = portfolio.open_many(items=[(one.party_id, bytes(one.text_sealed)) for one in requests])
    except portfolio.Erased:
        return {}
    return dict(zip((one.pk for one in requests), opened_texts, strict=True))


def late(due_on: date, today: date) -> bool:
    return due_on < today


def documents(path: Path) -> set[str]:
    """The documents that came."""
    return {step.document for step in path.steps.all() if step.kind == "document"}


def ended(path: Path) -> PathStep | None:
    return next((step for step in path.steps.all() if step.kind == "ended"), None)
