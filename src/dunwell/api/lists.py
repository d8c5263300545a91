"""Finding cases and reading what happened on them: lists, search, the timeline. Everything masked."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.api.desk import find
from dunwell.casework import queries
from dunwell.casework.models import Case
from dunwell.compliance.queries import closed_to
from dunwell.portfolio import services as portfolio

router = Router(tags=["desk"])


class ListIn(Schema):
    """What the list shows, as in the address of `/lists`; `after` is the last answer's own."""

    chip: list[str] = []
    bucket: str = ""
    stage: str = ""
    segment: str = ""
    queue: str = ""
    owner: str = Field("", description="staff number")
    after: str = ""
    limit: int = Field(queries.ROWS, ge=1, le=queries.ROWS)


class CaseRow(Schema):
    case_no: str
    name_masked: str
    bucket: str
    days_delinquent: int
    currency: str
    past_due: Decimal
    balance: Decimal
    promise_state: str
    segment: str
    queue: str
    owner: str


class ListOut(Schema):
    cases: list[CaseRow]
    after: str | None


class SearchIn(Schema):
    q: str = Field(min_length=1, max_length=120, description="a whole value: name, number, last four digits of a card")


class FoundOut(Schema):
    """`closed`: the person is for named officers only, and nothing else is said of him."""

    party_no: str = ""
    name_masked: str = ""
    id_masked: str = ""
    account_nos: list[str] = []
    case_no: str | None = None
    closed: bool = False


class EntryOut(Schema):
    """`sort` is its chip; `data` holds pseudonyms and masks; `text` a note's words."""

    id: int
    at: datetime
    business_date: date
    kind: str
    sort: str
    who: str
    data: dict[str, object]
    text: str


class TimelineOut(Schema):
    entries: list[EntryOut]
    before: int | None


@router.get("/cases", response=ListOut, url_name="cases")
def cases(request: HttpRequest, asked: Query[ListIn]) -> dict[str, object]:
    """Open cases that the caller may open, in the order of the queue, at most 200 a page."""
    permitted(request, "case.view")
    unknown = sorted(set(asked.chip) - set(queries.CHIPS))
    if unknown:
        raise HttpError(422, f"{', '.join(unknown)}: no such chip; known are {', '.join(queries.CHIPS)}")
    owner = None
    if asked.owner:
        owner = type(request.user).objects.filter(staff_no=asked.owner, entity_id=request.user.entity_id).first()
        if owner is None:
            raise HttpError(422, f"there is no member of staff {asked.owner}")
    wanted = queries.Filter(
        chips=tuple(asked.chip), bucket=asked.bucket, stage=asked.stage, segment=asked.segment, queue=asked.queue,
        owner=owner.pk if owner else None,
    )  # fmt: skip
    page = queries.case_list(
        wanted, user=request.user, now=timezone.now(), after=_after(asked.after), limit=asked.limit
    )
    same = set(CaseRow.model_fields) - {"name_masked", "owner"}
    rows = [
        {name: getattr(case, name) for name in same}
        | {"name_masked": case.party.name_masked, "owner": case.owner.staff_no if case.owner else ""}
        for case in page.cases
    ]
    return {"cases": rows, "after": f"{page.after[0]}.{page.after[1]}" if page.after else None}


def _after(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    rank, _, last = text.partition(".")
    if not (rank.lstrip("-").isdigit() and last.isdigit()):
        raise HttpError(422, "after is what the last answer gave")
    return int(rank), int(last)


@router.post("/search", response=list[FoundOut], url_name="search")
def search(request: HttpRequest, payload: SearchIn) -> list[dict[str, object]]:
    """People by a whole value. That somebody searched is logged, what for is not."""
    actor, now = permitted(request, "case.view"), timezone.now()
    found = portfolio.search(text=payload.q, entity_id=request.user.entity_id, by=actor, now=now)
    parties = [one.party_id for one in found]
    numbers = dict(
        Case.objects.filter(party_id__in=parties).order_by("opened_on", "id").values_list("party_id", "case_no")
    )
    closed = closed_to(request.user.pk, parties, now=now)
    return [
        {"closed": True}
        if one.party_id in closed
        else {
            "party_no": one.party_no, "name_masked": one.name_masked, "id_masked": one.id_masked,
            "account_nos": list(one.account_nos), "case_no": numbers.get(one.party_id),
        }
        for one in found
    ]  # fmt: skip


@router.get("/cases/{case_no}/timeline", response=TimelineOut, url_name="timeline")
def timeline(request: HttpRequest, case_no: str, kind: str = "", before: int | None = None) -> dict[str, object]:
    """What happened, newest first: `kind` one of the chips, `before` the last answer's own."""
    permitted(request, "case.view")
    found = find(request, case_no)
    if kind and kind not in queries.SORTS:
        raise HttpError(422, f"{kind}: no such kind; known are {', '.join(queries.SORTS)}")
    read = queries.timeline(found.party_id, [kind] if kind else (), before, with_counts=False)
    same = set(EntryOut.model_fields) - {"who"}
    entries = [{name: getattr(one, name) for name in same} | {"who": one.actor} for one in read.entries]
    return {"entries": entries, "before": read.before}
