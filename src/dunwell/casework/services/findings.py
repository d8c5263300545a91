"""What was found out about a person, and who needs care."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django.db import transaction

from dunwell.casework.models import Case, Finding, VulnerabilityEnd, VulnerabilityMark
from dunwell.casework.rules import findings, vulnerability
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, business_date
from dunwell.portfolio import services as portfolio


class NotWritten(ValueError):
    """Why nothing was written: `code` (unknown), `nothing` (no finding), `end` (past, or later than the kind may last)."""


@transaction.atomic
def record_findings(
    *,
    case_id: int,
    found: Mapping[str, str],
    by: Actor,
    now: datetime,
    key: str,
    heard: str = "",
    contact_id: int | None = None,
) -> list[Finding]:
    """Write down findings, one a kind; `heard` is sealed under the person's key. The same key again answers the same."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = findings.kinds()
    given = {kind: code for kind, code in found.items() if code}
    if not given:
        raise NotWritten("nothing")
    if any(kind not in known or code not in known[kind].codes for kind, code in given.items()):
        raise NotWritten("code")
    written = list(Finding.objects.filter(key__in=[f"{key}:{kind}" for kind in given]))
    if written:
        return written
    sealed = portfolio.seal_text(party_id=case.party_id, text=heard.strip()) if heard.strip() else None
    for kind, code in given.items():
        row = Finding.objects.create(
            party_id=case.party_id, case=case, contact_id=contact_id, kind=kind, code=code, heard_sealed=sealed,
            recorded_at=now, recorded_by=by.user_id, key=f"{key}:{kind}",
        )  # fmt: skip
        written.append(row)
        evidence.write(
            kind="finding.recorded", now=now, by=by, entity_id=case.entity_id, party_id=case.party_id, case_id=case.pk,
            data={"finding": row.pk, "kind": kind, "code": code}, rows=[row],
        )  # fmt: skip
    portfolio.touch(party_id=case.party_id, now=now)
    return written


@transaction.atomic
def mark_vulnerable(
    *, case_id: int, kind: str, ends_on: date, by: Actor, now: datetime, key: str, detail: str = ""
) -> VulnerabilityMark:
    """Mark that he needs care until `ends_on`, and place the hold that goes with it. The same key again is the same mark."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = VulnerabilityMark.objects.filter(key=key).first()
    if known is not None:
        return known
    chosen, today = vulnerability.kinds().get(kind), business_date(now)
    if chosen is None:
        raise NotWritten("code")
    if not today < ends_on <= vulnerability.last_day(chosen, today):
        raise NotWritten("end")
    hold = None
    if chosen.hold:
        hold = compliance.place_hold(
            party_id=case.party_id, kind=chosen.hold, reason="", by=by, now=now,
            ends_at=datetime.combine(ends_on + timedelta(days=1), time(0), BANK_ZONE),
        )  # fmt: skip
    sealed = portfolio.seal_text(party_id=case.party_id, text=detail.strip()) if detail.strip() else None
    mark = VulnerabilityMark.objects.create(
        party_id=case.party_id, case=case, kind=kind, detail_sealed=sealed, hold=hold, ends_on=ends_on,
        recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    portfolio.touch(party_id=case.party_id, now=now)
    evidence.write(
        kind="vulnerability.marked", now=now, by=by, entity_id=case.entity_id, party_id=case.party_id, case_id=case.pk,
        data={"mark": mark.pk, "ends_on": ends_on.isoformat(), "hold": hold and hold.pk}, rows=[mark],
    )  # fmt: skip
    return mark


@transaction.atomic
def end_vulnerability(*, mark_id: int, reason: str, by: Actor, now: datetime) -> VulnerabilityEnd:
    """End a mark before its day, and the hold that it placed. A second end answers the first."""
    mark = VulnerabilityMark.objects.select_related("case").get(pk=mark_id)
    end, created = VulnerabilityEnd.objects.get_or_create(
        mark=mark, defaults={"reason": reason, "recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        if mark.hold_id is not None:
            compliance.lift_hold(hold_id=mark.hold_id, reason=reason, by=by, now=now)
        portfolio.touch(party_id=mark.party_id, now=now)
        evidence.write(
            kind="vulnerability.ended", now=now, by=by, entity_id=mark.case.entity_id, party_id=mark.party_id,
            case_id=mark.case_id, data={"mark": mark.pk}, rows=[end],
        )  # fmt: skip
    return end
