"""/rules/parameters: every dated number that arrears, classes, interest and retention are computed with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from dunwell.compliance.pages.parameter_words import CODES, NAMES, named
from dunwell.frame.templatetags.frame import NONE, joined
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.portfolio.words import COMPONENTS

#: The files of parameters, under the heading of their subject. A file that a version has not is left out.
FILES = (
    ("dunwell.arrears", "parameters.yaml", _("Lateness and allocation")),
    ("dunwell.arrears", "interest.yaml", _("Interest and late charges")),
    ("dunwell.arrears", "risk.yaml", _("Risk class")),
    ("dunwell.payments", "announced.yaml", _("Announced payments")),
    ("dunwell.arrangements", "products.yaml", _("What may be agreed")),
    ("dunwell.arrangements", "policy.yaml", _("Promises, deductions and reminders")),
    ("dunwell.casework", "attribution.yaml", _("Whose result a payment is")),
    ("dunwell.selfservice", "policy.yaml", _("The cardholder's own page")),
    ("dunwell.evidence", "retention.yaml", _("How long records are kept")),
    ("dunwell.nightly", "ranges.yaml", _("Usual totals of a night")),
    ("dunwell.nightly", "lake.yaml", _("How long the lake keeps")),
)
CONFIRMED = ("V1", "V2")  # read in the law or in a source; the others wait for counsel


@dataclass(frozen=True, slots=True)
class Value:
    """A value from a day on, for a product or issuer or for all; `now`: in force today."""

    since: date
    words: tuple[str, ...]
    scope: str
    now: bool
    future: bool


@requires("rules.view")
@require_GET
def parameters(request: HttpRequest) -> HttpResponse:
    """Every parameter with its values ever in force, since when, its source and how sure that is."""
    today, chinese = business_date(timezone.now()), not (get_language() or "zh-hans").startswith("en")
    groups = [
        (heading, [_shown(name, given, today, chinese) for name, given in document(package, file).items()])
        for package, file, heading in FILES
        if document(package, file)
    ]
    unconfirmed = sum(not each["confirmed"] for _heading, found in groups for each in found)
    context = {
        "groups": groups,
        "unconfirmed": unconfirmed,
    }
    return render(request, "compliance/parameters.html", context)


@cache
def document(package: str, file: str) -> dict[str, Any]:
    """What a file of parameters says; nothing when it is not there."""
    path = resources.files(package).joinpath(file)
    return yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}


def _shown(name: str, given: dict[str, Any], today: date, chinese: bool) -> dict[str, Any]:
    source = given["source"]
    return {
        "name": name,
        "title": given["title_zh" if chinese else "title"],
        "text": _in_words(given["text_zh" if chinese else "text"]),
        "instrument": source["instrument"],
        "rule": source["rule"],
        "confidence": source["confidence"],
        "confirmed": source["confidence"] in CONFIRMED,
        "values": list(_values(given["values"], today)),
    }


def _values(dated: list[dict[str, Any]], today: date) -> Iterator[Value]:
    """The newest first; of each product and issuer the last one that has begun is in force."""
    begun: set[str] = set()
    for each in sorted(dated, key=lambda value: value["from"], reverse=True):
        scope = joined(str(each[part]) for part in ("issuer", "product") if each.get(part))
        future = each["from"] > today
        yield Value(each["from"], tuple(_words(each["value"])), scope, not future and scope not in begun, future)
        if not future:
            begun.add(scope)


def _in_words(text: str) -> str:
    """A parameter's text with what stands in `backticks` in the words in which its values are shown."""
    return re.sub(r"`([^`]+)`", lambda found: _plain(found[1]), text)


def _words(value: Any) -> Iterator[str]:
    """A value as lines to read: `name value` for a table, one line for each of a list of tables."""
    colon = pgettext("between a name and its values", ": ")
    if isinstance(value, Mapping):
        plain = [
            f"{named(name)} {_plain(found)}" for name, found in value.items() if not isinstance(found, Mapping | list)
        ]
        if plain:
            yield joined(plain)
        for name, found in value.items():
            if isinstance(found, Mapping):
                yield named(name) + colon + joined(_words(found))
            elif isinstance(found, list):
                yield named(name) + colon + _listed(name, found)
    elif isinstance(value, list):
        if any(isinstance(each, Mapping) for each in value):
            for each in value:
                yield from _words(each)
        else:
            yield _listed("", value)
    else:
        yield _plain(value)


def _listed(name: str, found: list[Any]) -> str:
    """A list on a line: an order with arrows, first and last days as a range, what each of several amounts bears."""
    if any(isinstance(each, Mapping) for each in found):
        return pgettext("between sources", "; ").join(joined(_words(each)) for each in found)
    if name == "order":
        return " → ".join(map(_plain, found))
    if name == "days":
        return "–".join("" if each is None else _plain(each) for each in found)
    return joined(map(_plain, found)) or NONE


def _plain(value: Any) -> str:
    """A value by its name; yes, no and nothing in the page's language; an amount, a rule or a text's code as it is."""
    if value is None or value == "none":
        return NONE
    if isinstance(value, bool) or value in ("yes", "no"):
        return gettext("yes") if value in (True, "yes") else gettext("no")
    if isinstance(value, str):
        return str(COMPONENTS.get(value) or CODES.get(value) or NAMES.get(value) or value)
    return str(value)
