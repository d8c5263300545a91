"""The user's own settings: language, theme, single keys, password, one-time codes."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from dunwell.evidence import services as evidence
from dunwell.identity.pages.guard import signed_in
from dunwell.identity.services import set_password, set_preferences


def _log(request: HttpRequest, kind: str) -> None:
    evidence.write(kind=kind, now=timezone.now(), by=request.user.actor, entity_id=request.user.entity_id, data={})


def _page(request: HttpRequest, *, status: int = 200, **context: object) -> HttpResponse:
    device = TOTPDevice.objects.filter(user=request.user, confirmed=True).first()
    return render(request, "desk/profile.html", {"device": device, **context}, status=status)


@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    """GET shows the settings; POST keeps language, theme and single keys."""
    if request.method == "POST":
        set_preferences(
            user=request.user,
            language=request.POST.get("language"),
            theme=request.POST.get("theme"),
            single_keys=request.POST.get("single_keys") == "on",
        )
        return HttpResponseRedirect("/profile")
    return _page(request)


@signed_in
@require_POST
@sensitive_post_parameters()
@transaction.atomic
def password(request: HttpRequest) -> HttpResponse:
    """Changes the password; the old one is asked for. Other sessions end, this one stays."""
    old, new, again = (request.POST.get(name, "") for name in ("old", "new", "again"))
    if not request.user.check_password(old):
        return _page(request, status=422, old_error=_("This is not your present password."))
    if new != again:
        return _page(request, status=422, new_error=_("The two new passwords differ."))
    try:
        set_password(user=request.user, password=new)
    except ValidationError as error:
        return _page(request, status=422, new_error=" ".join(error.messages))
    update_session_auth_hash(request, request.user)
    _log(request, "user.password_changed")
    messages.success(request, _("The password is changed."))
    return HttpResponseRedirect("/profile")


@signed_in
@transaction.atomic
def code(request: HttpRequest) -> HttpResponse:
    """Enrols an authenticator: a QR code to scan, then one code from it as proof."""
    if TOTPDevice.objects.filter(user=request.user, confirmed=True).exists():
        return HttpResponseRedirect("/profile")
    device, _made = TOTPDevice.objects.get_or_create(
        user=request.user, confirmed=False, defaults={"name": "authenticator"}
    )
    error = ""
    if request.method == "POST":
        if device.verify_token(request.POST.get("code", "").replace(" ", "")):
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            otp_login(request, device)
            _log(request, "user.code_enrolled")
            messages.success(request, _("From now on a one-time code is asked for when you sign in."))
            return HttpResponseRedirect("/profile")
        error = _("The code does not match. It changes every 30 seconds; check the clock of your telephone.")
    picture = segno.make(device.config_url, error="m").svg_inline(
        scale=4, border=0, dark="#000000", omitsize=True, svgclass="", lineclass=""
    )
    return render(
        request,
        "desk/profile_code.html",
        {"qr": mark_safe(picture), "secret": device.config_url.split("secret=")[1].split("&")[0], "error": error},
        status=422 if error else 200,
    )


@signed_in
@require_POST
@transaction.atomic
def code_off(request: HttpRequest) -> HttpResponse:
    """Takes the authenticator off; the password is asked for."""
    if not request.user.check_password(request.POST.get("password", "")):
        return _page(request, status=422, code_error=_("This is not your present password."))
    TOTPDevice.objects.filter(user=request.user).delete()
    _log(request, "user.code_removed")
    return HttpResponseRedirect("/profile")
