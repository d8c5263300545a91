"""/verify/TOKEN: whether a certificate is genuine and stands. It says that, its number and its day, and nothing else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dunwell.arrangements.models import Certificate
from dunwell.identity.pages.guard import public


@public
@require_GET
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """Genuine, with number and day, or revoked since; or not. The token has 128 random bits: there is nothing to try out."""
    found = Certificate.objects.filter(token=token).select_related("revocation").first()
    return render(request, "arrangements/verify.html", {"found": found}, status=200 if found else 404)
