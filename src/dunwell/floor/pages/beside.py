"""Beside a case: asking for help, a break, one key after abuse, what the law says."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrears.queries import published_day
from dunwell.casework.models import Case
from dunwell.casework.services import identity
from dunwell.compliance.models import Contact
from dunwell.floor import words
from dunwell.floor.models import Abuse, HelpAnswer, HelpRequest
from dunwell.floor.pages.answers import case_of, go, key_of, sentence
from dunwell.floor.queries.articles import answers_in_force
from dunwell.floor.queries.beside import beside
from dunwell.floor.rules.scripts import choose, filled
from dunwell.floor.services.help import answer_help, ask_help
from dunwell.floor.services.taking import next_address
from dunwell.floor.services.wellbeing import begin_break, end_break, mark_abuse
from dunwell.frame.templatetags.frame import money
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

MOST = 20


@requires("case.work")
@require_POST
def ask(request: HttpRequest, case_no: str) -> HttpResponse:
    """A collector asks a team leader for help."""
    case = case_of(request, case_no)
    typed = request.POST.get("words", "")
    ask_help(case_id=case.pk, user=request.user, words=typed, now=timezone.now(), key=key_of(request))
    return go(f"/cases/{case_no}")


@requires("case.work")
@require_POST
def withdraw(request: HttpRequest, case_no: str) -> HttpResponse:
    """He needs no help any more."""
    case = case_of(request, case_no)
    asked = HelpRequest.objects.filter(case=case, user=request.user, answer=None).last()
    if asked is not None:
        answer_help(
            request_id=asked.pk, answer=HelpAnswer.Answer.WITHDRAWN, user=request.user, words="", now=timezone.now()
        )
    return go(f"/cases/{case_no}")


@requires("case.hand_out")
@require_POST
def answer(request: HttpRequest, request_id: int) -> HttpResponse:
    """A team leader answers, or takes the case over and goes to it."""
    asked = HelpRequest.objects.filter(pk=request_id, case__entity_id=request.user.entity_id).first()
    if asked is None:
        raise Http404(request_id)
    case_of(request, asked.case.case_no)
    takes = request.POST.get("answer") == HelpAnswer.Answer.TOOK_OVER
    if takes and not request.user.may("case.work"):
        return sentence(_("Your role reads cases; collectors and team leaders work on them."))
    try:
        answer_help(
            request_id=asked.pk,
            answer=HelpAnswer.Answer.TOOK_OVER if takes else HelpAnswer.Answer.ANSWERED,
            user=request.user,
            words=request.POST.get("words", ""),
            now=timezone.now(),
        )
    except Case.DoesNotExist:
        return sentence(_("The case was closed meanwhile."))
    return HttpResponseRedirect(f"/cases/{asked.case.case_no}" if takes else "/team/board")


@requires("case.work")
@require_POST
def abused(request: HttpRequest, case_no: str) -> HttpResponse:
    """One key: marked, the call ended, the case handed over; the desk offers a break."""
    case = case_of(request, case_no)
    kind = Abuse.Kind.THREAT if request.POST.get("kind") == Abuse.Kind.THREAT else Abuse.Kind.ABUSE
    mark_abuse(
        case_id=case.pk,
        user=request.user,
        kind=kind,
        words=request.POST.get("words", ""),
        now=timezone.now(),
        key=key_of(request),
    )
    return HttpResponseRedirect(f"/desk?marked={kind}")


@requires("case.work")
@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    """A break of ten minutes: no case comes meanwhile."""
    reason = "abuse" if request.POST.get("reason") == "abuse" else "pause"
    begin_break(user=request.user, reason=reason, now=timezone.now(), key=key_of(request))
    return HttpResponseRedirect("/desk")


@requires("case.work")
@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """The break is over: the next case."""
    now = timezone.now()
    end_break(user=request.user, now=now)
    return HttpResponseRedirect(next_address(user=request.user, now=now))


@requires("case.view")
@require_GET
def law(request: HttpRequest) -> HttpResponse:
    """`?q=`: the answers of the knowledge base that have these words; a part of the page for the call panel."""
    text, language = request.GET.get("q", "").strip()[:80], request.user.language
    found = [one for one in answers_in_force(request.user.entity_id, business_date(timezone.now())) if one.has(text)]
    shown = [
        (one.code, one.title[which], one.body[which], one.source[which], one.rule, one.confidence, one.version)
        for one in found[:MOST]
        for which in ("en" if language.startswith("en") else "zh-hans",)
    ]
    whole = not request.headers.get("HX-Request")
    return render(request, "floor/law.html" if whole else "floor/law_found.html", {"found": shown, "asked": text})


@requires("case.work")
@require_GET
def said(request: HttpRequest, case_no: str, contact_id: int) -> HttpResponse:
    """The script of one's own call, once the person has shown who he is: before that nothing of the debt is on the page."""
    case, now, language = case_of(request, case_no), timezone.now(), request.user.language
    contact = Contact.objects.filter(pk=contact_id, case_id=case.pk, by_id=request.user.pk).first()
    if contact is None:
        raise Http404(contact_id)
    if not identity.standing(contact=contact, now=now).passed:
        return HttpResponse("")
    stands = beside(case_id=case.pk, user_id=request.user.pk, language=language, now=now)
    case.reckoned(published_day(case.entity_id))
    flags = {
        "promise_broken": case.promise_state in ("broken", "partly_kept"),
        "first_payment_default": case.first_payment_default,
        "hardship": stands.hardship,
        "company": case.party.kind == "company",
    }
    chosen = choose(stands.scripts, stage=case.stage, flags={flag for flag, on in flags.items() if on})
    which = "en" if language.startswith("en") else "zh-hans"
    values = {
        "name": case.party.name_masked,
        "amount": money(case.past_due),
        "currency": case.currency,
        "days": case.days_delinquent,
        "bank": request.user.entity.name(language),
        "staff": request.user.staff_no,
    }
    context = {
        "script": chosen,
        "steps": [
            (one.code, words.SCRIPT_STEPS[one.code], filled(one.words[which], values))
            for one in (chosen.steps if chosen else ())
        ],
        "answers": [(result, filled(text[which], values)) for result, text in (chosen.said if chosen else {}).items()],
    }
    return render(request, "floor/script.html", context)
