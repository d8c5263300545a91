"""What a collector does, for a bank's own screen or soft-phone: the services of the desk, no rule of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.arrangements.queries import payers
from dunwell.arrangements.rules.promises import Part
from dunwell.casework import queries, words
from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.casework.rules.codes import action_of
from dunwell.casework.services import identity
from dunwell.channels import services as channels
from dunwell.compliance import queries as compliance_queries
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.compliance.rules import purposes
from dunwell.desk.telephone import on_telephone, refused_at_dial
from dunwell.floor.services.taking import NotNow, take_next
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, ContactPoint, Party

router = Router(tags=["desk"])
KEY = Field(min_length=8, max_length=70, description="made once by the caller: the same key again answers the same")


class Reason(Schema):
    rule: str
    verdict: str
    text_zh: str
    text_en: str
    citation: str
    confidence: str
    retry_after: datetime | None


class Answer(Schema):
    decision: str
    reasons: list[Reason]
    retry_after: datetime | None
    pack_version: str

    @staticmethod
    def of(decision: Decision) -> dict[str, object]:
        reasons = [{name: getattr(one, name) for name in Reason.model_fields} for one in decision.reasons]
        return {
            "decision": decision.verdict,
            "reasons": reasons,
            "retry_after": decision.retry_after,
            "pack_version": decision.pack_version,
        }


class Point(Schema):
    id: int
    kind: str
    role: str
    masked: str
    status: str
    dials: int


class CaseOut(Schema):
    """A case as the desk shows it: masked."""

    case_no: str
    name_masked: str
    currency: str
    balance: Decimal
    past_due: Decimal
    days_delinquent: int
    bucket: str
    stage: str
    segment: str
    reason: str
    mine: bool
    points: list[Point]


class Dial(Schema):
    """`purpose`: who does not answer for the debt is asked to `locate` the debtor or to `relay` a message; left out, the
    one that fits the person."""

    contact_point: int
    purpose: Literal["demand", "locate", "relay"] | None = None
    account: str = Field("", max_length=32)  # number of the account it is about; left out, of all that he owes
    key: str = KEY


class Incoming(Schema):
    """A call that comes in: `person` is the party number of who rings, left out for somebody with no part in the
    accounts; `contact_point` the number of the case that it comes from, where it is one."""

    person: str | None = None
    contact_point: int | None = None
    key: str = KEY


class Taken(Schema):
    """The codes that fit are those of `action`."""

    contact: int
    action: str


class Dialled(Schema):
    """`number` is there only when the gate allowed it, and may be dialled until `expires_at`. With `telephone` true the
    caller's own telephone dials it and the number is not told: how it goes is at `calls/{contact}`."""

    answer: Answer
    contact: int | None = None
    number: str | None = None
    telephone: bool = False
    expires_at: datetime | None = None


class CallState(Schema):
    """`kind`: waiting, dialled, ringing, answered, ended, lost, or refused at the dial. `proposed` is the code of an
    outcome that an unanswered end came to, `refused` the rule that stopped it."""

    kind: str
    since: datetime
    seconds: int | None
    cause: str
    proposed: str
    refused: str = ""


class PromisePart(Schema):
    due_date: date
    amount: Decimal = Field(gt=0, max_digits=18, decimal_places=2)
    payer: str = Field("", description="The party number of who promises it, where that is not the cardholder himself.")


def parts_of(parts: Sequence[PromisePart], *, party_id: int) -> list[Part]:
    """The parts as the services take them; 404 for a payer who has no part in the person's accounts."""
    known = {one.party_no: one.party_id for one in payers(party_id=party_id, on=business_date(timezone.now()))}
    for part in parts:
        if part.payer and part.payer not in known:
            raise HttpError(404, f"{part.payer} may not promise a part: no such role on an account of this person")
    return [Part(part.due_date, part.amount, known.get(part.payer)) for part in parts]


class ContactResult(Schema):
    """`identified`: your own system identified him in this call; else answer the questions of `identity` first.
    `entry`: the kind of the dispute, complaint or path that the result opens; empty: the usual one."""

    contact: int
    code: str
    key: str = KEY
    identified: bool = False
    disclosures: list[str] = []
    parts: list[PromisePart] = []
    call_back_at: datetime | None = None
    note: str = ""
    seconds: int | None = None
    entry: str = ""


class IdentityQuestion(Schema):
    code: str
    zh: str
    en: str


class IdentityOut(Schema):
    """`refusal`: locked (until when), too_little, outside, recorded or changed."""

    passed: bool
    level: str
    questions: list[IdentityQuestion]
    failures: int
    refusal: str
    until: datetime | None


class IdentityIn(Schema):
    answers: dict[str, str]  # by question
    key: str = KEY


class SavedOut(Schema):
    outcome: int
    promise: int | None
    note: int | None
    again: bool


