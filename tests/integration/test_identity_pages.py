"""Every address of the project, for each of the seven roles and for a stranger."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from dunwell.identity.models import Role
from dunwell.identity.pages.guard import PUBLIC, SIGNED_IN
from dunwell.identity.rules import PERMISSIONS, may
from tests import build

pytestmark = pytest.mark.django_db
ROLES = [role.value for role in Role]
OPEN = {"health", "metrics"}  # answered to the machine that watches; they carry no data of people
SAMPLES = {
    "case_no": "C-0000-000000",
    "int": "1",
    "str": "x",
    "slug": "x",
    "path": "x",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2026-11-23",
}


def addresses(patterns=None, before: str = "") -> Iterator[tuple[str, object]]:
    """Every address with its view; the API has its own guard, tested with it."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and not route.startswith("api/"):
            yield route, pattern.callback


def concrete(route: str) -> str:
    """The address with something in the place of each part that varies."""

    def filled(found: re.Match[str]) -> str:
        kind, _, name = found[1].rpartition(":")
        return SAMPLES.get(name) or SAMPLES.get(kind) or "x"

    return "/" + re.sub(r"<([^>]+)>", filled, route)


PAGES = [(route, view) for route, view in addresses() if route not in OPEN]


def test_there_are_pages():
    assert len(PAGES) > 25


@pytest.mark.parametrize(("route", "view"), PAGES, ids=[route or "home" for route, _ in PAGES])
def test_every_page_says_who_may_see_it(route, view):
    guard = getattr(view, "guard", None)
    assert guard in {PUBLIC, SIGNED_IN, *PERMISSIONS}, f"/{route} has no guard"


@pytest.mark.parametrize("role", [*ROLES, "stranger"])
def test_a_page_answers_those_who_may_and_nobody_else(role, client):
    if role != "stranger":
        client.force_login(build.user(role), backend="dunwell.identity.backends.Backend")
    for route, view in PAGES:
        guard, address = view.guard, concrete(route)
        answer = client.get(address, HTTP_SEC_FETCH_SITE="same-origin")
        to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/login?next=")
        if guard == PUBLIC:
            assert answer.status_code != 403 and not to_sign_in, address
        elif role == "stranger":
            assert to_sign_in, f"{address} answers a stranger {answer.status_code}"
        elif guard == SIGNED_IN or may(role, guard):
            assert answer.status_code not in (401, 403) and not to_sign_in, f"{address} refuses {role}"
        else:
            assert answer.status_code == 403, f"{address} answers {role} {answer.status_code}"


@pytest.mark.parametrize("role", [*ROLES, "stranger"])
def test_a_form_is_taken_from_those_who_may_and_from_nobody_else(role, client, tmp_path, settings):
    """Every address once more by POST, with nothing in the form: it may be found wanting, but not by the wrong people."""
    settings.LAKE = str(tmp_path)
    user = None if role == "stranger" else build.user(role)
    for route, view in PAGES:
        guard, address = view.guard, concrete(route)
        if user is not None and "_auth_user_id" not in client.session:
            client.force_login(user, backend="dunwell.identity.backends.Backend")  # one of the pages signs out
        answer = client.post(address, HTTP_SEC_FETCH_SITE="same-origin")
        to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/login?next=")
        if guard == PUBLIC:
            assert answer.status_code != 403 and not to_sign_in, address
        elif user is None:
            assert to_sign_in, f"{address} answers a stranger {answer.status_code}"
        elif guard == SIGNED_IN or may(role, guard):
            narrower = answer.context["exception"] if answer.status_code == 403 else ""  # who reads need not change
            assert not narrower or not may(role, narrower), f"{address} refuses {role}: {narrower}"
            assert answer.status_code != 401 and not to_sign_in, f"{address} refuses {role}"
        else:
            assert answer.status_code == 403, f"{address} answers {role} {answer.status_code}"


def test_the_administrator_sees_no_debtor_and_nobody_else_manages_users():
    assert not may("administrator", "case.view") and not may("administrator", "case.reveal")
    assert PERMISSIONS["user.manage"] == {"administrator"}


def test_a_part_of_a_page_is_not_swapped_for_the_sign_in_page(client):
    answer = client.post("/cases/C-1/contact", HTTP_HX_REQUEST="true")
    assert answer.status_code == 401
