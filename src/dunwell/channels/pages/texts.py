"""/outbox/texts: what the bank writes to people. One drafts a text, it is scanned, another approves it from a day."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.channels import services, words
from dunwell.channels.lines import Line, LineError, lines
from dunwell.channels.models import Template, TextDraft
from dunwell.channels.queries import TextLife, text_lives
from dunwell.channels.rules import FIELDS, SAMPLES, TextError, fill
from dunwell.channels.smpp.texts import parts_of
from dunwell.identity.models import Entity, User
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

TEMPLATED = ("http_sms",)  # lines that send nothing but what the provider has approved


@requires("text.view")
@require_GET
def texts(request: HttpRequest) -> HttpResponse:
    """Every version of every text, filled with sample values; `?base=CODE` puts its newest words into the form."""
    return _page(request)


def _page(request: HttpRequest, *, error: str = "", typed: dict[str, object] | None = None) -> HttpResponse:
    services.load_templates()
    lives = text_lives(business_date(timezone.now()))
    language = get_language() or "zh-hans"
    ids = {life.draft.drafted_by for life in lives if life.draft}
    ids |= {row.recorded_by for life in lives for row in (life.approval, life.withdrawal) if row}
    names = {user.pk: user.name(language) for user in User.objects.filter(pk__in=ids - {None})}
    bank = Entity.objects.filter(kind=Entity.Kind.BANK).order_by("pk").first()
    try:
        known = {line.channel: line for line in lines()}
    except LineError:
        known = {}  # /outbox/lines says what is wrong with the file
    based = request.GET.get("base", "")
    base = next((life for life in lives if life.code == based), None)
    context = {
        "rows": [_shown(life, names, known.get(life.channel), bank, request.user.pk, language) for life in lives],
        "error": error,
        "form": typed
        or (_typed(base.code, base.channel, base.purpose, base.words) if base else _typed("", "", "", {})),
        "channels": words.CHANNELS.items(),
        "purposes": words.PURPOSES.items(),
        "placeholders": words.PLACEHOLDERS.items(),
        "may_draft": request.user.may("text.draft"),
        "may_approve": request.user.may("text.approve"),
        "today": business_date(timezone.now()),
    }
    return render(request, "channels/texts.html", context, status=422 if error else 200)


def _shown(
    life: TextLife, names: dict[int, str], line: Line | None, bank: Entity | None, viewer: int, language: str
) -> dict[str, object]:
    english = language.startswith("en")
    previews = []
    for code, said in words.LANGUAGES.items():
        values = SAMPLES[code] | {"bank": bank.name(code) if bank else "–"}
        subject, body = (fill(life.words[code][field], values) for field in ("subject", "body"))
        previews.append((code, said, life.words[code]["title"], subject, body, parts_of(body)))
    numbers = [line.template_no(life.code, life.version, code) for code in words.LANGUAGES] if line else []
    number = " / ".join(filter(None, numbers))
    return {
        "life": life,
        "title": life.words["en" if english else "zh-hans"]["title"],
        "channel": words.CHANNELS[life.channel],
        "purpose": words.PURPOSES.get(life.purpose, life.purpose),
        "state": words.TEXT_STATES[life.state],
        "tone": words.TEXT_TONES.get(life.state, ""),
        "previews": previews,
        "findings": [
            {**one, "language": words.LANGUAGES[one["language"]], "text": one["text_en" if english else "text_zh"]}
            for one in (life.draft.findings if life.draft else ())
        ],
        "drafted_by": names.get(life.draft.drafted_by, "–") if life.draft else "",
        "approved_by": names.get(life.approval.recorded_by, "–") if life.approval else "",
        "withdrawn_by": names.get(life.withdrawal.recorded_by, "–") if life.withdrawal else "",
        "line": line,
        "number": number,
        "lacks_number": line is not None and line.adapter in TEMPLATED and not number,
        "own": life.draft is not None and life.draft.drafted_by == viewer,
    }


def _typed(code: str, channel: str, purpose: str, given: object) -> dict[str, object]:
    """What stands in the form: a field a language and kind, each by the name it is posted under."""
    fields = [
        {
            "name": f"{field}-{language}",
            "label": f"{words.FIELDS[field]} ({said})",
            "value": given.get(language, {}).get(field, ""),  # type: ignore[attr-defined]
            "long": field == "body",
        }
        for language, said in words.LANGUAGES.items()
        for field in FIELDS
    ]
    return {"code": code, "channel": channel, "purpose": purpose, "fields": fields}


@requires("text.draft")
@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Keep a draft; what was typed comes back with language, field and what is wrong."""
    given = {
        language: {field: request.POST.get(f"{field}-{language}", "") for field in FIELDS}
        for language in words.LANGUAGES
    }
    about = {name: request.POST.get(name, "").strip() for name in ("code", "channel", "purpose")}
    try:
        services.draft_text(**about, words=given, by=request.user.actor, now=timezone.now())
    except TextError as wrong:
        return _page(request, error=_sentence(wrong), typed=_typed(*about.values(), given))
    return redirect("channels:texts")


def _sentence(wrong: TextError) -> str:
    found = dict(wrong.found)
    if "language" in found:
        found |= {"language": words.LANGUAGES[found["language"]], "field": words.FIELDS[found["field"]]}
    return str(words.TEXT_ERRORS[wrong.code]) % found if wrong.code in words.TEXT_ERRORS else str(wrong)


@requires("text.approve")
@require_POST
def approve(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Bring a draft into force from a day."""
    row = get_object_or_404(TextDraft, pk=draft_id)
    try:
        day = date.fromisoformat(request.POST.get("from_day", "").strip())
        services.approve_text(draft_id=row.pk, from_day=day, by=request.user.actor, now=timezone.now())
    except services.TextRefused as refused:
        return _page(request, error=str(words.TEXT_REFUSED[refused.code]))
    except ValueError:
        return _page(request, error=str(words.TEXT_REFUSED["date"]))
    return redirect("channels:texts")


@requires("text.draft")
@require_POST
def withdraw(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Take a draft back, or end a text that was approved or shipped: that takes who may approve."""
    own = TextDraft.objects.filter(code=code, version=version, pk=_number(request.POST.get("draft", ""))).first()
    if own is None and not Template.objects.filter(code=code, version=version, draft=None).exists():
        raise Http404
    approved = own is None or hasattr(own, "approval")
    if approved and not request.user.may("text.approve"):
        raise PermissionDenied("text.approve")
    typed = request.POST.get("from_day", "").strip()
    try:
        services.withdraw_text(
            code=code, version=version, draft_id=own.pk if own else None, reason=request.POST.get("reason", "")[:200],
            from_day=date.fromisoformat(typed) if typed else None, by=request.user.actor, now=timezone.now(),
        )  # fmt: skip
    except services.TextRefused as refused:
        return _page(request, error=str(words.TEXT_REFUSED[refused.code]))
    except ValueError:
        return _page(request, error=str(words.TEXT_REFUSED["date"]))
    return redirect("channels:texts")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
