"""The pages of the nights, for who may see them."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from dunwell.kernel.actor import Actor
from dunwell.nightly import queries, services
from dunwell.nightly.models import Run, Step
from dunwell.nightly.pages import words
from tests import build, nights

D = date(2026, 11, 22)


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    build.party("P1")
    nights.taken("accounts", D, [nights.position("A1", "P1", past_due="800.00", since=date(2026, 10, 20))])
    services.run(business_date=D, now=build.NOW, by=Actor.program("tests"))


def client(role: str, language: str = "en") -> Client:
    signed_in = Client()
    signed_in.force_login(build.user(role, language=language), backend="dunwell.identity.backends.Backend")
    return signed_in


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("administrator", 200), ("collector", 403)])
def test_who_sees_the_nights(home, role, status):
    assert client(role).get("/runs").status_code == status


def test_a_run_shows_its_steps_in_the_readers_language(home):
    run = queries.latest()
    page = client("manager").get(f"/runs/{run.pk}").content.decode()
    assert set(Step.objects.values_list("name", flat=True)) <= set(words.STEPS)
    assert '<th scope="row">Accounts</th>' in page  # the file that it read
    assert "Roll up to the party" in page and f'hx-get="/runs/{run.pk}"' not in page
    assert page.count('<tr><th scope="row">') >= Step.objects.filter(run=run).count()


def test_a_stopped_night_says_why_and_that_the_last_lists_stay(home):
    with pytest.raises(services.Refused):
        services.run(business_date=date(2026, 11, 23), now=build.NOW, by=Actor.program("tests"))
    assert queries.stopped().business_date == date(2026, 11, 23)
    assert queries.latest().business_date == D
    assert "Accounts: the file of 2026-11-23 has not come." in client("manager").get("/runs").content.decode()


def test_a_running_night_asks_for_its_steps_again(home):
    Run.objects.update(state=Run.State.RUNNING)
    run = Run.objects.get()
    part = client("manager").get(f"/runs/{run.pk}", headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in part and "<html" not in part
