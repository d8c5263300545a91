"""What is done on a case beside calling: notes, reminders, messages, holds, promises, a look in clear, hand-outs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.api.desk import KEY, Answer, ProblemOut, PromisePart, account_of, find, parts_of
from dunwell.arrangements import queries as arrangement_queries
from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Promise
from dunwell.arrangements.rules.promises import PromiseRefused
from dunwell.casework import services as casework
from dunwell.casework import words
from dunwell.casework.models import Case
from dunwell.channels import services as channels
from dunwell.channels.rules import TextError
from dunwell.channels.services.queueing import WrongPoint
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Hold
from dunwell.compliance.rules.holds import KINDS, may_lift, placeable
from dunwell.identity.models import User
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, ContactPoint

router = Router(tags=["desk"])


class NoteIn(Schema):
    text: str = Field(min_length=1, max_length=4000)
    pinned: bool = False
    key: str = KEY


class ReminderIn(Schema):
    at: datetime
    call_back: bool = False
    reason: str = Field("", max_length=200)
    key: str = KEY


class MessageIn(Schema):
    contact_point: int
    template: str = Field(max_length=40)
    account: str = Field("", max_length=32)  # number of the account it is about; left out, of all that he owes


class MessageSent(MessageIn):
    key: str = KEY


class MessageShown(Schema):
    """The text as it would leave, and the gate's answer now."""

    subject: str
    text: str
    answer: Answer


class MessageOut(Schema):
    """`not_connected`: it stands in the outbox and does not leave. `refused` names the rule."""

    message: int
    state: str
    refusal_rule: str


class RevealIn(Schema):
    """`what`: identity, or the id of a contact point."""

    what: Literal["identity"] | int
    reason: str = Field(min_length=1, max_length=120)


class RevealOut(Schema):
    text: str


class NotShown(Schema):
    code: str
    answer: Answer | None = None


class HoldIn(Schema):
    """On the whole person, or on one account, or on an amount of what is owed; without `ends_at` until it is lifted."""

    kind: str
    reason: str = Field(min_length=1, max_length=200)
    account_no: str | None = None
    amount: Decimal | None = Field(None, gt=0, max_digits=18, decimal_places=2)
    ends_at: datetime | None = None


class HoldOut(Schema):
    hold: int


class LiftIn(Schema):
    reason: str = Field(min_length=1, max_length=200)


class PartOut(Schema):
    due_date: date
    amount: Decimal
    received: Decimal
    state: str
    payer: str = ""


class PromiseOut(Schema):
    promise: int
    currency: str
    made_on: date
    withdrawn: bool
    parts: list[PartOut]


class PromiseIn(Schema):
    parts: list[PromisePart] = Field(min_length=1)
    key: str = KEY


class RevisionIn(Schema):
    """Without `parts` the promise is withdrawn; with them it is made anew as it was meant."""

    reason: str = Field(min_length=1, max_length=200)
    parts: list[PromisePart] = []
    key: str = KEY


class RevisionOut(Schema):
    promise: int | None


class HandOutIn(Schema):
    """Cases and owners (staff numbers), equal in count, balance and difficulty; from today, or a day to come."""

    cases: list[str] = Field(min_length=1, max_length=5000)
    owners: list[str] = Field(min_length=1)
    starts_on: date | None = None
    ends_on: date | None = None
    key: str = Field(min_length=8, max_length=50)


class HandOutOut(Schema):
    dealt: dict[str, list[str]]
    skipped: dict[str, str]


class TakeBackIn(Schema):
    key: str = Field(min_length=8, max_length=50)


@router.post("/cases/{case_no}/notes", response={201: None}, url_name="note")
def note(request: HttpRequest, case_no: str, payload: NoteIn) -> Status:
    """Keep a note, sealed under the person's key."""
    actor = permitted(request, "case.work")
    casework.write_note(
        case_id=find(request, case_no).pk, text=payload.text, pinned=payload.pinned, by=actor,
        now=timezone.now(), key=payload.key,
    )  # fmt: skip
    return Status(201, None)


@router.post("/cases/{case_no}/reminders", response={201: None}, url_name="reminder")
def reminder(request: HttpRequest, case_no: str, payload: ReminderIn) -> Status:
    """A snooze, or a call-back that the person asked for."""
    actor, now = permitted(request, "case.work"), timezone.now()
    if payload.at.tzinfo is None or payload.at <= now:
        raise HttpError(422, "at is a coming moment with its offset from UTC")
    found = find(request, case_no)
    write = {"case_id": found.pk, "by": actor, "now": now, "key": payload.key, "reason": payload.reason}
    if payload.call_back:
        casework.call_back(at=payload.at, **write)
    else:
        casework.snooze(until=payload.at, **write)
    return Status(201, None)


def _held(request: HttpRequest, case_no: str, now: datetime) -> Case:
    found = find(request, case_no)
    if not casework.hold(case_id=found.pk, user=request.user, now=now).mine:
        raise HttpError(409, "another collector has the case, or it is closed")
    return found


