"""One case: the page, and what a collector does on it by telephone."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrangements.rules.promises import Part
from dunwell.casework import queries as casework_queries
from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.casework.pages.finding import case_of as find
from dunwell.casework.pages.finding import go, sentence
from dunwell.casework.rules.codes import Action, action_of, codes
from dunwell.casework.rules.objections import disputes
from dunwell.casework.services import Saved
from dunwell.channels import services as channels
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.compliance.queries import in_force, party_of
from dunwell.compliance.rules import purposes
from dunwell.compliance.rules.holds import placeable
from dunwell.compliance.words import HOLDS
from dunwell.desk import timeline, words
from dunwell.desk.outcome import FINDINGS, TYPED, form_of, typed_of
from dunwell.desk.reaching import refusal_of
from dunwell.desk.reading import page_of
from dunwell.desk.telephone import on_telephone
from dunwell.evidence import services as evidence
from dunwell.floor.services.taking import next_address
from dunwell.frame.templatetags.frame import clock_seconds
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.identity.rules import PERMISSIONS
from dunwell.kernel import times
from dunwell.kernel.money import to_cent
from dunwell.kernel.times import BANK_ZONE
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint


def context_of(
    request: HttpRequest,
    case: Case,
    *,
    kind: str = "",
    before: int | None = None,
    about: str = "",
    read: Case | None = None,
) -> dict[str, object]:
    """All that the page's templates need; `read`: the case as `find` has just read it."""
    user, now, language = request.user, timezone.now(), get_language() or ""
    page = page_of(case.pk, user, now, kind=kind, before=before, about=about, read=read)
    typed = typed_of(
        page.draft if page.call and str(page.draft.get("contact", "")) == str(page.call.contact_id) else {}
    )
    by_phone = on_telephone(page.call.contact_id, page.call.action) if page.call and not page.call.incoming else None
    return (
        {
            "page": page,
            "telephone": by_phone,
            "case_no": case.case_no,
            "may": _rights(request),
            "new_key": secrets.token_hex(12),
            "bank": user.entity.name(language),
        }
        | {
            "today": times.business_date(now),
            "disclosures": [(one.code, one.name(language)) for one in codes().disclosures],
            "dispute_kinds": [(one.code, one.name(language)) for one in disputes().values()],
            "reveal_reasons": words.REVEAL_REASONS.items(),
            "hold_kinds": [(kind, HOLDS[kind]) for kind in placeable(user.may)],
            "snooze_choices": words.SNOOZES.items(),
            "collectors": _collectors(user, language) if user.may("case.hand_out") else [],
        }
        | form_of(page, typed)
    )


def _collectors(user: User, language: str) -> list[tuple[int, str]]:
    """Who may own a case of the user's entity."""
    people = User.objects.filter(entity_id=user.entity_id, is_active=True, role__in=PERMISSIONS["case.work"])
    return [(one.pk, f"{one.name(language)} {one.staff_no}") for one in people.order_by("staff_no")]


def _rights(request: HttpRequest) -> dict[str, bool]:
    names = {
        "reveal": "case.reveal",
        "send": "message.send",
        "hold": "hold.place",
        "pay": "payment.enter",
        "hand_out": "case.hand_out",
        "object": "objection.open",
    }
    return {short: request.user.may(permission) for short, permission in names.items()}


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() and len(text) < 19 else None


@requires("case.view")
@require_GET
def case(request: HttpRequest, case_no: str) -> HttpResponse:
    """The page; that somebody looked stands in the log."""
    found = find(request, case_no)
    context = context_of(request, found, kind=_kind(request), before=_number(request.GET.get("before", "")), read=found)
    evidence.write(
        kind="party.viewed",
        now=timezone.now(),
        by=request.user.actor,
        party_id=found.party_id,
        case_id=found.pk,
        data={"case_no": case_no},
    )
    return render(request, "desk/case.html", context)


def _kind(request: HttpRequest) -> str:
    kind = request.GET.get("kind", "")
    return kind if kind in casework_queries.SORTS else ""


