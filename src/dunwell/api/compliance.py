"""The gate for other systems: a dialler or an agency asks before it dials, and reports what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, File, Router, Schema, Status, UploadedFile
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.api.desk import Answer
from dunwell.casework.models import Case
from dunwell.compliance import services
from dunwell.compliance.models import Contact, GateDecision
from dunwell.compliance.queries import may_open
from dunwell.compliance.queries.decisions import reviews
from dunwell.evidence.models import StoredFile
from dunwell.kernel import numbers
from dunwell.kernel.actor import Actor
from dunwell.portfolio import reference
from dunwell.portfolio import rules as portfolio
from dunwell.portfolio.models import AccountRole, ContactPoint

router = Router(tags=["compliance"])
LARGEST = 10_000_000
KEY = Field(min_length=8, max_length=70, description="made once by the caller: the same key again answers the same")
Channel = Literal["call", "ai_call", "sms", "email", "im", "letter", "visit", "social"]
Purpose = Literal["demand", "reminder", "statutory_notice", "service", "locate", "relay"]
STATED = frozenset(
    {"recording", "collectors", "id_shown", "entry", "content", "device", "identity", "amount_scope", "place"}
)  # what only the asker can know; everything else is looked up and cannot be stated


class Wanted(Schema):
    """One contact that somebody wants to make. The point is its id, or the number that the dialler would dial. With
    `account_no` it is about that account only, and what is held of another does not stop it."""

    case_no: str
    account_no: str | None = None
    contact_point: int | None = None
    number: str | None = Field(None, max_length=40)
    channel: Channel = "call"
    purpose: Purpose = "demand"
    stated: dict[str, str] = {}


class Asked(Wanted):
    """`reserve` false asks only; a dial needs a reservation."""

    reserve: bool = True
    text: str | None = Field(None, max_length=4000)
    key: str = KEY


class Decided(Schema):
    """`contact` and `token` are there when it was allowed and reserved; dial until `expires_at`, not later. Of a REVIEW
    `decision` is what a second person releases (POST reviews); then it is asked again with another key."""

    answer: Answer
    decision: int | None = None
    contact: int | None = None
    token: str | None = None
    expires_at: datetime | None = None


class WantedDials(Wanted):
    dials: int = Field(ge=1, le=6)
    key: str = KEY


class Granted(Schema):
    """`refused` says why fewer than asked were granted."""

    contacts: list[Decided]
    refused: Answer | None = None


class Reported(Schema):
    """What came of a contact. `proof` instead of `outcome` gives the slot back: the record of the telephone system
    (`switch_record`) or of the carrier (`carrier_record`) that nothing left. `record` is that record's id, `file` the
    SHA-256 of the file in which it stands (POST files), without which an agency frees nothing. Both go with an outcome,
    too, that corrects an earlier one and counts less. `began_at` after the token's end is taken, and logged as a
    breach."""

    contact: int
    token: str
    outcome: str = ""
    proof: Literal["", "switch_record", "carrier_record"] = ""
    record: str = Field("", max_length=120)
    file: str = Field("", max_length=64)
    identified: bool = False
    seconds: int | None = Field(None, ge=0)
    result: str = Field("", max_length=24)
    began_at: datetime | None = None
    key: str = KEY


class Waiting(Schema):
    decision: int
    case: int | None
    channel: str
    purpose: str
    asked_at: datetime
    answer: Answer


class Release(Schema):
    decision: int
    reason: str = Field(min_length=1, max_length=200)


class Released(Schema):
    decision: int
    rules: list[str]
    ends_at: datetime


class Kept(Schema):
    sha256: str
    size: int


class Taken(Schema):
    contact: int
    outcome: str
    late: bool = False


@router.post("/decide", response=Decided, url_name="decide")
def decide(request: HttpRequest, payload: Asked) -> dict[str, object]:
    """Ask before a contact, and take its slot. Everything that stands in the way is named."""
    actor, now = permitted(request, "case.work"), timezone.now()
    case, point = _found(request, payload)
    fields = _fields(case, point, payload, actor, now)
    if not payload.reserve:
        return {"answer": Answer.of(services.ask(**fields, text=payload.text))}
    key = f"api-{actor.entity_id}-{payload.key}"[:80]
    for kept in (Contact, GateDecision):
        before = kept.objects.filter(key=key).first()
        if before is not None and (before.case_id, before.contact_point_id) != (case.pk, point.pk):
            raise HttpError(409, "this key was used for another contact")
    reserved = services.reserve_shared(**fields, text=payload.text, key=key, keep_refusal=True)
    answer: dict[str, object] = {"answer": Answer.of(reserved.decision), "decision": reserved.kept.pk}
    return answer if reserved.contact is None else answer | _ticket(reserved.contact)


@router.post("/allotments", response=Granted, url_name="allotments")
def allot(request: HttpRequest, payload: WantedDials) -> dict[str, object]:
    """Reserve several dials of one number at once, for a dialler that cannot ask at each. All of them count from
    now on, and a dial that was not made comes back only by its proof."""
    actor, now = permitted(request, "case.work"), timezone.now()
    case, point = _found(request, payload)
    given = services.allot(
        **_fields(case, point, payload, actor, now),
        dials=payload.dials,
        key=f"api-{actor.entity_id}-{payload.key}"[:80],
    )
    if given.allotment.contact_point_id != point.pk:
        raise HttpError(409, "this key was used for another number")
    granted = [
        {"answer": Answer.of(services.decision_of(contact.decision)), **_ticket(contact)} for contact in given.contacts
    ]
    return {"contacts": granted, "refused": Answer.of(given.refused.decision) if given.refused else None}


@router.get("/reviews", response=list[Waiting], url_name="reviews")
def waiting(request: HttpRequest) -> list[dict[str, object]]:
    """What the gate wants reviewed and nobody has released yet, without one's own questions."""
    actor, now = permitted(request, "contact.release"), timezone.now()
    rows = reviews(now=now, entity_id=actor.entity_id, user_id=actor.user_id)
    return [
        {
            "decision": row.pk, "case": row.case_id, "channel": row.channel, "purpose": row.purpose,
            "asked_at": row.decided_at, "answer": Answer.of(services.decision_of(row)),
        }
        for row in rows
    ]  # fmt: skip