def _about(case: Case, payload: MessageIn) -> dict[str, object]:
    point = ContactPoint.objects.filter(pk=payload.contact_point, party_id=case.party_id).first()
    if point is None:
        raise HttpError(404, f"contact point {payload.contact_point} is not the person's own")
    return {
        "party_id": case.party_id, "contact_point_id": point.pk, "template_code": payload.template, "case_id": case.pk,
        "case_no": case.case_no, "account_id": account_of(case, payload.account),
    }  # fmt: skip


@router.post("/cases/{case_no}/messages/preview", response=MessageShown, url_name="message_preview")
def message_preview(request: HttpRequest, case_no: str, payload: MessageIn) -> dict[str, object]:
    """The message as it would leave; nothing is written and nothing is sent."""
    permitted(request, "message.send")
    try:
        shown = channels.preview(now=timezone.now(), **_about(find(request, case_no), payload))
    except (WrongPoint, TextError) as error:
        raise HttpError(422, str(error)) from None
    return {"subject": shown.subject, "text": shown.text, "answer": Answer.of(shown.decision)}


@router.post("/cases/{case_no}/messages", response=MessageOut, url_name="message")
def message(request: HttpRequest, case_no: str, payload: MessageSent) -> dict[str, object]:
    """Into the outbox, where the gate decides, and again when it leaves."""
    actor, now = permitted(request, "message.send"), timezone.now()
    about = _about(_held(request, case_no, now), payload)
    try:
        queued = channels.queue_message(by=actor, now=now, key=payload.key, **about)
    except (WrongPoint, TextError) as error:
        raise HttpError(422, str(error)) from None
    return {"message": queued.pk, "state": queued.state, "refusal_rule": queued.refusal_rule}


@router.post("/cases/{case_no}/reveals", response={200: RevealOut, 409: NotShown}, url_name="reveal")
def reveal(request: HttpRequest, case_no: str, payload: RevealIn) -> Status:
    """Identity or contact point in clear, for a reason that is logged; a telephone number as the gate says."""
    actor, now = permitted(request, "case.reveal"), timezone.now()
    found = find(request, case_no)
    try:
        if payload.what == "identity":
            seen = portfolio.reveal_identity(
                party_id=found.party_id, by=actor, reason=payload.reason, now=now, case_id=found.pk
            )
            return Status(200, {"text": f"{seen.name} {seen.id_no}".strip()})
        text = casework.reveal_point(
            case_id=found.pk, contact_point_id=payload.what, user=request.user, reason=payload.reason, now=now
        )
    except casework.NotShown as hidden:
        if hidden.code == "no_such_point":
            raise HttpError(404, f"contact point {payload.what} is not of this case") from None
        return Status(409, {"code": hidden.code, "answer": hidden.decision and Answer.of(hidden.decision)})
    except portfolio.Erased:
        raise HttpError(410, "this was erased") from None
    return Status(200, {"text": text})


@router.post("/cases/{case_no}/holds", response={201: HoldOut}, url_name="hold")
def hold(request: HttpRequest, case_no: str, payload: HoldIn) -> Status:
    """停催: no demand while it lasts. The same kind, scope and end is the same hold."""
    actor, now = permitted(request, "hold.place"), timezone.now()
    found = find(request, case_no)
    if payload.kind not in KINDS:
        raise HttpError(422, f"{payload.kind} is no kind of hold; known are {', '.join(KINDS)}")
    if payload.kind not in placeable(request.user.may):
        raise HttpError(403, f"this needs the permission {KINDS[payload.kind].placed_by}")
    if payload.ends_at is not None and (payload.ends_at.tzinfo is None or payload.ends_at <= now):
        raise HttpError(422, "ends_at is a coming moment with its offset from UTC")
    account = None
    if payload.account_no is not None:
        account = Account.objects.filter(party_id=found.party_id, account_no=payload.account_no).first()
        if account is None:
            raise HttpError(404, f"{payload.account_no} is no account of this person")
    placed = compliance.place_hold(
        party_id=found.party_id, kind=payload.kind, reason=payload.reason, account_id=account and account.pk,
        amount=payload.amount, ends_at=payload.ends_at, by=actor, now=now,
    )  # fmt: skip
    return Status(201, {"hold": placed.pk})


@router.post("/cases/{case_no}/holds/{hold_id}/lift", response={204: None}, url_name="lift")
def lift(request: HttpRequest, case_no: str, hold_id: int, payload: LiftIn) -> Status:
    """End a hold before its time; each kind by those who may."""
    actor, now = permitted(request, "hold.place"), timezone.now()
    placed = Hold.objects.filter(pk=hold_id, party_id=find(request, case_no).party_id).first()
    if placed is None:
        raise HttpError(404, f"hold {hold_id} is not of this person")
    if not may_lift(placed.kind, request.user.may):
        raise HttpError(403, f"a hold of the kind {placed.kind} is not yours to lift")
    compliance.lift_hold(hold_id=placed.pk, reason=payload.reason, by=actor, now=now)
    return Status(204, None)


