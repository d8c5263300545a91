"""Tracing: each step tried is a fact; what is found becomes a contact point with the step's lawful source."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from dunwell.casework.models import Asset, Case, Trace
from dunwell.casework.rules.tracing import TraceRefused, checked, steps
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio


@transaction.atomic
def record_trace(
    *,
    case_id: int,
    step: str,
    result: str,
    by: Actor,
    now: datetime,
    key: str,
    kind: str = "mobile",
    value: str = "",
    reference: str = "",
    words: str = "",
) -> Trace:
    """Write down a step and its result. With `found` the number or address is kept with the step's source.

    The same key again answers what was written. TraceRefused says what is missing; nothing is written then.
    """
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Trace.objects.filter(key=key).first()
    if known is not None:
        return known
    if result not in Trace.Result.values:
        raise TraceRefused("result")
    chosen = checked(step=step, result=result, value=value, evidence=reference)
    point = None
    if result == Trace.Result.FOUND:
        try:
            point = portfolio.correct_point(
                party_id=case.party_id, kind=kind, value=value, source=chosen.source,
                reason=f"tracing: {chosen.code} {reference}".strip(), by=by, now=now, key=f"{key}:point",
            ).contact_point  # fmt: skip
        except portfolio.CorrectionRefused:
            raise TraceRefused("value") from None
    made = Trace.objects.create(
        case=case, step=step, result=result, contact_point=point, evidence=reference.strip()[:200],
        text_sealed=_sealed(case, words), recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _told("trace.tried", case, by, now, {"step": step, "result": result, "masked": point.masked if point else ""})
    return made


@transaction.atomic
def record_asset(
    *,
    case_id: int,
    kind: str,
    step: str,
    reference: str,
    words: str,
    found_on: date,
    by: Actor,
    now: datetime,
    key: str,
) -> Asset:
    """Write down what he owns, with the lawful step by which it was found. The same key again answers the same one."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Asset.objects.filter(key=key).first()
    if known is not None:
        return known
    if step not in steps() or not reference.strip():
        raise TraceRefused("evidence")
    if kind not in Asset.Kind.values or not words.strip():
        raise TraceRefused("asset")
    made = Asset.objects.create(
        case=case, kind=kind, step=step, evidence=reference.strip()[:200], text_sealed=_sealed(case, words),
        found_on=found_on, recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _told("asset.found", case, by, now, {"kind": kind, "step": step})
    return made


def _sealed(case: Case, words: str) -> bytes | None:
    return portfolio.seal_text(party_id=case.party_id, text=words.strip()) if words.strip() else None


def _told(kind: str, case: Case, by: Actor, now: datetime, data: dict[str, object]) -> None:
    evidence.write(
        kind=kind, now=now, by=by, entity_id=case.entity_id, party_id=case.party_id, case_id=case.pk, data=data
    )
