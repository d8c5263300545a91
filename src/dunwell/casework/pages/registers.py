"""/disputes, /complaints and /requests: what waits for a department or a handler, the overdue first."""

from __future__ import annotations

import secrets

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrangements.models import Instruction
from dunwell.arrangements.words import INSTRUCTIONS
from dunwell.casework import words
from dunwell.casework.models import Complaint, DepartmentRequest, Dispute
from dunwell.casework.pages.finding import key_of
from dunwell.casework.pages.finding import registers as lists_of
from dunwell.casework.pages.objections import amount_of, choices, complaint_standing, file_of, written
from dunwell.casework.queries import objecting
from dunwell.casework.rules import objections as rules
from dunwell.casework.services import complaints, disputes, requests
from dunwell.compliance.queries import may_open
from dunwell.identity.pages.guard import requires
from dunwell.identity.rules import PERMISSIONS
from dunwell.kernel.times import business_date


def _allowed(request: HttpRequest, party_id: int) -> None:
    if not may_open(party_id, user_id=request.user.pk, now=timezone.now()):
        raise PermissionDenied("for named officers only")


@requires("case.view")
@require_GET
def dispute_list(request: HttpRequest) -> HttpResponse:
    """Disputes by department, the earliest day first."""
    language, today = get_language() or "", business_date(timezone.now())
    route, decided = request.GET.get("route", ""), request.GET.get("decided") == "1"
    found = objecting.disputes(entity_id=request.user.entity_id, route=route, decided=decided)
    context = {
        "rows": [
            (one, rules.disputes()[one.kind].name(language), rules.departments()[one.route].name(language),
             words.DISPUTE_STATES[rules.decision(s.kind for s in sorted(one.steps.all(), key=lambda s: s.pk))],
             (one.due_on - today).days)
            for one in found
        ],
        "routes": [
            (code, rules.departments()[code].name(language))
            for code in sorted({kind.route for kind in rules.disputes().values()})
        ],
        "registers": lists_of(request),
        "route": route,
        "decided": decided,
    }  # fmt: skip
    return render(request, "casework/disputes.html", context)


def _dispute(request: HttpRequest, number: str) -> Dispute:
    row = get_object_or_404(
        Dispute.objects.select_related("case__party", "account"), number=number, case__entity_id=request.user.entity_id
    )
    _allowed(request, row.party_id)
    return row


@requires("case.view")
@require_GET
def dispute(request: HttpRequest, number: str) -> HttpResponse:
    """One dispute: what he said, what was brought, what was decided, what is corrected, what was answered."""
    row, language, today = _dispute(request, number), get_language() or "", business_date(timezone.now())
    steps = list(row.steps.select_related("file").order_by("pk"))
    asked = list(row.requests.select_related("answer").order_by("pk"))
    texts = objecting.texts_of(row.party_id, [(0, row.words_sealed), *((step.pk, step.text_sealed) for step in steps)])
    booking = Instruction.objects.filter(key=f"dispute-{row.pk}").select_related("answer").first()
    outcome = rules.decision(step.kind for step in steps)
    kind = rules.disputes()[row.kind]
    context = {
        "row": row,
        "kind": kind.name(language),
        "evidence": kind.evidence["en" if language.startswith("en") else "zh-hans"],
        "confidence": kind.confidence,
        "route": rules.departments()[row.route].name(language),
        "words": texts.get(0, ""),
        "steps": [(step, words.DISPUTE_STEPS[step.kind], texts.get(step.pk, "")) for step in steps],
        "requests": [
            (one, rules.departments()[one.department].name(language), rules.named("asked_for")[one.what].name(language))
            for one in asked
        ],
        "booking": booking,
        "booking_kind": INSTRUCTIONS[booking.kind] if booking else "",
        "state": words.DISPUTE_STATES[outcome],
        "outcome": outcome,
        "answered": any(step.kind == "answered" for step in steps),
        "left": (row.due_on - today).days,
        "may_decide": request.user.may("dispute.decide") and row.recorded_by != request.user.pk,
        "may_add": request.user.may("objection.open"),
        "decisions": [(code, words.DISPUTE_STATES[code]) for code in rules.DECISIONS],
        "key": secrets.token_hex(12),
    }
    return render(request, "casework/dispute.html", context)


