"""What a collector does on a case beside calling: a note, a snooze, a message, a payment, a hold, a look in clear."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time, timedelta
from decimal import InvalidOperation

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dunwell.arrangements.models import Promise
from dunwell.arrangements.rules.promises import PromiseRefused
from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.casework.pages.finding import case_of as find
from dunwell.casework.pages.finding import go, sentence
from dunwell.casework.words import problem
from dunwell.channels import services as channels
from dunwell.channels.queries import texts_in_force
from dunwell.channels.rules import TextError
from dunwell.channels.services.queueing import WrongPoint
from dunwell.compliance import services as compliance
from dunwell.compliance.rules.holds import placeable
from dunwell.desk import words
from dunwell.desk.outcome import typed_of
from dunwell.desk.pages.case import amount_of, moment_of, parts_of
from dunwell.desk.reaching import refusal_of, told
from dunwell.floor.services.taking import next_address
from dunwell.identity.pages.guard import requires
from dunwell.kernel import times
from dunwell.kernel.times import BANK_ZONE
from dunwell.payments import services as payments
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, ContactPoint


def _key(request: HttpRequest) -> str:
    return request.POST.get("key", "")[:70] or secrets.token_hex(12)


def _not_mine(request: HttpRequest, case: Case, now: datetime) -> HttpResponse | None:
    """A sentence when a colleague has the case, or when it is closed."""
    held = casework.hold(case_id=case.pk, user=request.user, now=now)
    if held.mine:
        return None
    if held.holder is not None:
        return sentence(
            _("%(name)s took this case meanwhile. What you typed is still here.")
            % {"name": held.holder.name(request.user.language)}
        )
    return sentence(_("The case was closed meanwhile. What you typed is still here."))


@requires("case.work")
@require_POST
def note(request: HttpRequest, case_no: str) -> HttpResponse:
    """Writes a note; whoever may work cases may write one, whoever has the case."""
    case, text = find(request, case_no), request.POST.get("text", "")
    if not text.strip():
        return sentence(_("A few words are needed here."))
    casework.write_note(
        case_id=case.pk,
        text=text,
        pinned=request.POST.get("pinned") == "on",
        by=request.user.actor,
        now=timezone.now(),
        key=_key(request),
    )
    return go(f"/cases/{case_no}")


def _when(request: HttpRequest, now: datetime) -> datetime | None:
    given = moment_of(request.POST.get("date", ""), request.POST.get("time", ""))
    if given is not None:
        return given
    today = now.astimezone(BANK_ZONE).date()
    return {
        "30m": now + timedelta(minutes=30),
        "2h": now + timedelta(hours=2),
        "tomorrow": datetime.combine(today + timedelta(days=1), time(9), BANK_ZONE),
        "3d": datetime.combine(today + timedelta(days=3), time(9), BANK_ZONE),
    }.get(request.POST.get("when", ""))


@requires("case.work")
@require_POST
def snooze(request: HttpRequest, case_no: str) -> HttpResponse:
    """Puts the case off, or notes a call-back that was agreed, and goes on to the next."""
    case, now = find(request, case_no), timezone.now()
    other = _not_mine(request, case, now)
    if other is not None:
        return other
    try:
        at = _when(request, now)
    except ValueError:
        at = None
    if at is None:
        return sentence(_("Write the day as 2026-11-23 and the time as 16:30."))
    if at <= now:
        return sentence(_("This moment has passed."))
    by, reason = request.user.actor, request.POST.get("reason", "")
    if request.POST.get("kind") == "call_back":
        casework.call_back(case_id=case.pk, at=at, by=by, now=now, key=_key(request), reason=reason)
        casework.release(case_id=case.pk, user=request.user, now=now)
    else:
        casework.snooze(case_id=case.pk, until=at, by=by, now=now, key=_key(request), reason=reason)
    return go(next_address(user=request.user, now=now))


def _point(case: Case, text: str) -> ContactPoint | None:
    """A contact point of the person himself."""
    return ContactPoint.objects.filter(pk=text, party_id=case.party_id).first() if text.isdigit() else None


@requires("case.reveal")
@require_POST
def reveal(request: HttpRequest, case_no: str) -> HttpResponse:
    """A contact point or the identity in clear for 60 seconds, for a reason, in the log; a number as the gate says."""
    case, now, by = find(request, case_no), timezone.now(), request.user.actor
    what, reason = request.POST.get("what", ""), request.POST.get("reason", "")
    if reason not in words.REVEAL_REASONS:
        return sentence(_("Say why this has to be seen."))
    try:
        if what == "identity":
            shown = portfolio.reveal_identity(party_id=case.party_id, by=by, reason=reason, now=now, case_id=case.pk)
            text = f"{shown.name} {shown.id_no}".strip()
        else:
            text = casework.reveal_point(
                case_id=case.pk,
                contact_point_id=int(what) if what.isdigit() and len(what) < 19 else 0,
                user=request.user,
                reason=reason,
                now=now,
            )
    except casework.NotShown as hidden:
        if hidden.decision is not None:
            return sentence(_("Not shown, for it may not be dialled: %(why)s") % {"why": told(hidden.decision)})
        said = {
            "no_such_point": _("There is no such contact point at this case."),
            "not_held": _("Take the case first: a number is shown to whoever works on it."),
        }
        return sentence(said[hidden.code])
    except portfolio.Erased:
        return sentence(_("This was erased and cannot be shown any more."))
    return render(request, "desk/revealed.html", {"text": text})


def _message_fields(request: HttpRequest, case: Case, now: datetime) -> HttpResponse:
    """The choice of number and text: those in force in the person's language, by their names in the reader's."""
    channels.load_templates()
    found = texts_in_force(
        times.business_date(now), channel__in=words.MESSAGES_ON,
        purpose__in=("demand", "reminder", "service"),  # a statutory notice is given by its own service, once a cycle
    )  # fmt: skip
    names = {template.code: template.title for template in found if template.language == request.user.language}
    texts = {one.code: names.get(one.code, one.title) for one in found if one.language == case.party.language}
    kinds = [kind for kinds in words.MESSAGES_ON.values() for kind in kinds]
    points = ContactPoint.objects.filter(party_id=case.party_id, kind__in=kinds).order_by("-kind", "id")
    accounts = Account.objects.filter(party_id=case.party_id, state__past_due__gt=0).order_by("account_no")
    context = {
        "case_no": case.case_no,
        "templates": texts.items(),
        "points": points.values_list("id", "masked"),
        "accounts": accounts.values_list("id", "account_no", "currency"),
    }
    return render(request, "desk/message_fields.html", context)


@requires("message.send")
def message(request: HttpRequest, case_no: str) -> HttpResponse:
    """GET shows the text as it would leave; POST puts it into the outbox, where the gate decides."""
    case, now = find(request, case_no), timezone.now()
    given = request.GET if request.method == "GET" else request.POST
    if request.method == "GET" and "point" not in given:
        return _message_fields(request, case, now)
    point, code = _point(case, given.get("point", "")), given.get("template", "")
    if point is None:
        return sentence(_("Choose a contact point."))
    about = {
        "party_id": case.party_id,
        "contact_point_id": point.pk,
        "template_code": code,
        "case_id": case.pk,
        "case_no": case_no,
        "account_id": getattr(_account(case, given.get("account", "")), "pk", None),
    }
    try:
        if request.method == "GET":
            shown = channels.preview(now=now, **about)
            if point.kind not in words.MESSAGES_ON.get(shown.template.channel, ()):
                return sentence(_("This text does not go to this contact point."))
            return render(request, "desk/preview.html", {"shown": shown, "refused": refusal_of(shown.decision)})
        other = _not_mine(request, case, now)
        if other is not None:
            return other
        queued = channels.queue_message(by=request.user.actor, now=now, key=_key(request), **about)
    except WrongPoint:
        return sentence(_("This text does not go to this contact point."))
    except TextError:
        return sentence(_("There is no approved text for this now."))
    if queued.state == queued.State.REFUSED:
        return sentence(_("Refused by the gate: %(why)s") % {"why": told(compliance.decision_of(queued.decision))})
    if queued.state == queued.State.NOT_CONNECTED:
        said = _(
            "Not connected: the bank's SMS line is not set up. "
            "The message stands in the outbox with the gate's answer and does not leave."
        )
        messages.warning(request, said)
    else:
        messages.success(request, _("In the outbox. The gate decides again when it leaves."))
    return go(f"/cases/{case_no}")


def _account(case: Case, text: str) -> Account | None:
    """An account of the case's person."""
    return Account.objects.filter(pk=text, party_id=case.party_id).first() if text.isdigit() else None


