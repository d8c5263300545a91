"""/rules: the contact rules in force, to be read."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from dunwell.compliance.pages.parameter_words import named
from dunwell.compliance.queries.catalogue import Catalogue, Entry, Parameter, catalogue
from dunwell.compliance.words import in_language
from dunwell.identity.pages.guard import requires

ABOUT = {
    "contact": _("Contact"),
    "agency": _("Agencies"),
    "information": _("Personal information"),
    "limitation": _("Limitation"),
    "court": _("Courts"),
    "referral": _("Criminal referral"),
}
STRENGTHS = {"must": _("must"), "should": _("should"), "practice": _("practice")}


@requires("rules.view")
@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule with its text, source, parameter, confidence, and how often it fired this month."""
    found = catalogue(now=timezone.now(), entity_id=request.user.entity_id)
    language = get_language() or "zh-hans"
    context = {
        "pack": found.pack,
        "jurisdiction": in_language(found.pack.jurisdiction),
        "since": found.since,
        "rules": [_shown(found, entry, language) for entry in found.entries],
        "unconfirmed": sum(not entry.rule.confirmed for entry in found.entries),
    }
    return render(request, "compliance/rules.html", context)


def _shown(found: Catalogue, entry: Entry, language: str) -> dict[str, object]:
    rule = entry.rule
    return {
        "id": rule.id,
        "title": in_language(rule.title),
        "text": _filled(in_language(rule.text), _numbers(found, rule.id)),
        "about": ABOUT[rule.about],
        "source": found.pack.citation(rule, language),
        "strength": STRENGTHS[rule.strength],
        "confidence": rule.confidence,
        "confirmed": rule.confirmed,
        "first": rule.in_force.first or found.pack.effective.first,
        "last": rule.in_force.last or found.pack.effective.last,
        "parameters": [_parameter(parameter) for parameter in entry.parameters],
        "fired": entry.fired,
    }


def _numbers(found: Catalogue, rule: str) -> Mapping[str, str]:
    duty = found.pack.duties.get(rule)
    return duty.parameters if duty else {}


class _Open(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def _filled(text: str, numbers: Mapping[str, str]) -> str:
    """The rule's sentence with its own numbers, and … where a refusal names its own figures."""
    return text.format_map(_Open(numbers))


def _parameter(parameter: Parameter) -> str:
    value, number = parameter.value, parameter.days
    if parameter.kind == "hours":
        hours = value or gettext("none")
        return gettext("special days %(hours)s") % {"hours": hours} if parameter.special else hours
    if parameter.kind in ("rest", "days"):
        return ngettext("%(days)s day", "%(days)s days", number) % {"days": number}
    if parameter.kind == "kept":
        return ngettext("kept %(months)s month", "kept %(months)s months", number) % {"months": number}
    if parameter.kind == "words":
        return ngettext("%(number)s pattern", "%(number)s patterns", number) % {"number": number}
    if parameter.kind == "number":
        return f"{named(parameter.name)} {value}"
    if parameter.span == "lifetime":
        return gettext("%(limit)s in a case") % {"limit": value}
    if parameter.span == "rolling_days":
        return ngettext("%(limit)s in %(days)s day", "%(limit)s in %(days)s days", number) % {
            "limit": value,
            "days": number,
        }
    if parameter.span == "rolling_hours":
        return ngettext("%(limit)s in %(hours)s hour", "%(limit)s in %(hours)s hours", number) % {
            "limit": value,
            "hours": number,
        }
    spans = {"calendar_day": gettext("day"), "calendar_week": gettext("week"), "calendar_month": gettext("month")}
    return gettext("%(limit)s a %(span)s") % {"limit": value, "span": spans[parameter.span]}
