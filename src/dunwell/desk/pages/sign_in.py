"""Signing in and out: a password, then a one-time code where the user has enrolled one."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from dunwell.evidence import services as evidence
from dunwell.identity.models import User
from dunwell.identity.pages.guard import public
from dunwell.identity.services import set_preferences

HALF_WAY = "half_way_user"  # the session's note of who gave the right password and still owes the code
HALF_WAY_SECONDS = 300


def back_to(request: HttpRequest) -> str:
    """The page asked for, if it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}) else "/"


def _log(kind: str, user: User, **data: object) -> None:
    evidence.write(kind=kind, now=timezone.now(), by=user.actor, entity_id=user.entity_id, data=data)


def _enter(request: HttpRequest, user: User, device: TOTPDevice | None) -> HttpResponse:
    login(request, user, backend="dunwell.identity.backends.Backend")  # gives the session a new key
    if device is not None:
        otp_login(request, device)
    _log("user.signed_in", user, code=device is not None)
    response = HttpResponseRedirect(back_to(request))
    response.set_cookie("language", user.language, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response


@public
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST tries the password. Wrong ones are counted by user name and address (axes)."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(back_to(request))
    context = {"next": back_to(request), "username": request.POST.get("username", "")}
    if request.method != "POST":
        return render(request, "desk/sign_in.html", context)
    user = authenticate(
        request, username=request.POST.get("username", "").strip(), password=request.POST.get("password", "")
    )
    if user is None:
        known = User.objects.filter(username=context["username"].strip()).first()
        if known is not None:
            _log("user.failed", known)
        context["error"] = _("User name or password is wrong. After five failures the name is blocked for 15 minutes.")
        return render(request, "desk/sign_in.html", context, status=422)
    device = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    if device is None:
        return _enter(request, user, None)
    request.session.cycle_key()
    request.session[HALF_WAY] = [user.pk, timezone.now().timestamp()]
    return render(request, "desk/sign_in_code.html", context)


@public
@never_cache
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second step: six figures from the user's authenticator; the device slows down wrong tries itself."""
    user_id, since = request.session.get(HALF_WAY, (None, 0))
    if user_id is None or timezone.now().timestamp() - since > HALF_WAY_SECONDS:
        request.session.pop(HALF_WAY, None)
        return HttpResponseRedirect("/login")
    user = User.objects.filter(pk=user_id, is_active=True).first()
    device = TOTPDevice.objects.filter(user_id=user_id, confirmed=True).first()
    if user is None or device is None:
        return HttpResponseRedirect("/login")
    context = {"next": back_to(request)}
    if request.method == "POST":
        permitted, _why = device.verify_is_allowed()
        if permitted and device.verify_token(request.POST.get("code", "").replace(" ", "")):
            request.session.pop(HALF_WAY, None)
            return _enter(request, user, device)
        _log("user.failed", user, step="code")
        context["error"] = (
            _("The code does not match. It changes every 30 seconds; check the clock of your telephone.")
            if permitted
            else _("Too many wrong codes. Wait a minute and use the newest code.")
        )
        return render(request, "desk/sign_in_code.html", context, status=422)
    return render(request, "desk/sign_in_code.html", context)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        _log("user.signed_out", request.user)
    logout(request)
    return HttpResponseRedirect("/login")


def locked_out(
    request: HttpRequest, credentials: dict[str, object] | None = None, *args: object, **kwargs: object
) -> HttpResponse:
    """The answer to a blocked user name (called by axes)."""
    context = {
        "next": back_to(request),
        "username": request.POST.get("username", ""),
        "error": _(
            "Five failures: this name is blocked from here for 15 minutes. The administrator can set a new password."
        ),
    }
    return render(request, "desk/sign_in.html", context, status=429)


@public
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Language and theme from the top bar: with the user when signed in, else in a cookie."""
    language, theme = request.POST.get("language"), request.POST.get("theme")
    if request.user.is_authenticated:
        set_preferences(user=request.user, language=language, theme=theme)
    response = HttpResponse(status=204) if request.headers.get("HX-Request") else HttpResponseRedirect(back_to(request))
    for name, value, values in (("language", language, ("zh-hans", "en")), ("theme", theme, User.Theme.values)):
        if value in values:
            response.set_cookie(name, value, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response
