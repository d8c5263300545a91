"""Who came in: the cookie's session, and the database's rows that are his alone."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from dunwell.portfolio.models import Party
from dunwell.selfservice import rules
from dunwell.selfservice.services.replies import sealed_body

COOKIE = "own"
COOKIE_SECONDS = 3600
LOOK_SECONDS = 0.2
Page = Callable[..., HttpResponse]


def whole(text: str | None) -> int:
    """A whole number of a form; 0 for anything else, which is nobody's."""
    return int(text) if text and text.isascii() and text.isdecimal() else 0


def ask(function: str, *values: object) -> Any:
    """The one value that a function of sql/door.sql answers."""
    places = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({places})", values)
        return cursor.fetchone()[0]


def secret_of(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")


def new_secret() -> str:
    return secrets.token_hex(32)


def with_secret(response: HttpResponse, secret: str) -> HttpResponse:
    """Give the browser its session: no script reads it, no other site sends it."""
    response.set_cookie(
        COOKIE, secret, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=settings.CSRF_COOKIE_SECURE
    )
    return response


def inside(view: Page) -> Page:
    """The page is for who came in: it runs in one transaction that sees the rows of that person and no others."""

    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        with transaction.atomic():
            with connection.cursor() as cursor:
                kept = rules.kept(secret_of(request)).hex() if secret_of(request) else ""
                cursor.execute("SELECT set_config('dunwell.cardholder', %s, true)", [kept])
            party = Party.objects.first()
            if party is None:
                return HttpResponseRedirect("/over")
            return view(request, party, *args, **kwargs)

    page.inside = True  # type: ignore[attr-defined]
    return page


def leave_request(request: HttpRequest, kind: str, fields: Mapping[str, Any], *, key: str = "") -> int | None:
    """Write down what he asks for, sealed for the worker; the form's key makes a double click one request."""
    sealed = sealed_body(kind, fields, settings.CARDHOLDERS_KEY)
    return ask("selfservice_ask", kind, sealed, (key or request.POST.get("key", "") or secrets.token_hex(16))[:40])


def waited(look: Callable[[], Any]) -> Any:
    """What `look` finds, looked for until it is there or WAIT_SECONDS are over: a page need not read itself anew."""
    until = time.monotonic() + settings.WAIT_SECONDS
    while not (found := look()) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    return found


def answer_key(request: HttpRequest, purpose: str) -> bytes:
    """A key that only this browser's session can make: an answer sealed under it is for nobody else."""
    return hmac.digest(secret_of(request).encode(), f"answer/{purpose}".encode(), "sha256")
