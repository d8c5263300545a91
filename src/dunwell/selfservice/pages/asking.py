"""What he asks for or tells us, and the page on which the answer stands."""

from __future__ import annotations

import base64
from datetime import date, time
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.arrangements.means.rules import media_of
from dunwell.arrangements.queries import terms
from dunwell.compliance.models import Consent
from dunwell.kernel import sealing
from dunwell.portfolio.models import ContactPoint, Party
from dunwell.selfservice import rules, words
from dunwell.selfservice.models import Answer, Request
from dunwell.selfservice.owed import totals
from dunwell.selfservice.pages.inside import answer_key, inside, leave_request, new_secret, waited, whole
from dunwell.selfservice.pages.pay import provider_name
from dunwell.selfservice.queries import accounts_of
from dunwell.selfservice.services.agreed import answer_place
from dunwell.selfservice.services.planning import OFFERED
from dunwell.selfservice.services.telling import TOLD
from dunwell.selfservice.wishes import CHANNELS, wished

LOOKED_AT = {"why": "/why", "heard": "/heard?asked={}"}  # the page on which such an answer stands
FETCHED = ("copy", "fetch")  # what is sealed for the session that asked
FORMS = {"json": "application/json", "pdf": "application/pdf"}
HOURS_FROM = [time(hour) for hour in range(8, 22)]
HOURS_TO = [time(hour) for hour in range(9, 23)]


def _to(number: int | None) -> HttpResponse:
    return HttpResponseRedirect(f"/asked/{number}" if number else "/often")


def often(request: HttpRequest) -> HttpResponse:
    """He asked for more today than the page takes."""
    return render(request, "selfservice/wrong.html", {"what": "often"}, status=429)


@require_GET
@inside
def asked(request: HttpRequest, party: Party, number: int) -> HttpResponse:
    """What became of a request: it waits for the worker, which needs a second or two."""
    one = Request.objects.filter(pk=number).first()
    if one is None:
        raise Http404(number)
    answer = waited(Answer.objects.filter(pk=number).first)
    if one.kind in LOOKED_AT and answer is not None:
        return HttpResponseRedirect(LOOKED_AT[one.kind].format(number))
    context = {
        "asked": one,
        "answer": answer,
        "said": words.answer(one.kind, answer.done, answer.data) if answer else "",
        "problems": words.problems(answer.data) if answer and not answer.done else (),
        "provider": provider_name(),
    }
    return render(request, "selfservice/asked.html", context)


@require_GET
@inside
def arrange(request: HttpRequest, party: Party) -> HttpResponse:
    """Say by when one pays, or ask for a plan."""
    now, offers = timezone.now(), []
    for currency, amount in totals(accounts_of(party), "past_due").items():
        if amount > 0:
            offers.append(terms(past_due=amount, currency=currency, now=now))
    return render(request, "selfservice/arrange.html", {"offers": offers, "key": new_secret()[:32]})


@require_POST
@inside
def promise(request: HttpRequest, party: Party) -> HttpResponse:
    """The parts of a promise as they stand in the form; the worker looks at them under the policy."""
    parts = []
    for day, amount in zip(request.POST.getlist("day"), request.POST.getlist("amount"), strict=False):
        if not day and not amount.strip():
            continue
        try:
            parts.append((date.fromisoformat(day).isoformat(), str(Decimal(amount.replace(",", "").strip()))))
        except (ValueError, InvalidOperation):
            return render(request, "selfservice/wrong.html", {"what": "promise"}, status=422)
    if not parts:
        return HttpResponseRedirect("/arrange")
    return _to(
        leave_request(request, "promise", {"parts": parts[:12], "currency": request.POST.get("currency", "")[:3]})
    )


@require_POST
@inside
def offers(request: HttpRequest, party: Party) -> HttpResponse:
    """What may be offered to him, by what he can pay a month."""
    try:
        monthly = rules.amount_of(request.POST.get("monthly", ""), owed=rules.LARGEST)
    except rules.Wrong:
        return render(request, "selfservice/wrong.html", {"what": "promise"}, status=422)
    return _to(leave_request(request, "offers", {"monthly": str(monthly)}))


@require_POST
@inside
def take(request: HttpRequest, party: Party) -> HttpResponse:
    """Take one of the offers that were laid before him, its whole cost with it."""
    answer = Answer.objects.filter(pk=whole(request.POST.get("offers")), request__kind__in=OFFERED, done=True).first()
    if answer is None:
        raise Http404("offers")
    return _to(leave_request(request, "take", {"offers": answer.pk, "nr": whole(request.POST.get("nr"))}))