@requires("payment.enter")
@require_POST
def payment(request: HttpRequest, case_no: str) -> HttpResponse:
    """A payment typed in. The same reference is the same payment.

    It is announced until the host posts it, unless the typist says that the reference is the host's own.
    """
    case, now = find(request, case_no), timezone.now()
    account = _account(case, request.POST.get("account", ""))
    reference = request.POST.get("host_ref", "").strip()
    if account is None:
        return sentence(_("Choose an account of this person."))
    try:
        amount = amount_of(request.POST.get("amount", ""))
        on = date.fromisoformat(request.POST.get("transaction_date", "").strip())
    except (ValueError, InvalidOperation):
        return sentence(_("Write the amount as 1,310.00 and the day as 2026-11-23."))
    today = times.business_date(now)
    if not reference:
        return sentence(_("Give the reference of the payment: by it the same payment is known again."))
    if on > today:
        return sentence(_("%(day)s lies ahead.") % {"day": on})
    try:
        payments.receive(
            account_id=account.pk,
            amount=amount,
            currency=account.currency,
            posting_date=today,
            transaction_date=on,
            host_ref=reference,
            source="typed",
            provisional=request.POST.get("host_booked") != "on",
            by=request.user.actor,
            now=now,
        )
    except payments.PaymentRefused as refused:
        said = {
            "amount": _("An amount is more than nothing."),
            "reference_used": _("This reference is booked already with another amount: %(booked)s.")
            % {"booked": refused.params.get("booked", "")},
            "currency": _("The account is in %(expected)s.") % {"expected": refused.params.get("expected", "")},
        }
        return sentence(said.get(refused.code, str(refused)))
    messages.success(request, _("The payment is entered. What is past due follows within a minute."))
    return go(f"/cases/{case_no}")


