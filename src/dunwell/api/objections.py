"""What a person objects to and what is found out of him: disputes, complaints, requests, paths, findings, means."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from dunwell.api.auth import permitted
from dunwell.api.desk import KEY, account_of, find
from dunwell.arrangements.means import queries as means_queries
from dunwell.arrangements.means import services as means
from dunwell.casework.rules import objections as rules
from dunwell.casework.services import complaints, disputes, findings, paths, requests
from dunwell.identity.models import User
from dunwell.kernel.times import business_date

router = Router(tags=["objections"])
TEXT = Field(min_length=1, max_length=4000)


class Refused(Schema):
    """Why nothing was written."""

    code: str


class DisputeIn(Schema):
    """`kind`: not_mine, wrong_amount, fraud, paid, identity_theft or record. Without `amount`, all of the account."""

    account_no: str
    kind: str
    text: str = TEXT
    amount: Decimal | None = Field(None, gt=0, max_digits=18, decimal_places=2)
    received_on: date | None = None
    key: str = KEY


class DisputeOut(Schema):
    """`outcome` is empty while it is open; `hold` keeps the amount from being demanded."""

    number: str
    kind: str
    route: str
    due_on: date
    outcome: str
    hold: int


class ComplaintIn(Schema):
    """`against`: a staff number. `new_facts`: of a repeat, whether it brings any; else it stops no demand again."""

    source: str
    category: str
    severity: str = "normal"
    text: str = TEXT
    against: str = ""
    external_no: str = Field("", max_length=60)
    received_on: date | None = None
    reply_by: date | None = None
    new_facts: bool = False
    key: str = KEY


class ComplaintOut(Schema):
    number: str
    due_on: date
    state: str
    escalated_to: str
    repeats: str
    hold: int | None


class RequestIn(Schema):
    department: str
    what: str
    text: str = TEXT
    needed_by: date
    key: str = KEY


class RequestOut(Schema):
    request: int


class PathIn(Schema):
    """`path`: hardship, illness, bereavement, death, minor or prison."""

    path: str
    text: str = Field("", max_length=4000)
    key: str = KEY


class PathOut(Schema):
    path: int
    hold: int | None


class FindingIn(Schema):
    intent: str = ""
    ability: str = ""
    reason: str = ""
    heard: str = Field("", max_length=4000)
    key: str = KEY


class FindingOut(Schema):
    written: int


class MeansIn(Schema):
    """Yuan a month by code of means.yaml."""

    items: dict[str, Decimal]
    household: int = Field(ge=1, le=20)
    key: str = KEY


class MeansOut(Schema):
    """`left` is what is left a month; null when nobody asked him."""

    left: Decimal | None


def _refused(why: Exception) -> Status:
    return Status(422, {"code": str(why)})


@router.post("/cases/{case_no}/disputes", response={200: DisputeOut, 422: Refused}, url_name="open_dispute")
def open_dispute(request: HttpRequest, case_no: str, payload: DisputeIn) -> Status:
    """Open a dispute: the amount is held from then on. The same one while it is open is answered."""
    by, case = permitted(request, "objection.open"), find(request, case_no)
    try:
        made = disputes.open_dispute(
            case_id=case.pk, account_id=account_of(case, payload.account_no) or 0, kind=payload.kind, text=payload.text,
            amount=payload.amount, received_on=payload.received_on, by=by, now=timezone.now(), key=payload.key,
        )  # fmt: skip
    except disputes.DisputeRefused as why:
        return _refused(why)
    outcome = rules.decision(made.steps.order_by("pk").values_list("kind", flat=True))
    return Status(200, {"number": made.number, "kind": made.kind, "route": made.route, "due_on": made.due_on,
                        "outcome": outcome, "hold": made.hold_id})  # fmt: skip


@router.post("/cases/{case_no}/complaints", response={200: ComplaintOut, 422: Refused}, url_name="open_complaint")
def open_complaint(request: HttpRequest, case_no: str, payload: ComplaintIn) -> Status:
    """Take a complaint down, from whatever source it came."""
    by, case, now = permitted(request, "objection.open"), find(request, case_no), timezone.now()
    against = (
        User.objects.filter(staff_no=payload.against, entity_id=case.entity_id).first() if payload.against else None
    )
    if payload.against and against is None:
        return Status(422, {"code": "against"})
    try:
        row = complaints.open_complaint(
            case_id=case.pk, source=payload.source, category=payload.category, severity=payload.severity,
            text=payload.text, against_id=against and against.pk, external_no=payload.external_no,
            received_on=payload.received_on, reply_by=payload.reply_by, new_facts=payload.new_facts, by=by, now=now,
            key=payload.key,
        )  # fmt: skip
    except complaints.ComplaintRefused as why:
        return _refused(why)
    today = business_date(now)
    stands = rules.complaint_standing(
        received_on=row.received_on, reply_by=row.reply_by, severity=row.severity,
        steps=list(row.steps.order_by("pk").values_list("kind", flat=True)), days=complaints.days_of(today), today=today,
    )  # fmt: skip
    return Status(200, {"number": row.number, "due_on": stands.due_on, "state": stands.state, "hold": row.hold_id,
                        "escalated_to": stands.escalated_to, "repeats": row.repeats.number if row.repeats else ""})  # fmt: skip


@router.post("/cases/{case_no}/requests", response={200: RequestOut, 422: Refused}, url_name="ask_department")
def ask(request: HttpRequest, case_no: str, payload: RequestIn) -> Status:
    """Ask another department; its answer comes into the timeline."""
    by, case = permitted(request, "objection.open"), find(request, case_no)
    try:
        row = requests.ask(
            case_id=case.pk, department=payload.department, what=payload.what, text=payload.text,
            needed_by=payload.needed_by, by=by, now=timezone.now(), key=payload.key,
        )  # fmt: skip
    except requests.RequestRefused as why:
        return _refused(why)
    return Status(200, {"request": row.pk})


@router.post("/cases/{case_no}/paths", response={200: PathOut, 422: Refused}, url_name="open_path")
def open_path(request: HttpRequest, case_no: str, payload: PathIn) -> Status:
    """Take the case onto a path of its own, with its hold."""
    by, case = permitted(request, "objection.open"), find(request, case_no)
    try:
        row = paths.open_path(
            case_id=case.pk, kind=payload.path, text=payload.text, by=by, now=timezone.now(), key=payload.key
        )
    except paths.PathRefused as why:
        return _refused(why)
    return Status(200, {"path": row.pk, "hold": row.hold_id})


@router.post("/cases/{case_no}/findings", response={200: FindingOut, 422: Refused}, url_name="findings")
def found(request: HttpRequest, case_no: str, payload: FindingIn) -> Status:
    """Write down intent, ability and reason, with what was heard."""
    by, case = permitted(request, "case.work"), find(request, case_no)
    given = {"intent": payload.intent, "ability": payload.ability, "reason": payload.reason}
    try:
        rows = findings.record_findings(
            case_id=case.pk, found=given, heard=payload.heard, by=by, now=timezone.now(), key=payload.key
        )
    except findings.NotWritten as why:
        return _refused(why)
    return Status(200, {"written": len(rows)})


@router.get("/cases/{case_no}/means", response=MeansOut, url_name="means")
def left(request: HttpRequest, case_no: str) -> dict[str, object]:
    """What is left to him a month by his last statement."""
    permitted(request, "case.view")
    return {"left": means_queries.left_a_month(find(request, case_no).party_id)}


@router.post("/cases/{case_no}/means", response={200: MeansOut, 422: Refused}, url_name="state_means")
def stated(request: HttpRequest, case_no: str, payload: MeansIn) -> Status:
    """Write down income and outgoings as he tells them."""
    by, case = permitted(request, "case.work"), find(request, case_no)
    try:
        means.state_means(
            party_id=case.party_id, case_id=case.pk, items=payload.items, household=payload.household, by=by,
            now=timezone.now(), key=payload.key,
        )  # fmt: skip
    except means.MeansRefused as why:
        return _refused(why)
    return Status(200, {"left": means_queries.left_a_month(case.party_id)})
