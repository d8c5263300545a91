"""Scripts and knowledge: the versions, drafting one, and approving another's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dunwell.compliance.queries import in_force
from dunwell.compliance.words import rule
from dunwell.floor import words
from dunwell.floor.models import Article
from dunwell.floor.pages.answers import day_of
from dunwell.floor.queries.articles import versions
from dunwell.floor.rules.scripts import TextWrong, shipped
from dunwell.floor.services.articles import ArticleRefused, approve_article, draft_article
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

LONGEST = 20_000


def _title(content: Mapping[str, Any]) -> str:
    """What a text is called in the reader's language; its code where the bank gave it no title."""
    title = content.get("title")
    return str(isinstance(title, Mapping) and title.get(get_language() or "zh-hans") or content["code"])


def _written(content: object) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)


@requires("text.view")
def articles(request: HttpRequest, kind: str) -> HttpResponse:
    """Every version; `?base=CODE` puts its newest words into the form; POST keeps a draft."""
    if kind not in Article.Kind.values:
        raise Http404(kind)
    error, typed = "", ""
    if request.method == "POST":
        if not request.user.may("text.draft"):
            raise PermissionDenied("text.draft")
        typed = request.POST.get("content", "")[:LONGEST]
        try:
            content = yaml.safe_load(typed)
            if not isinstance(content, dict):
                raise TextWrong("content", "missing")
            draft_article(kind=kind, content=content, user=request.user, now=timezone.now())
            return HttpResponseRedirect(f"/texts/{kind}")
        except TextWrong as wrong:
            error = f"{wrong.field}: {words.TEXT_WRONG[wrong.code]} {wrong.value}"
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as wrong:
            error = _("This cannot be read: %(why)s") % {"why": str(wrong).splitlines()[0][:120]}
    return _page(request, kind, error=error, typed=typed)


def _page(request: HttpRequest, kind: str, *, error: str = "", typed: str = "") -> HttpResponse:
    today = business_date(timezone.now())
    own = versions(request.user.entity_id, kind)
    people = User.objects.in_bulk({one.recorded_by for one in own} - {None})
    in_force: set[str] = set()
    rows = []
    for one in own:
        approval = getattr(one, "approval", None)
        counts = approval is not None and approval.from_day <= today and one.code not in in_force
        if counts:
            in_force.add(one.code)
        rows.append(
            {
                "article": one,
                "title": _title(one.content),
                "approval": approval,
                "state": "in_force" if counts else "approved" if approval and approval.from_day > today
                else "superseded" if approval else "draft",
                "by": people[one.recorded_by].name(request.user.language) if one.recorded_by in people else "",
                "own": one.recorded_by == request.user.pk,
                "text": _written(one.content),
            }
        )  # fmt: skip
    given = [(str(raw["code"]), _title(raw), _written(raw), str(raw["code"]) not in in_force) for raw in shipped(kind)]
    base = request.GET.get("base", "")
    newest = next((one.content for one in own if one.code == base), None)
    newest = newest or next((raw for raw in shipped(kind) if raw["code"] == base), None)
    context = {
        "kind": kind, "kinds": words.ARTICLES.items(), "title": words.ARTICLES[kind], "rows": rows, "shipped": given,
        "states": words.ARTICLE_STATES, "typed": typed or (_written(newest) if newest else ""), "error": error,
        "today": today, "may_draft": request.user.may("text.draft"), "may_approve": request.user.may("text.approve"),
    }  # fmt: skip
    return render(request, "floor/articles.html", context, status=422 if error else 200)


@requires("text.approve")
@require_POST
def approve(request: HttpRequest, article_id: int) -> HttpResponse:
    """In force from a day on, by another person than who wrote it."""
    found = Article.objects.filter(pk=article_id, entity_id=request.user.entity_id).first()
    if found is None:
        raise Http404(article_id)
    try:
        from_day = day_of(request.POST.get("from_day", "")) or business_date(timezone.now())
        approve_article(article_id=found.pk, from_day=from_day, user=request.user, now=timezone.now())
    except ArticleRefused as refused:
        said = {
            "own": _("Somebody else has to approve it."),
            "past": _("A text comes into force today or later."),
        }.get(
            refused.code,
            _("It says what no text may: %(rule)s")
            % {"rule": rule(refused.code, in_force(business_date(timezone.now())))},
        )
        return _page(request, found.kind, error=said)
    except ValueError:
        return _page(request, found.kind, error=str(words.REFUSED["days"]))
    return HttpResponseRedirect(f"/texts/{found.kind}")