@router.post("/reviews", response={200: Released, 409: dict[str, str]}, url_name="release")
def release(request: HttpRequest, payload: Release) -> Status:
    """Release the REVIEW reasons of somebody else's question."""
    actor, now = permitted(request, "contact.release"), timezone.now()
    row = GateDecision.objects.filter(pk=payload.decision, entity_id=actor.entity_id).first()
    if row is None or not may_open(row.party_id, user_id=actor.user_id, now=now):
        raise HttpError(404, f"no decision {payload.decision}")
    try:
        given = services.release(decision_id=row.pk, reason=payload.reason, by=actor, now=now)
    except services.ReleaseRefused as refused:
        return Status(409, {"refused": str(refused)})
    return Status(200, {"decision": row.pk, "rules": given.rules, "ends_at": given.ends_at})


@router.post("/files", response=Kept, url_name="files")
def keep(request: HttpRequest, file: File[UploadedFile]) -> dict[str, object]:
    """Hand in a file of records that proves something, such as the switch's call records. Kept encrypted."""
    actor, now = permitted(request, "case.work"), timezone.now()
    if not 0 < (file.size or 0) <= LARGEST:
        raise HttpError(422, f"a file of 1 to {LARGEST} bytes is expected")
    stored = services.keep_proof(upload=file, by=actor, now=now)
    return {"sha256": stored.sha256, "size": stored.size}


@router.post("/contacts", response={200: list[Taken], 409: dict[str, str]}, url_name="contacts")
def contacts(request: HttpRequest, payload: list[Reported]) -> Status:
    """Report what came of contacts, any number at once and in any order; all of them are taken or none."""
    actor, now = permitted(request, "case.work"), timezone.now()
    taken = []
    try:
        with transaction.atomic():
            services.take_turns(contact_ids=[one.contact for one in payload])
            for one in payload:
                taken.append(_report(one, actor, now))
    except services.OutcomeRefused as refused:
        return Status(409, {"refused": str(refused)})
    return Status(200, taken)


