"""What stands before every page: how often somebody may knock, in which language, and what a browser is told to keep to."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from dunwell.selfservice.pages.inside import ask

POSTS_A_MINUTE, CALL_BACKS_A_MINUTE = 30, 600
TOLD = "/pay/told/"


def address_of(request: HttpRequest) -> str:
    """Where the visitor comes from: behind a proxy of the bank's, the address that the proxy saw."""
    if settings.BEHIND_PROXY:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or "-"
    return str(request.META.get("REMOTE_ADDR", "-"))


class Visitors:
    """Counts what is posted, by address and minute, over all processes; too much is answered 429."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            told = request.path.startswith(TOLD)
            who = f"{'told' if told else 'page'}/{address_of(request)}"
            kept = hmac.digest(settings.SECRET_KEY.encode(), who.encode(), "sha256")[:16]
            if not ask("selfservice_count", kept, CALL_BACKS_A_MINUTE if told else POSTS_A_MINUTE):
                with translation.override(language_of(request)):
                    return render(request, "selfservice/wrong.html", {"what": "often"}, status=429)
        return self.get_response(request)


def language_of(request: HttpRequest) -> str:
    """The language chosen, else the browser's where it asks for no Chinese, else Chinese."""
    chosen = request.COOKIES.get("language")
    if chosen in ("en", "zh-hans"):
        return chosen
    asked = request.headers.get("Accept-Language", "").lower()
    return "en" if asked and "zh" not in asked else "zh-hans"


class Language:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(language_of(request)):
            response = self.get_response(request)
            response.headers["Content-Language"] = translation.get_language() or "zh-hans"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def page(request: HttpRequest) -> dict[str, object]:
    """What every page knows: the bank's name, the language, and whether somebody is in."""
    from django.db import connection

    language = "en" if (translation.get_language() or "").startswith("en") else "zh-hans"
    with connection.cursor() as cursor:
        cursor.execute("SELECT name_zh, name_en FROM selfservice_bank(%s)", [settings.BANK_ENTITY])
        row = cursor.fetchone() or ("", "")
    return {
        "bank": row[1] if language == "en" else row[0],
        "language": language,
        "lang": "en" if language == "en" else "zh-Hans",
    }
