"""From the link to the inside: opened once, then the second factor. Nothing about anybody is shown before that."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.selfservice import rules
from dunwell.selfservice.pages.inside import COOKIE, ask, inside, new_secret, secret_of, with_secret

LANGUAGE_SECONDS = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
def arrive(request: HttpRequest, token: str) -> HttpResponse:
    """The link. Looking at it opens nothing, for messengers look at links too; the button opens it, once."""
    if request.method != "POST":
        return render(request, "selfservice/arrive.html")
    secret = new_secret()
    if ask("selfservice_open", rules.kept(token), rules.kept(secret)):
        return with_secret(HttpResponseRedirect("/door"), secret)
    return render(request, "selfservice/closed.html", {"token": token}, status=410)


@require_POST
def again(request: HttpRequest, token: str) -> HttpResponse:
    """A new link in the place of one that does not open: the answer is the same whether there is one or not."""
    ask("selfservice_again", rules.kept(token))
    return render(request, "selfservice/again.html")


@require_http_methods(["GET", "HEAD", "POST"])
def door(request: HttpRequest) -> HttpResponse:
    """The second factor: what only he knows, or a code sent to another number of his."""
    standing = _standing(secret_of(request))
    if standing is None:
        return HttpResponseRedirect("/over")
    if request.method != "POST" or standing["locked"]:
        return render(request, "selfservice/door.html", standing, status=423 if standing["locked"] else 200)
    fresh, old = new_secret(), rules.kept(secret_of(request))
    known, code = request.POST.get("known", "")[:40], request.POST.get("code", "")[:12]
    said = ask(
        "selfservice_try",
        old,
        rules.known(settings.ANSWERS_KEY, standing["link"], known) if known.strip() else None,
        rules.sent(settings.ANSWERS_KEY, old, code) if code.strip() else None,
        rules.kept(fresh),
    )
    if said == "passed":
        return with_secret(HttpResponseRedirect("/"), fresh)
    if said == "gone":
        return HttpResponseRedirect("/over")
    return render(
        request, "selfservice/door.html", {**standing, "wrong": said == "wrong", "locked": said == "locked"},
        status=423 if said == "locked" else 422,
    )  # fmt: skip


@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """Send a one-time code. What is said is the same whether one could leave or not."""
    if _standing(secret_of(request)) is None:
        return HttpResponseRedirect("/over")
    ask("selfservice_code", rules.kept(secret_of(request)))
    return HttpResponseRedirect("/door")


def _standing(secret: str) -> dict[str, object] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT link, knows, may_code, code_sent, locked FROM selfservice_door(%s)", [rules.kept(secret)]
        )
        row = cursor.fetchone()
    if row is None:
        return None
    link, knows, may_code, code_sent, locked = row
    return {"link": bytes(link), "knows": knows, "may_code": may_code, "code_sent": code_sent, "locked": locked}


@require_POST
@inside
def leave(request: HttpRequest, party: object) -> HttpResponse:
    """Sign out: the session ends in the database too."""
    ask("selfservice_leave")
    response = HttpResponseRedirect("/over")
    response.delete_cookie(COOKIE)
    return response


@require_GET
def over(request: HttpRequest) -> HttpResponse:
    """Nobody is in, or not any more."""
    return render(request, "selfservice/over.html")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language and go back to where one was."""
    back = request.POST.get("next", "/")
    response = HttpResponseRedirect(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")
    wanted = "en" if request.POST.get("language") == "en" else "zh-hans"
    response.set_cookie("language", wanted, max_age=LANGUAGE_SECONDS, samesite="Lax", httponly=True)
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "selfservice/wrong.html", {"what": "none"}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    return render(request, "selfservice/wrong.html", {"what": "failed"}, status=500)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that is too old, or came from another site."""
    return render(request, "selfservice/wrong.html", {"what": "old"}, status=403)


def health(request: HttpRequest) -> HttpResponse:
    """Whether the process reaches its database, for whoever watches it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
