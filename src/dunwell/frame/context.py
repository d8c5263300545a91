"""What every page knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language


@dataclass(frozen=True)
class Link:
    label: object
    path: str
    current: bool
    pages: Sequence[Link] = ()  # of a group: those that lie beside each other behind this link


def _group(label: object, pages: Sequence[tuple], request: HttpRequest) -> Link | None:
    """One link of the bar: the only page that his role may open, or the group of those that it may; None for none."""
    mine = [page for page in pages if any(request.user.may(permission) for permission in page[3])]
    below = [page for page in mine if request.path.startswith((page[1], page[2]))]
    current = max(below, key=lambda page: len(page[1]), default=None)
    links = [Link(name, path, (name, path, also, may) == current) for name, path, also, may in mine]
    if len(links) < 2:
        return links[0] if links else None
    return Link(label, links[0].path, current is not None, links)


def frame(request: HttpRequest) -> dict[str, object]:
    """Theme, language, and the links that the user's role may follow (settings.NAVIGATION)."""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    theme = user.theme if signed_in else request.COOKIES.get("theme", "system")
    links = [link for label, pages in settings.NAVIGATION if signed_in and (link := _group(label, pages, request))]
    return {
        "theme": theme if theme in ("light", "dark") else "system",
        "lang": "en" if language == "en" else "zh-Hans",
        "language": language,
        "links": links,
        "beside": next((link for link in links if link.current and link.pages), None),
        "may_work": signed_in and user.may("case.work") and not request.path.startswith("/cases/"),
        "may_complaints": signed_in and user.may("complaint.view"),
        "may_search": signed_in and user.may("case.view"),
        "user_name": user.name(language) if signed_in else "",
        "team_name": user.team.name(language) if signed_in and user.team_id else "",
        "single_keys": user.single_keys if signed_in else False,
    }