@requires("case.view")
@require_GET
def entries(request: HttpRequest, case_no: str) -> HttpResponse:
    """The timeline by one chip, or the older entries below the last one shown."""
    found, kind, before = find(request, case_no), _kind(request), _number(request.GET.get("before", ""))
    read = casework_queries.timeline(found.party_id, [kind] if kind else (), before, with_counts=before is None)
    points = dict(ContactPoint.objects.filter(party_id=found.party_id).values_list("id", "masked"))
    today = times.business_date(timezone.now())
    shown = timeline.shown(read, kind=kind, points=points, today=today, pack=in_force(today))
    mine = found.held_by_id == request.user.pk
    page = {"timeline": shown, "case_no": case_no, "lock": {"state": "mine" if mine else "other"}}
    template = "desk/case_timeline.html" if before is None else "desk/case_entries.html"
    return render(request, template, {"page": page, "older": before is not None})


@requires("case.view")
@require_GET
def points(request: HttpRequest, case_no: str) -> HttpResponse:
    """The contact points with what the gate says of a dial `about` one account, or about all that he owes (`all`)."""
    context = context_of(request, find(request, case_no), about=request.GET.get("about", ""))
    return render(request, "desk/case_points.html", context)


@requires("case.work")
@require_POST
def take(request: HttpRequest, case_no: str) -> HttpResponse:
    """Takes this very case; when a colleague has it the page says who."""
    casework.hold(case_id=find(request, case_no).pk, user=request.user, now=timezone.now())
    return HttpResponseRedirect(f"/cases/{case_no}")


@requires("case.work")
@require_POST
def incoming(request: HttpRequest, case_no: str) -> HttpResponse:
    """Somebody rings: never refused, whoever has the case; what comes of it is written in the same form."""
    found, now = find(request, case_no), timezone.now()
    page = page_of(found.pk, request.user, now)
    person, point = (_number(request.POST.get(name, "")) for name in ("person", "point"))
    if page.call is not None:
        return sentence(_("A call is under way here: write what came of it first."))
    casework.answer_call(
        case_id=found.pk,
        person_id=person if person in dict(page.people) else None,
        contact_point_id=point if point in dict(page.phones) else None,
        user=request.user,
        now=now,
        key=request.POST.get("key", "")[:80] or secrets.token_hex(12),
    )
    return go(f"/cases/{case_no}")


@requires("case.work")
@require_POST
def dial(request: HttpRequest, case_no: str) -> HttpResponse:
    """The gate decides and takes the slot; then his telephone dials. Without one the number is shown, while the token lasts."""
    found, now, by = find(request, case_no), timezone.now(), request.user.actor
    point_id = _number(request.POST.get("point", "")) or 0
    held = casework.hold(case_id=found.pk, user=request.user, now=now)
    context: dict[str, object] = {}
    number = ""
    about = request.POST.get("about", "")
    shown = page_of(found.pk, request.user, now, about=about)
    points = {point.id for point in shown.points}
    if held.mine and point_id in points:
        person = ContactPoint.objects.values_list("party_id", flat=True).get(pk=point_id)
        answer = compliance.reserve(
            party_id=found.party_id,
            person_id=person,
            contact_point_id=point_id,
            channel="call",
            purpose=purposes.chosen(
                party_of(party_id=found.party_id, person_id=person), request.POST.get("purpose", "")
            ),
            case_id=found.pk,
            account_id=shown.about,
            key=request.POST.get("key", "")[:80] or secrets.token_hex(12),
            by=by,
            now=now,
        )
        if answer.allowed:
            live = answer.contact and answer.contact.expires_at > now and not answer.contact.outcomes.exists()
            seat = request.user.staff_no
            if live and channels.ask_call(contact_id=answer.contact.pk, staff_no=seat, now=now) is None:
                number = portfolio.reveal_contact_point(
                    contact_point_id=point_id, by=by, reason="dial", now=now, case_id=found.pk
                )
        else:
            context["refused"] = refusal_of(answer.decision)
    context = context_of(request, found, about=about) | context | {"oob": True}
    context["number"] = number
    context["about"] = next((words for pk, words, _ in shown.accounts if pk == shown.about), "")
    return render(request, "desk/case_work.html", context)


def _action(contact_id: int | None) -> Action:
    """What kind of call the form is about."""
    known = Contact.objects.filter(pk=contact_id).values_list("direction", "party_type").first()
    direction, party = known or ("out", "debtor")
    return codes().actions[action_of(direction=direction, party=party)]


