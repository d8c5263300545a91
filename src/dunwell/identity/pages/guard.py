"""Every page says who may see it: `@requires("case.work")`, `@signed_in` or `@public`.

A view without one of the three fails the walk over all addresses in the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from dunwell.identity.rules import PERMISSIONS

View = Callable[..., HttpResponse]
PUBLIC, SIGNED_IN = "public", "signed_in"


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; a part of a page answers 401, so that nothing typed is swapped away."""
    if request.headers.get("HX-Request") or request.headers.get("X-Draft"):
        return HttpResponse(status=401)
    back = request.get_full_path() if request.method == "GET" else request.path
    return HttpResponseRedirect(f"/login?next={quote(back)}")


def _guarded(view: View, guard: str, allowed: Callable[[HttpRequest], bool]) -> View:
    @wraps(view)
    def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if not allowed(request):
            raise PermissionDenied(guard)
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    page.guard = guard  # type: ignore[attr-defined]
    return page


def requires(permission: str) -> Callable[[View], View]:
    """The page is for users whose role carries `permission`; others get 403, strangers the sign-in page."""
    if permission not in PERMISSIONS:
        raise KeyError(f"{permission!r} is not in identity.rules.PERMISSIONS")
    return lambda view: _guarded(view, permission, lambda request: request.user.may(permission))


def signed_in(view: View) -> View:
    """The page is for everybody who is signed in."""
    return _guarded(view, SIGNED_IN, lambda request: True)


def public(view: View) -> View:
    """The page is for everybody."""
    view.guard = PUBLIC  # type: ignore[attr-defined]
    return view