def _report(one: Reported, actor: Actor, now: datetime) -> dict[str, object]:
    contact = Contact.objects.filter(pk=one.contact, entity_id=actor.entity_id).first()
    if contact is None or str(contact.token) != one.token:
        raise HttpError(404, f"contact {one.contact} was not given to you")
    if bool(one.outcome) == bool(one.proof):
        raise HttpError(422, "a report has an outcome, or a proof that nothing left")
    if one.began_at is not None and (one.began_at.tzinfo is None or one.began_at > now):
        raise HttpError(422, "began_at is a moment that has passed, with its offset from UTC")
    key = f"api-{actor.entity_id}-{one.key}"[:80]
    known = contact.outcomes.filter(key=key).exists()
    shown = _shown(one)
    if one.proof:
        row = services.give_back(contact_id=contact.pk, proof=one.proof, shown=shown, by=actor, now=now, key=key)
    else:
        row = services.record_outcome(
            contact_id=contact.pk, outcome=one.outcome, identified=one.identified, seconds=one.seconds,
            result=one.result, proof=shown, by=actor, now=now, key=key,
        )  # fmt: skip
    if row.contact_id != contact.pk:
        raise HttpError(409, "this key was used for another contact")
    late = one.began_at is not None and one.began_at >= contact.expires_at
    if late and not known:
        services.note_breach(contact=contact, began_at=one.began_at, by=actor, now=now)
    return {"contact": contact.pk, "outcome": row.outcome, "late": late}


def _shown(one: Reported) -> services.Proof | None:
    if not one.record:
        return None
    stored = StoredFile.objects.filter(sha256=one.file).first() if one.file else None
    if one.file and stored is None:
        raise HttpError(422, f"no file {one.file} was handed in")
    return services.Proof(record=one.record, file=stored)


def _ticket(contact: Contact) -> dict[str, object]:
    return {"contact": contact.pk, "token": str(contact.token), "expires_at": contact.expires_at.astimezone(UTC)}


def _fields(case: Case, point: ContactPoint, wanted: Wanted, actor: Actor, now: datetime) -> dict[str, object]:
    strange = sorted(set(wanted.stated) - STATED)
    if strange:
        raise HttpError(422, f"{', '.join(strange)} cannot be stated; known are {', '.join(sorted(STATED))}")
    account = case.party.accounts.filter(account_no=wanted.account_no).first() if wanted.account_no else None
    if wanted.account_no and account is None:
        raise HttpError(404, f"no account {wanted.account_no} of the case")
    return {
        "account_id": account.pk if account else None,
        "party_id": case.party_id, "person_id": point.party_id, "contact_point_id": point.pk,
        "channel": wanted.channel, "purpose": wanted.purpose, "case_id": case.pk, "stated": wanted.stated,
        "by": actor, "now": now,
    }  # fmt: skip


def _found(request: HttpRequest, wanted: Wanted) -> tuple[Case, ContactPoint]:
    case = Case.objects.select_related("party").filter(case_no=wanted.case_no, entity_id=request.user.entity_id).first()
    if case is None:
        raise HttpError(404, f"no case {wanted.case_no}")
    if not may_open(case.party_id, user_id=request.user.pk, now=timezone.now()):
        raise HttpError(403, "for named officers only")
    people = {case.party_id} | set(
        AccountRole.objects.filter(account_no__in=case.party.accounts.values("account_no")).values_list(
            "party_id", flat=True
        )
    )
    points = ContactPoint.objects.filter(party_id__in=people)
    if (wanted.contact_point is None) == (wanted.number is None):
        raise HttpError(422, "a contact goes to a contact_point or to a number")
    if wanted.contact_point is not None:
        found = points.filter(pk=wanted.contact_point).first()
    else:
        found = points.filter(digest__in=_digests(wanted.number or "")).order_by("id").first()
    if found is None:
        raise HttpError(404, "this is no contact point of the case: it may not be contacted")
    return case, found


def _digests(number: str) -> list[bytes]:
    found = []
    for kind in ("mobile", "landline"):
        checked = numbers.check(kind, number, reference.tables())
        if checked.normalised:
            found += portfolio.digests(settings.KEYS.search(), kind, checked.normalised)
    return found