@requires("objection.open")
@require_POST
def dispute_step(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for evidence, or keep it."""
    row = _dispute(request, number)
    return written(
        lambda: disputes.add_step(
            dispute_id=row.pk, kind=request.POST.get("kind", ""), text=request.POST.get("words", ""),
            file=file_of(request, row.case), by=request.user.actor, now=timezone.now(), key=key_of(request),
        ),
        f"/disputes/{number}",
    )  # fmt: skip


@requires("dispute.decide")
@require_POST
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Decide it, or answer him in writing with what was decided."""
    row, typed = _dispute(request, number), request.POST
    given = {"dispute_id": row.pk, "by": request.user.actor, "now": timezone.now(), "key": key_of(request)}
    if typed.get("answer"):
        return written(lambda: disputes.answer(text=typed.get("words", ""), **given), f"/disputes/{number}")
    return written(
        lambda: disputes.decide(
            outcome=typed.get("outcome", ""),
            text=typed.get("words", ""),
            amount=amount_of(typed.get("amount", "")),
            **given,
        ),
        f"/disputes/{number}",
    )


@requires("complaint.view")
@require_GET
def complaint_list(request: HttpRequest) -> HttpResponse:
    """The register with its filters: overdue first, then by the day on which each has to be answered."""
    language, today = get_language() or "", business_date(timezone.now())
    chosen = {name: request.GET.get(name, "") for name in ("source", "category", "severity", "over")}
    days = complaints.days_of(today)
    mine = request.GET.get("to") == "me"
    rows = [
        (one, complaint_standing(one, days, today), rules.named("sources")[one.source].name(language),
         rules.named("categories")[one.category].name(language), rules.named("severities")[one.severity].name(language),
         one.against.name(language) if one.against else "", _handler(one, language))
        for one in objecting.complaints(entity_id=request.user.entity_id, **chosen)
    ]  # fmt: skip
    if mine:
        rows = [row for row in rows if _for_me(request, row[0], row[1])]
    context = {
        "rows": sorted(rows, key=lambda row: (row[1].state != "open", row[1].due_on, row[0].pk)),
        "registers": lists_of(request),
        "chosen": chosen,
        "groups": [(name, words.COMPLAINT_FILTERS[name], choices(group, language), chosen[name])
                   for name, group in (("source", "sources"), ("category", "categories"), ("severity", "severities"))],
        "states": words.COMPLAINT_STATES,
        "roles": words.ESCALATED_TO,
    }  # fmt: skip
    return render(request, "casework/complaints.html", context)


def _for_me(request: HttpRequest, row: Complaint, stands: rules.Standing) -> bool:
    """Whether it waits for the reader: gone up to his role by its clock, or an answer that he may release."""
    steps = sorted(row.steps.all(), key=lambda step: step.pk)
    handlers = [step.handler_id for step in steps if step.kind == "assigned"]
    waits = rules.drafted([step.kind for step in steps]) and request.user.may("complaint.handle")
    return stands.escalated_to == request.user.role or (waits and request.user.pk not in handlers[-1:])


@requires("complaint.view")
@require_GET
def complaint_notice(request: HttpRequest) -> HttpResponse:
    """For the head of every page: how many complaints wait for the reader."""
    today = business_date(timezone.now())
    days = complaints.days_of(today)
    open_ones = objecting.complaints(entity_id=request.user.entity_id)
    waiting = sum(_for_me(request, one, complaint_standing(one, days, today)) for one in open_ones)
    return render(request, "casework/complaint_notice.html", {"waiting": waiting})


def _handler(row: Complaint, language: str) -> str:
    last = [step for step in sorted(row.steps.all(), key=lambda step: step.pk) if step.kind == "assigned"]
    return last[-1].handler.name(language) if last else ""


def _complaint(request: HttpRequest, number: str) -> Complaint:
    row = get_object_or_404(
        Complaint.objects.select_related("case__party", "against", "repeats", "hold"), number=number,
        entity_id=request.user.entity_id,
    )  # fmt: skip
    _allowed(request, row.party_id)
    return row


@requires("complaint.view")
@require_GET
def complaint(request: HttpRequest, number: str) -> HttpResponse:
    """One complaint: its clock, its handler, what was found and made good."""
    row, language, today = _complaint(request, number), get_language() or "", business_date(timezone.now())
    steps = list(row.steps.select_related("handler", "message").order_by("pk"))
    texts = objecting.texts_of(row.party_id, [(0, row.words_sealed), *((step.pk, step.text_sealed) for step in steps)])
    stands = complaint_standing(row, complaints.days_of(today), today)
    with_interest = complaints.interested(row)
    free = [
        one for one in objecting.handlers(entity_id=row.entity_id, roles=PERMISSIONS["complaint.handle"], without=with_interest)
        if rules.without_interest(one.pk, handler_team=one.team_id, against=row.against_id,
                                  against_team=row.against.team_id if row.against else None, worked=with_interest)
    ]  # fmt: skip
    handler = next((step.handler for step in reversed(steps) if step.kind == "assigned"), None)
    drafted = rules.drafted([step.kind for step in steps])
    context = {
        "row": row,
        "stands": stands,
        "state": words.COMPLAINT_STATES[stands.state],
        "escalated_to": words.ESCALATED_TO.get(stands.escalated_to, ""),
        "source": rules.named("sources")[row.source].name(language),
        "category": rules.named("categories")[row.category].name(language),
        "severity": rules.named("severities")[row.severity].name(language),
        "against": row.against.name(language) if row.against else "",
        "words": texts.get(0, ""),
        "drafted": drafted,
        "draft": texts.get(next((step.pk for step in reversed(steps) if step.kind == "drafted"), None), ""),
        "may_release": drafted and request.user.may("complaint.handle") and request.user.pk not in with_interest
        and not (handler is not None and handler.pk == request.user.pk),
        "second": rules.second_person(row.severity),
        "steps": [(step, words.COMPLAINT_STEPS[step.kind],
                   step.handler.name(language) if step.handler else words.ESCALATED_TO.get(step.to_role, ""),
                   texts.get(step.pk, ""), _found(step, language)) for step in steps],
        "handler": handler.name(language) if handler else "",
        "is_handler": handler is not None and handler.pk == request.user.pk,
        "may_handle": request.user.may("complaint.handle"),
        "handlers": [(one.pk, f"{one.name(language)} {one.staff_no}") for one in free],
        "root_causes": choices("root_causes", language),
        "redresses": choices("redresses", language),
        "key": secrets.token_hex(12),
    }  # fmt: skip
    return render(request, "casework/complaint.html", context)


def _found(step, language: str) -> str:
    if step.kind != "closed":
        return ""
    return " / ".join([
        str(words.FOUNDED[bool(step.founded)]), rules.named("root_causes")[step.root_cause].name(language),
        rules.named("redresses")[step.redress].name(language),
    ])  # fmt: skip


@requires("complaint.handle")
@require_POST
def complaint_act(request: HttpRequest, number: str) -> HttpResponse:
    """Assign, lengthen, answer or close it."""
    row, typed = _complaint(request, number), request.POST
    given = {"complaint_id": row.pk, "by": request.user.actor, "now": timezone.now(), "key": key_of(request)}
    text, act = typed.get("words", ""), typed.get("act", "")
    handler = typed.get("handler", "")
    acts = {
        "assign": lambda: complaints.assign(handler_id=int(handler) if handler.isdigit() else 0, **given),
        "answer": lambda: complaints.answer(text=text, **given),
        "release": lambda: complaints.release(approved=True, text="", **given),
        "return": lambda: complaints.release(approved=False, text=text, **given),
        "close": lambda: complaints.close(
            founded=typed.get("founded") == "yes", root_cause=typed.get("root_cause", ""),
            redress=typed.get("redress", ""), text=text, **given,
        ),
    }  # fmt: skip
    return written(acts.get(act, lambda: complaints.lengthen(kind=act, text=text, **given)), f"/complaints/{number}")


@requires("request.answer")
@require_GET
def request_list(request: HttpRequest) -> HttpResponse:
    """What the reader's department was asked, the earliest day first."""
    language, today = get_language() or "", business_date(timezone.now())
    answered = request.GET.get("answered") == "1"
    found = objecting.requests(entity_id=request.user.entity_id, role=request.user.role, answered=answered)
    texts = objecting.words_of(found)
    context = {
        "rows": [
            (one, rules.departments()[one.department].name(language), rules.named("asked_for")[one.what].name(language),
             texts.get(one.pk, ""), (one.needed_by - today).days)
            for one in found
        ],
        "registers": lists_of(request),
        "answered": answered,
    }  # fmt: skip
    return render(request, "casework/requests.html", context)


@requires("request.answer")
@require_POST
def request_answer(request: HttpRequest, request_id: int) -> HttpResponse:
    """Answer for one's department."""
    row = get_object_or_404(DepartmentRequest, pk=request_id, case__entity_id=request.user.entity_id)
    _allowed(request, row.party_id)
    return written(
        lambda: requests.answer(
            request_id=row.pk, user=request.user, done=request.POST.get("done") == "yes",
            text=request.POST.get("words", ""), now=timezone.now(),
        ),
        "/requests",
    )  # fmt: skip