class ProblemOut(Schema):
    field: str
    code: str
    text: str


def find(request: HttpRequest, case_no: str) -> Case:
    """The case, of the caller's entity; HTTP 403 when it is for named officers only."""
    case = Case.objects.filter(case_no=case_no, entity_id=request.user.entity_id).first()
    if case is None:
        raise HttpError(404, f"no case {case_no}")
    if not compliance_queries.may_open(case.party_id, user_id=request.user.pk, now=timezone.now()):
        raise HttpError(403, "this case is for named officers only")
    return case


def _shown(request: HttpRequest, case: Case) -> dict[str, object]:
    page = queries.case_page(case.pk, request.user, timezone.now())
    row = page.case
    points = [{name: getattr(point, name) for name in Point.model_fields} for point in page.points]
    fields = ("case_no", "currency", "balance", "past_due", "days_delinquent", "bucket", "stage", "segment")
    return {name: getattr(row, name) for name in fields} | {
        "name_masked": row.party.name_masked,
        "reason": page.reason,
        "mine": page.mine,
        "points": points,
    }


def account_of(case: Case, account_no: str) -> int | None:
    """The account of the case's person that a contact is about; None when no number is given."""
    if not account_no:
        return None
    found = Account.objects.filter(account_no=account_no, party_id=case.party_id).values_list("pk", flat=True).first()
    if found is None:
        raise HttpError(404, f"account {account_no} is not of this case")
    return found


@router.post("/next", response={200: CaseOut, 204: None}, url_name="next")
def following(request: HttpRequest) -> Status:
    """The next right case, held for the caller for 20 minutes; 204 when none may be called now."""
    permitted(request, "case.work")
    try:
        case = take_next(user=request.user, now=timezone.now())
    except NotNow as hindered:
        said = {"break": "the user has a break", "untrained": "a test of the user's role is missing or has run out"}
        raise HttpError(409, said[hindered.code]) from None
    return Status(204, None) if case is None else Status(200, _shown(request, case))


@router.get("/cases/{case_no}", response=CaseOut, url_name="case")
def case(request: HttpRequest, case_no: str) -> dict[str, object]:
    """One case, masked."""
    permitted(request, "case.view")
    return _shown(request, find(request, case_no))


@router.post("/cases/{case_no}/dials", response=Dialled, url_name="dial")
def dial(request: HttpRequest, case_no: str, payload: Dial) -> dict[str, object]:
    """Ask the gate, take the slot, and only then see the number."""
    actor, now = permitted(request, "case.work"), timezone.now()
    found = find(request, case_no)
    if not casework.hold(case_id=found.pk, user=request.user, now=now).mine:
        raise HttpError(409, "another collector has the case, or it is closed")
    if payload.contact_point not in {point.id for point in queries.case_page(found.pk, request.user, now).points}:
        raise HttpError(404, f"contact point {payload.contact_point} is not of this case")
    person = ContactPoint.objects.values_list("party_id", flat=True).get(pk=payload.contact_point)
    party = compliance_queries.party_of(party_id=found.party_id, person_id=person)
    purpose = payload.purpose or purposes.offered(party)[0]
    account = account_of(found, payload.account)
    reserved = compliance.reserve(
        party_id=found.party_id, person_id=person, contact_point_id=payload.contact_point, channel="call",
        purpose=purpose, case_id=found.pk, account_id=account, key=payload.key, by=actor, now=now,
    )  # fmt: skip
    answer: dict[str, object] = {"answer": Answer.of(reserved.decision)}
    contact = reserved.contact
    if contact is None or contact.expires_at <= now or contact.outcomes.exists():
        return answer
    answer |= {"contact": contact.pk, "expires_at": contact.expires_at}
    if channels.ask_call(contact_id=contact.pk, staff_no=request.user.staff_no, now=now) is not None:
        return answer | {"telephone": True}
    number = portfolio.reveal_contact_point(
        contact_point_id=payload.contact_point, by=actor, reason="dial", now=now, case_id=found.pk
    )
    return answer | {"number": number}


@router.get("/cases/{case_no}/calls/{contact_id}", response=CallState, url_name="call")
def call(request: HttpRequest, case_no: str, contact_id: int) -> dict[str, object]:
    """How one's own call by telephone stands."""
    actor = permitted(request, "case.work")
    found = Contact.objects.filter(pk=contact_id, case_id=find(request, case_no).pk, by_id=actor.user_id).first()
    action = action_of(direction=found.direction, party=found.party_type) if found else ""
    state = on_telephone(contact_id, action) if found else None
    if found is None or state is None:
        raise HttpError(404, f"contact {contact_id} is no call of yours by a telephone")
    refused = refused_at_dial(found)
    shown = {name: getattr(state, name) for name in CallState.model_fields if name != "refused"}
    return shown | {"refused": refused.rule if refused else ""}


