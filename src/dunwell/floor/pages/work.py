"""The collector's tools: the moving worklist, many cases at once, macros, saved views, the call that goes on."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import services as casework
from dunwell.casework import words as casework_words
from dunwell.casework.models import Case
from dunwell.channels import services as channels
from dunwell.channels.queries import texts_in_force
from dunwell.compliance.models import Contact
from dunwell.compliance.queries import in_force
from dunwell.compliance.words import rule
from dunwell.floor import words
from dunwell.floor.models import Macro, SavedView
from dunwell.floor.pages.answers import case_of, go, key_of, number_of, sentence
from dunwell.floor.pages.members import workers_of
from dunwell.floor.pages.streams import event
from dunwell.floor.queries.worklist import Worklist
from dunwell.floor.rules.steps import MOST, StepWrong, step
from dunwell.floor.services import bulk, macros
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

SECONDS = 2.0


@requires("case.work")
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The head of the worklist as a server-sent event; nothing where it stands as the browser has it already."""
    now_on_it = Worklist(request.user, timezone.now())

    def show() -> str:
        rows = [(row, casework_words.reason(row.case.next_reason)) for row in now_on_it.rows()]
        return render_to_string("floor/worklist.html", {"rows": rows}, request)

    return event(request, seconds=SECONDS, mark=now_on_it.mark, show=show)


@requires("case.work")
@require_GET
def call(request: HttpRequest) -> HttpResponse:
    """The call that the user has under way, for the strip of every page; nothing when there is none."""
    contact = (
        Contact.objects.filter(by_id=request.user.pk, channel="call", outcomes=None)
        .select_related("contact_point")
        .order_by("-pk")
        .first()
    )
    case = Case.objects.filter(pk=contact.case_id).first() if contact else None
    return render(request, "floor/call_strip.html", {"contact": contact, "case": case})


def _texts(user: User) -> list[tuple[str, str]]:
    channels.load_templates()
    found = texts_in_force(business_date(timezone.now()), channel="sms", purpose__in=("demand", "reminder", "service"))
    own_last = sorted(found, key=lambda template: template.language == user.language)
    return sorted({template.code: template.title for template in own_last}.items())


@requires("case.work")
@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """`do=preview`: who would be skipped and why; `do=act`: exactly that, and what hindered meanwhile."""
    given, user, now = request.POST, request.user, timezone.now()
    ids = [number for text in given.getlist("case") if (number := number_of(text)) is not None][: bulk.MOST]
    context: dict[str, object] = {
        "ids": ids, "typed": given, "texts": _texts(user), "back": "/lists" + _query(given.get("back", "")),
        "owners": [(one.pk, one.name(user.language), one.staff_no) for one in workers_of(user)],
        "may_assign": user.may("case.hand_out"), "key": secrets.token_hex(12), "most": bulk.MOST,
    }  # fmt: skip
    if "what" not in given:
        return render(request, "floor/many.html", context | {"chosen": len(ids)})
    try:
        asked = step(
            {"do": given["what"], "text": given.get(f"text_{given['what']}", ""), "hours": given.get("hours", "")}
        )
    except StepWrong as wrong:
        return render(request, "floor/many.html", context | {"error": words.STEP_WRONG[wrong.code]}, status=422)
    if asked.do == "assign" and not user.may("case.hand_out"):
        raise PermissionDenied("case.hand_out")
    owner = number_of(given.get("owner", ""))
    if given.get("do") == "act":
        try:
            done = bulk.do_many(step=asked, cases=ids, user=user, now=now, key=key_of(request), owner=owner)
        except casework.HandOutRefused as refused:
            said = {"no_owners": _("Choose at least one collector.")}.get(refused.code, words.REFUSED["may_not_work"])
            return render(request, "floor/many.html", context | {"error": said}, status=422)
        number = len(done.done)
        messages.success(request, ngettext("Done on %(n)s case.", "Done on %(n)s cases.", number) % {"n": number})
        if done.skipped:
            left = len(done.skipped)
            messages.warning(request, ngettext("%(n)s was left out.", "%(n)s were left out.", left) % {"n": left})
        return HttpResponseRedirect(str(context["back"]))
    plan = bulk.plan_many(step=asked, cases=ids, user=user, now=now)
    pack = in_force(business_date(now))
    skipped = [(case, words.SKIPPED.get(why) or rule(why, pack)) for case, why in plan.skipped.items()]
    return render(
        request, "floor/many.html", context | {"plan": plan, "skipped": skipped, "ids": [c.pk for c in plan.done]}
    )