@require_POST
@inside
def plan(request: HttpRequest, party: Party) -> HttpResponse:
    """Ask for an arrangement in one's own words."""
    text = request.POST.get("text", "").strip()[: rules.TEXT_MOST]
    return _to(leave_request(request, "plan", {"text": text})) if text else HttpResponseRedirect("/arrange")


@require_http_methods(["GET", "HEAD", "POST"])
@inside
def tell(request: HttpRequest, party: Party) -> HttpResponse:
    """Not mine, wrong amount, in difficulty, a complaint, anything else; with a paper."""
    language = get_language() or ""
    context: dict[str, object] = {
        "kinds": words.TOLD.items(), "accounts": accounts_of(party), "key": new_secret()[:32],
        "categories": words.categories(language), "papers": words.papers(language),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "selfservice/tell.html", context)
    what, text = request.POST.get("what", ""), request.POST.get("text", "").strip()[: rules.TEXT_MOST]
    category, kind = request.POST.get("category", ""), request.POST.get("kind", "")
    fields = {
        "what": what, "text": text, "account": whole(request.POST.get("account")), "category": category, "kind": kind,
    }  # fmt: skip
    try:
        if what not in TOLD or not text:
            raise rules.Wrong("tell")
        if int(request.headers.get("Content-Length") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            raise rules.Wrong("file_size")  # such a file is not even read
        paper = request.FILES.get("paper")
        if paper is not None:
            data = paper.read(rules.FILE_MOST + 1)
            if len(data) > rules.FILE_MOST:
                raise rules.Wrong("file_size")
            if media_of(data) is None:
                raise rules.Wrong("file_kind")
            fields["file"] = base64.b64encode(data).decode()
    except rules.Wrong as wrong:
        typed = {
            "error": words.wrong(wrong.code), "what": what, "text": text, "key": request.POST.get("key", ""),
            "category": category, "kind": kind,
        }  # fmt: skip
        return render(request, "selfservice/tell.html", {**context, **typed}, status=422)
    return _to(leave_request(request, "tell", fields))


@require_http_methods(["GET", "HEAD", "POST"])
@inside
def wishes(request: HttpRequest, party: Party) -> HttpResponse:
    """By which channels, in which hours, and whether others are left alone."""
    before = wished(Consent.objects.filter(party=party).order_by("pk"), now=timezone.now())
    if request.method == "POST":
        hours = [request.POST.get("from", ""), request.POST.get("to", "")]
        if all(hours):
            try:
                first, last = (time.fromisoformat(one) for one in hours)
            except ValueError:
                raise Http404("hours") from None
            if first >= last:
                return render(request, "selfservice/wrong.html", {"what": "hours"}, status=422)
        fields = {
            "channels": [one for one in request.POST.getlist("channel") if one in CHANNELS],
            "hours": hours if all(hours) else None,
            "no_third_party": request.POST.get("alone") == "1",
        }
        return _to(leave_request(request, "wishes", fields))
    context = {
        "channels": [(code, words.CHANNELS[code], code not in before.opted_out) for code in CHANNELS],
        "hours": before.hours,
        "alone": before.no_third_party,
        "points": ContactPoint.objects.filter(party=party, status="valid", kind__in=("mobile", "landline", "email")),
        "froms": HOURS_FROM,
        "tos": HOURS_TO,
        "key": new_secret()[:32],
    }
    return render(request, "selfservice/wishes.html", context)


@require_POST
@inside
def copy(request: HttpRequest, party: Party) -> HttpResponse:
    """Ask for a copy of everything held about him; it can be opened by this session alone."""
    form = request.POST.get("form", "")
    if form not in FORMS:
        raise Http404(form)
    key = base64.b64encode(answer_key(request, "copy")).decode()
    return _to(leave_request(request, "copy", {"form": form, "key": key}))


@require_GET
@inside
def copied(request: HttpRequest, party: Party, number: int) -> HttpResponse:
    """The copy or the paper itself."""
    answer = Answer.objects.filter(pk=number, request__kind__in=FETCHED, done=True).first()
    if answer is None or answer.sealed is None:
        raise Http404(number)
    try:
        data = sealing.unseal(answer_key(request, "copy"), bytes(answer.sealed), answer_place(number))
    except sealing.Unsealable:
        raise Http404("another session asked for it") from None
    form = answer.data["form"]
    response = HttpResponse(data, content_type=FORMS[form])
    name = answer.data.get("name") or f"{settings.BANK_ENTITY}-{number}"
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
