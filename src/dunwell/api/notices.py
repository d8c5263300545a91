"""Statutory notices of a case: given once in a late cycle, and whether the carrier says that they were delivered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.api.desk import find
from dunwell.casework.models import Notice
from dunwell.casework.services import notices

router = Router(tags=["desk"])


class NoticeIn(Schema):
    kind: Literal["adverse_record", "placement", "limitation_demand", "breach"]


class NoticeOut(Schema):
    """`delivered_at` is the carrier's; null is no proof. `nr` is 2 when a first try did not reach him."""

    kind: str
    cycle: date
    nr: int
    message: int
    state: str
    delivered_at: datetime | None


@router.get("/cases/{case_no}/notices", response=list[NoticeOut], url_name="notices")
def given(request: HttpRequest, case_no: str) -> list[dict[str, object]]:
    """The notices of the person, each kind and cycle once: the one that was delivered, else the last that was tried."""
    permitted(request, "case.view")
    party_id = find(request, case_no).party_id
    told = Notice.objects.filter(party_id=party_id).values_list("kind", "cycle").distinct().order_by("cycle", "kind")
    return [_out(notices.notified(party_id=party_id, kind=kind, cycle=cycle)) for kind, cycle in told]


@router.post("/cases/{case_no}/notices", response=NoticeOut, url_name="notify")
def give(request: HttpRequest, case_no: str, payload: NoticeIn) -> dict[str, object]:
    """Give a notice of the case's late cycle; given already, it is answered again."""
    actor, case = permitted(request, "message.send"), find(request, case_no)
    made = notices.notify(case_id=case.pk, kind=payload.kind, by=actor, now=timezone.now())
    if made is None:
        raise HttpError(409, "nothing carries it: no late cycle, no connected line, or no valid contact point")
    return _out(notices.notified(party_id=case.party_id, kind=made.kind, cycle=made.cycle))


def _out(told: notices.Notified | None) -> dict[str, object]:
    assert told is not None
    notice = told.notice
    return {
        "kind": notice.kind, "cycle": notice.cycle, "nr": notice.nr, "message": notice.message_id, "state": told.state,
        "delivered_at": told.delivered_at,
    }  # fmt: skip