def _query(text: str) -> str:
    """A list's query put together anew: no address of elsewhere comes back."""
    pairs = parse_qsl(text.lstrip("?")[:500])
    return f"?{urlencode(pairs)}" if pairs else ""


@requires("case.work")
@require_POST
def run(request: HttpRequest, case_no: str, macro_id: int) -> HttpResponse:
    """All steps of a macro on a case, or none and which was refused."""
    case, now = case_of(request, case_no), timezone.now()
    if not casework.hold(case_id=case.pk, user=request.user, now=now).mine:
        return sentence(_("Take the case first."))
    try:
        macros.run_macro(macro_id=macro_id, case=case, user=request.user, now=now, key=key_of(request))
    except macros.StepRefused as refused:
        why = words.SKIPPED.get(refused.why, refused.why)
        return sentence(
            _("Nothing was done: step %(place)s is refused, %(why)s.") % {"place": refused.place, "why": why}
        )
    except Macro.DoesNotExist:
        return sentence(_("There is no such macro any more."))
    return go(f"/cases/{case_no}")


@requires("case.work")
@require_GET
def offered(request: HttpRequest, case_no: str) -> HttpResponse:
    """The macros, for the dialog of the case page."""
    case_of(request, case_no)
    language = "en" if request.user.language.startswith("en") else "zh-hans"
    shown = [
        (one.pk, one.names[language], [words.STEPS[each["do"]] for each in one.steps])
        for one in macros.macros_of(request.user.entity_id)
    ]
    return render(
        request, "floor/macros_offered.html", {"macros": shown, "case_no": case_no, "key": secrets.token_hex(12)}
    )


@requires("case.hand_out")
def macro_list(request: HttpRequest) -> HttpResponse:
    """The team's macros; POST keeps one, or drops it when it has no steps."""
    error: object = ""
    if request.method == "POST":
        given = request.POST
        places = range(1, MOST + 1)
        steps = [
            {
                "do": given.get(f"do_{place}", ""),
                "text": given.get(f"text_{place}", ""),
                "hours": given.get(f"hours_{place}", ""),
            }
            for place in places
            if given.get(f"do_{place}")
        ]
        names = {"zh-hans": given.get("name_zh", "").strip()[:60], "en": given.get("name_en", "").strip()[:60]}
        code = given.get("code", "").strip()[:40]
        try:
            if not code or not all(names.values()):
                error = _("A macro needs a code and a name in both languages.")
            else:
                macros.save_macro(code=code, names=names, steps=steps, user=request.user, now=timezone.now())
                return HttpResponseRedirect("/team/macros")
        except StepWrong as wrong:
            error = f"{wrong.place}: {words.STEP_WRONG[wrong.code]}"
    language = "en" if request.user.language.startswith("en") else "zh-hans"
    context = {
        "macros": [
            (one.code, one.names, one.names[language],
             [(words.STEPS[each["do"]], each["text"], each.get("hours")) for each in one.steps])
            for one in macros.macros_of(request.user.entity_id)
        ],
        "does": [(code, name) for code, name in words.STEPS.items() if code != "assign"],
        "places": range(1, MOST + 1), "texts": _texts(request.user), "error": error, "typed": request.POST,
    }  # fmt: skip
    return render(request, "floor/macros.html", context, status=422 if error else 200)


@requires("case.view")
@require_POST
def keep_view(request: HttpRequest) -> HttpResponse:
    """Keep this list under a name; sharing it is for team leaders."""
    name, query = request.POST.get("name", "").strip(), _query(request.POST.get("query", ""))
    if name:
        shared = bool(request.POST.get("shared")) and request.user.may("case.hand_out")
        macros.save_view(name=name, query=query, shared=shared, user=request.user, now=timezone.now())
    return HttpResponseRedirect(f"/lists{query}")


@requires("case.view")
@require_POST
def drop_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forget one of one's own views."""
    macros.drop_view(view_id=view_id, user=request.user)
    return HttpResponseRedirect("/lists")


def views_of(request: HttpRequest) -> list[SavedView]:
    """One's own views and those shared in the entity, by name."""
    mine = SavedView.objects.filter(entity_id=request.user.entity_id)
    return sorted((one for one in mine if one.shared or one.user_id == request.user.pk), key=lambda one: one.name)