@requires("hold.place")
@require_POST
def hold(request: HttpRequest, case_no: str) -> HttpResponse:
    """停催: no demand about the person, one account or an amount while it lasts; each kind by those who may."""
    case, now = find(request, case_no), timezone.now()
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "").strip()
    if kind not in placeable(request.user.may) or not reason:
        return sentence(_("Choose a kind and say the reason in a few words."))
    account, given = request.POST.get("account", ""), request.POST.get("amount", "").strip()
    if account and _account(case, account) is None:
        return sentence(_("Choose an account of this person."))
    try:
        until = request.POST.get("until", "").strip()
        ends = moment_of(until, "23:59") if until else None
        amount = amount_of(given) if given else None
    except (ValueError, InvalidOperation):
        return sentence(_("Write the amount as 1,310.00 and the day as 2026-11-23."))
    if ends is not None and ends <= now:
        return sentence(_("This moment has passed."))
    if amount is not None and amount <= 0:
        return sentence(_("An amount is more than nothing."))
    compliance.place_hold(
        party_id=case.party_id,
        kind=kind,
        reason=reason[:200],
        account_id=int(account) if account else None,
        amount=amount,
        ends_at=ends,
        by=request.user.actor,
        now=now,
    )
    return go(f"/cases/{case_no}")


@requires("case.view")
@require_POST
def promise(request: HttpRequest, case_no: str) -> HttpResponse:
    """A promise written down wrongly: withdrawn, or with parts given put right. By whom: casework says."""
    case, now = find(request, case_no), timezone.now()
    reason, number = request.POST.get("reason", "").strip(), request.POST.get("promise", "")
    if not reason:
        return sentence(_("A few words are needed here."))
    parts, unread = parts_of(typed_of(request.POST))
    if unread:
        return sentence(unread)
    try:
        casework.revise_promise(
            case_id=case.pk,
            promise_id=int(number) if number.isdigit() and len(number) < 19 else 0,
            reason=reason,
            parts=parts,
            user=request.user,
            now=now,
            key=_key(request),
        )
    except casework.NotHis:
        return sentence(_("Only who wrote it down, on the same day, or a team leader takes a promise back."))
    except PromiseRefused as refused:
        return sentence(" ".join(problem(one.code, one.params) for one in refused.problems))
    except Promise.DoesNotExist:
        return sentence(_("There is no such promise at this case."))
    return go(f"/cases/{case_no}")