@router.post("/cases/{case_no}/calls", response=Taken, url_name="incoming")
def incoming(request: HttpRequest, case_no: str, payload: Incoming) -> dict[str, object]:
    """Somebody rings: never refused, whoever has the case. What comes of it goes to `contacts`."""
    permitted(request, "case.work")
    found, now = find(request, case_no), timezone.now()
    page = queries.case_page(found.pk, request.user, now)
    people = dict(
        Party.objects.filter(pk__in=[found.party_id, *(one[0] for one in page.people)]).values_list("party_no", "pk")
    )
    if payload.person is not None and payload.person not in people:
        raise HttpError(404, f"{payload.person} has no part in the accounts of this case")
    if payload.contact_point is not None and payload.contact_point not in {point.id for point in page.points}:
        raise HttpError(404, f"contact point {payload.contact_point} is not of this case")
    contact = casework.answer_call(
        case_id=found.pk, person_id=people.get(payload.person or ""), contact_point_id=payload.contact_point,
        user=request.user, now=now, key=payload.key,
    )  # fmt: skip
    return {
        "contact": contact.pk,
        "action": action_of(direction=contact.direction, party=contact.party_type),
    }


@router.get("/cases/{case_no}/contacts/{contact_id}/identity", response=IdentityOut, url_name="identity")
def identity_questions(request: HttpRequest, case_no: str, contact_id: int) -> dict[str, object]:
    """What to ask whoever is on the line, or why nothing can be asked; nothing of the debt is said before a pass."""
    permitted(request, "case.work")
    return _standing(_contact_of(request, case_no, contact_id))


@router.post(
    "/cases/{case_no}/contacts/{contact_id}/identity",
    response={200: IdentityOut, 409: IdentityOut},
    url_name="identify",
)
def identify(request: HttpRequest, case_no: str, contact_id: int, payload: IdentityIn) -> Status:
    """Compare what he said with what is on file; 409 when these are not the questions, or nobody can pass now."""
    by, found = permitted(request, "case.work"), _contact_of(request, case_no, contact_id)
    try:
        identity.check(
            case_id=find(request, case_no).pk, contact_id=found.pk, answers=payload.answers, by=by, now=timezone.now(),
            key=payload.key,
        )  # fmt: skip
    except identity.CheckRefused as refused:
        return Status(409, _standing(found) | {"refusal": refused.code})
    return Status(200, _standing(found))


def _contact_of(request: HttpRequest, case_no: str, contact_id: int) -> Contact:
    party = find(request, case_no).party_id
    found = Contact.objects.select_related("contact_point").filter(pk=contact_id, party_id=party).first()
    if found is None or found.by_id != request.user.pk:
        raise HttpError(404, f"no contact {contact_id} of yours at this case")
    return found


def _standing(contact: Contact) -> dict[str, object]:
    stands = identity.standing(contact=contact, now=timezone.now())
    questions = [{"code": one.code, "zh": one.names["zh-hans"], "en": one.names["en"]} for one in stands.questions]
    return {"passed": stands.passed, "level": stands.level, "questions": questions, "failures": stands.failures,
            "refusal": stands.refusal, "until": stands.until}  # fmt: skip


@router.post("/cases/{case_no}/contacts", response={200: SavedOut, 422: list[ProblemOut]}, url_name="contact")
def contact(request: HttpRequest, case_no: str, payload: ContactResult) -> Status:
    """What came of a dial or of a call that came in, with the promise made in it: all of it or nothing."""
    by, case, now = permitted(request, "case.work"), find(request, case_no), timezone.now()
    if payload.identified and Contact.objects.filter(pk=payload.contact, party_id=case.party_id).exists():
        try:
            identity.vouch(case_id=case.pk, contact_id=payload.contact, by=by, now=now, key=f"{payload.key}:identity")
        except identity.CheckRefused as refused:
            said = str(words.IDENTITY_REFUSALS[refused.code])
            return Status(422, [{"field": "identified", "code": refused.code, "text": said}])
    saved = casework.save_contact(
        case_id=case.pk, contact_id=payload.contact, code=payload.code, user=request.user,
        now=now, key=payload.key, disclosures=payload.disclosures,
        parts=parts_of(payload.parts, party_id=case.party_id), call_back_at=payload.call_back_at,
        note=payload.note, seconds=payload.seconds, entry=payload.entry,
    )  # fmt: skip
    if not saved.ok:
        return Status(422, [{"field": one.field, "code": one.code, "text": one.text} for one in saved.problems])
    made = {"promise": saved.promise and saved.promise.pk, "note": saved.note and saved.note.pk}
    return Status(200, made | {"outcome": saved.outcome.pk, "again": saved.again})
