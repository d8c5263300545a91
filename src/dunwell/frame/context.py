"""What every page knows."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language


@dataclass(frozen=True)
class Link:
    label: object
    path: str
    current: bool


def frame(request: HttpRequest) -> dict[str, object]:
    """Theme, language, and the links that the user's role may follow (settings.NAVIGATION)."""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    theme = user.theme if signed_in else request.COOKIES.get("theme", "system")
    links = [
        Link(
            label,
            path,
            request.path == path or (path != "/" and request.path.startswith(path)) or request.path.startswith(also),
        )
        for label, path, also, permissions in settings.NAVIGATION
        if signed_in and any(user.may(permission) for permission in permissions)
    ]
    return {
        "theme": theme if theme in ("light", "dark") else "system",
        "lang": "en" if language == "en" else "zh-Hans",
        "language": language,
        "links": links,
        "may_work": signed_in and user.may("case.work") and not request.path.startswith("/cases/"),
        "may_search": signed_in and user.may("case.view"),
        "user_name": user.name(language) if signed_in else "",
        "team_name": user.team.name(language) if signed_in and user.team_id else "",
        "single_keys": user.single_keys if signed_in else False,
    }