def parts_of(typed: dict[str, object]) -> tuple[list[Part], str]:
    """The parts of a promise as days, amounts and who promised them, and what cannot be read."""
    parts = []
    for day, amount, payer in typed["parts"]:  # type: ignore[union-attr]
        if not day.strip() and not amount.strip():
            continue
        try:
            parts.append(Part(date.fromisoformat(day.strip()), amount_of(amount), int(payer) if payer else None))
        except (ValueError, InvalidOperation):
            return [], _("“%(day)s, %(amount)s”: write the day as 2026-11-23 and the amount as 1,310.00.") % {
                "day": day,
                "amount": amount,
            }
    return parts, ""


def amount_of(text: str) -> Decimal:
    """An amount with or without thousands separators. ValueError or InvalidOperation when it is none."""
    amount = Decimal(text.strip().replace(",", "").replace("，", ""))
    if not amount.is_finite() or amount != to_cent(amount):
        raise ValueError(text)
    return to_cent(amount)


def moment_of(day: str, clock: str) -> datetime | None:
    """A moment on the bank's clock, None when neither is given. ValueError when it cannot be read."""
    if not day.strip() and not clock.strip():
        return None
    return datetime.strptime(f"{day.strip()} {clock.strip()}", "%Y-%m-%d %H:%M").replace(tzinfo=BANK_ZONE)


@requires("case.work")
@require_POST
def contact(request: HttpRequest, case_no: str) -> HttpResponse:
    """Saves what came of the call, all of it or nothing, and goes on to the next case."""
    found, now = find(request, case_no), timezone.now()
    typed = typed_of(request.POST)
    contact_id = _number(str(typed["contact"]))
    chosen = _action(contact_id).find(str(typed["code"]))
    asks = chosen.asks if chosen else ()
    parts, unread = parts_of(typed) if "promise" in asks else ([], "")
    errors: dict[str, object] = {}
    at = None
    if unread:
        errors["promise"] = unread
    if "call_back" in asks:
        try:
            at = moment_of(str(typed["call_back_date"]), str(typed["call_back_time"]))
        except ValueError:
            errors["call_back"] = _("Write the day as 2026-11-23 and the time as 16:30.")
    if not errors:
        saved = casework.save_contact(
            case_id=found.pk,
            contact_id=contact_id,
            code=str(typed["code"]),
            user=request.user,
            now=now,
            key=str(typed["key"])[:70] or secrets.token_hex(12),
            disclosures=typed["disclosed"],
            parts=parts,
            call_back_at=at,
            note=str(typed["note"]),  # type: ignore[arg-type]
            found_out={kind: str(typed[name]) for kind, name in FINDINGS.items()},
            entry=str(typed.get(chosen.opens[0], "")) if chosen and chosen.opens else "",
        )
        if saved.ok:
            return go(next_address(user=request.user, now=now))
        errors = _errors(saved)
    _keep_draft(request, found, now)
    context = context_of(request, found)
    context |= form_of(context["page"], typed) | {"errors": errors}
    return render(request, "desk/case_work.html", context, status=422)


def _errors(saved: Saved) -> dict[str, object]:
    errors: dict[str, object] = {"missing": []}
    for problem in saved.problems:
        if problem.field.startswith("disclosure_"):
            errors["missing"].append(problem.field.removeprefix("disclosure_"))  # type: ignore[attr-defined]
            errors["disclosed"] = problem.text
            continue
        name = problem.field.split(".")[0]
        name = {"parts": "promise", "call_back_at": "call_back", "contact": "all", "action": "all"}.get(name, name)
        errors[name] = " ".join(filter(None, [str(errors.get(name, "")), problem.text]))
    return errors


def _keep_draft(request: HttpRequest, found: Case, now: datetime) -> None:
    data: dict[str, object] = {name: request.POST.get(name, "") for name in TYPED}
    data |= {name: request.POST.getlist(name) for name in ("disclosed", "part_date", "part_amount", "part_payer")}
    casework.save_draft(case_id=found.pk, user=request.user, data=data, now=now)


@requires("case.work")
@require_POST
def draft(request: HttpRequest, case_no: str) -> HttpResponse:
    """Keeps what stands in the form; it holds the case a while longer too."""
    found, now = find(request, case_no), timezone.now()
    _keep_draft(request, found, now)
    casework.renew(case_id=found.pk, user=request.user, now=now)
    return HttpResponse(_("draft saved %(at)s") % {"at": clock_seconds(now)}, content_type="text/plain; charset=utf-8")