@router.get("/cases/{case_no}/promises", response=list[PromiseOut], url_name="promises")
def promises(request: HttpRequest, case_no: str) -> list[dict[str, object]]:
    """The person's last promises, with what payments made of them."""
    permitted(request, "case.view")
    return [
        {
            "promise": one.pk, "currency": one.currency, "made_on": one.made_on,
            "withdrawn": hasattr(one, "withdrawal"),
            "parts": [
                {
                    "due_date": part.due_date, "amount": part.amount, "received": part.received, "state": part.state,
                    "payer": part.payer.party_no if part.payer else "",
                }
                for part in one.parts.all()
            ],
        }
        for one in arrangement_queries.promises_of(party_id=find(request, case_no).party_id)
    ]  # fmt: skip


def _problems(refused: PromiseRefused) -> Status:
    said = [
        {
            "field": "parts" if one.part is None else f"parts.{one.part}", "code": one.code,
            "text": words.problem(one.code, one.params),
        }
        for one in refused.problems
    ]  # fmt: skip
    return Status(422, said)


@router.post("/cases/{case_no}/promises", response={201: RevisionOut, 422: list[ProblemOut]}, url_name="promise")
def promise(request: HttpRequest, case_no: str, payload: PromiseIn) -> Status:
    """A promise that was not made in a call, such as by letter; one made in a call goes with its result (`contacts`)."""
    actor, now = permitted(request, "case.work"), timezone.now()
    found = _held(request, case_no, now)
    try:
        made = arrangements.make_promise(
            party_id=found.party_id, case_id=found.pk, currency=found.currency, by=actor, now=now, key=payload.key,
            parts=parts_of(payload.parts, party_id=found.party_id),
        )  # fmt: skip
    except PromiseRefused as refused:
        return _problems(refused)
    return Status(201, {"promise": made.pk})


@router.post(
    "/cases/{case_no}/promises/{promise_id}", response={200: RevisionOut, 422: list[ProblemOut]}, url_name="revision"
)
def revise(request: HttpRequest, case_no: str, promise_id: int, payload: RevisionIn) -> Status:
    """Withdraw an open promise that was written down wrongly, or put it right."""
    permitted(request, "case.view")
    found = find(request, case_no)
    try:
        made = casework.revise_promise(
            case_id=found.pk, promise_id=promise_id, reason=payload.reason, user=request.user,
            now=timezone.now(), key=payload.key, parts=parts_of(payload.parts, party_id=found.party_id),
        )  # fmt: skip
    except Promise.DoesNotExist:
        raise HttpError(404, f"promise {promise_id} is not of this person") from None
    except casework.NotHis:
        raise HttpError(403, "this promise is another's, or of another day") from None
    except PromiseRefused as refused:
        return _problems(refused)
    return Status(200, {"promise": made and made.pk})


@router.post("/hand-outs", response=HandOutOut, url_name="hand_out")
def hand_out(request: HttpRequest, payload: HandOutIn) -> dict[str, object]:
    """分案: give cases to owners. Cases that may not be given are left out, with the reason."""
    actor, now = permitted(request, "case.hand_out"), timezone.now()
    numbers = dict(
        Case.objects.filter(case_no__in=payload.cases, entity_id=request.user.entity_id).values_list("pk", "case_no")
    )
    people = dict(User.objects.filter(staff_no__in=payload.owners).values_list("pk", "staff_no"))
    unknown = sorted({*payload.owners} - {*people.values()})
    if unknown:
        raise HttpError(422, f"there is no member of staff {', '.join(unknown)}")
    try:
        done = casework.hand_out(
            cases=numbers, owners=list(people), by=actor, now=now, key=payload.key, starts_on=payload.starts_on,
            ends_on=payload.ends_on,
        )  # fmt: skip
    except casework.HandOutRefused as refused:
        raise HttpError(422, refused.code) from None
    skipped = {numbers[pk]: why for pk, why in done.skipped.items()}
    skipped |= {number: "no_such_case" for number in payload.cases if number not in set(numbers.values())}
    return {
        "dealt": {people[owner]: [numbers[pk] for pk in ids] for owner, ids in done.dealt.items()}, "skipped": skipped,
    }  # fmt: skip


@router.post("/cases/{case_no}/take-back", response={204: None}, url_name="take_back")
def take_back(request: HttpRequest, case_no: str, payload: TakeBackIn) -> Status:
    """End the ownership of a case: it goes back to the pool."""
    actor, now = permitted(request, "case.hand_out"), timezone.now()
    casework.take_back(case_id=find(request, case_no).pk, by=actor, now=now, key=payload.key)
    return Status(204, None)
