"""A file that is missing, late or refused is said on the first page of every role that opens one."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.test import Client
from django.utils import timezone

from dunwell.identity.models import Role
from dunwell.intake import contract, queries
from dunwell.intake.models import IntakeFile
from dunwell.kernel.times import BANK_ZONE
from tests import build

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 24, 9, tzinfo=BANK_ZONE)  # the files of the 23rd were due at six


def arrived(kind: str, status: str = "taken") -> None:
    IntakeFile.objects.create(
        entity=build.entity(), kind=kind, business_date=DAY, name=f"{kind}_{DAY}.csv", sha256=(kind * 9)[:64], status=status,
        refusal={"code": "empty_file"} if status == "refused" else {}, recorded_at=build.NOW,
    )  # fmt: skip


def first_page(role: Role, monkeypatch, clock: datetime = MORNING) -> str:
    client = Client()
    client.force_login(build.user(role, language="en"), backend="dunwell.identity.backends.Backend")
    monkeypatch.setattr(timezone, "now", lambda: clock)
    return client.get("/", follow=True).content.decode()


@pytest.mark.parametrize("role", list(Role))
def test_every_role_is_told_on_its_first_page(monkeypatch, role):
    arrived("accounts")
    page = first_page(role, monkeypatch)
    assert f"Files of {DAY}" in page and "Transactions" in page
    may_see = build.user(role).may("intake.view")
    assert (f'href="/intake?day={DAY}"' in page) is may_see
    assert ("Transactions: missing since 2026-11-24 06:00." in page) is may_see
    assert ("not every day has one" in page) is may_see


@pytest.mark.parametrize("role", list(Role))
def test_nothing_is_said_before_the_time_nor_when_all_have_come(monkeypatch, role):
    assert "Files of" not in first_page(role, monkeypatch, datetime(2026, 11, 24, 5, tzinfo=BANK_ZONE))
    for kind in contract.KINDS:
        arrived(kind)
    assert "Files of" not in first_page(role, monkeypatch)


def test_a_refused_file_is_said_at_once_whether_every_day_has_one_or_not(monkeypatch):
    arrived("cards", "refused")
    page = first_page(Role.ADMINISTRATOR, monkeypatch, datetime(2026, 11, 24, 1, tzinfo=BANK_ZONE))
    assert "Cards: refused, and no other has come." in page and "Transactions" not in page


def test_the_bank_s_own_list_says_which_files_each_day_has(monkeypatch, settings, tmp_path):
    settings.EXPECTED_FILES = tmp_path / "expected.yaml"
    settings.EXPECTED_FILES.write_text('parties: {due: "05:00", daily: true, required: false}\n')
    page = first_page(Role.MANAGER, monkeypatch)
    assert "Parties: missing since 2026-11-24 05:00." in page and "Transactions" not in page
    settings.EXPECTED_FILES = tmp_path / "wrong.yaml"
    settings.EXPECTED_FILES.write_text('people: {due: "05:00", daily: true, required: false}\n')
    with pytest.raises(ValueError, match=r"wrong\.yaml: people is no kind of file"):
        queries.expected(DAY)
