"""/campaigns: a list is given out, read as a file, its records handed in as a file, and the pool of numbers kept."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.conf import settings as of_django
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dunwell.channels.models import CallerNumber, Campaign, CampaignEntry, DialRecord
from dunwell.channels.services import campaigns
from dunwell.compliance import services as compliance
from dunwell.compliance.models import ContactOutcome
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from tests import build

pytestmark = pytest.mark.django_db
ZONES = ("Asia/Shanghai", "Pacific/Auckland", "America/New_York", "Europe/Berlin", "Pacific/Honolulu")


@pytest.fixture
def leader(client, settings, tmp_path):
    settings.LINES_FILE = tmp_path / "lines.yaml"
    line = {"code": "dial", "channel": "call", "adapter": "dialler", "secret": "s", "outcomes": {"NOANS": "no_answer"}}
    settings.LINES_FILE.write_text(yaml.safe_dump([line]), encoding="utf-8")
    user = build.user("team_leader", language="en")
    client.force_login(user, backend=of_django.AUTHENTICATION_BACKENDS[1])
    return client


def give(client, **typed):
    form = {"title": "M2 today", "line": "dial", "bucket": "M2", "hours": "10", "key": "k-1", **typed}
    return client.post("/campaigns/new", form)


def test_a_list_goes_out_as_a_file_and_its_records_come_back_as_one(leader):
    zone = next(zone for zone in ZONES if 9 <= timezone.now().astimezone(ZoneInfo(zone)).hour < 21)
    _, point, _ = build.debtor(timezone=zone)
    party, _, _ = build.debtor(timezone=zone)
    build.case(party=build.party(), bucket="M1")
    assert give(leader).status_code == 302 and give(leader).status_code == 302  # a double click
    made = Campaign.objects.get()
    rows = list(csv.DictReader(io.StringIO(b"".join(leader.get(f"/campaigns/{made.pk}/entries.csv")).decode())))
    assert [row["masked"] for row in rows][0] == point.masked and len(rows) == 2
    assert Log.objects.filter(kind="campaign.exported").exists()
    at = (timezone.now() - timedelta(minutes=2)).isoformat()
    text = (
        "reference,call_id,started_at,ended_at,outcome,agent\n"
        f"{rows[0]['reference']},c1,{at},{at},NOANS,A-7\n"
        f"{rows[0]['reference']},c2,yesterday,,NOANS,A-7\n"
        f"nobody,c3,{at},{at},NOANS,A-7\n"
    )
    for _ in range(2):
        upload = SimpleUploadedFile("records.csv", text.encode())
        answer = leader.post(f"/campaigns/{made.pk}/results", {"file": upload})
        page = answer.content.decode()
        assert "records.csv, row 3, column started_at: &#x27;yesterday&#x27; is not a moment" in page
    assert DialRecord.objects.count() == 2 and ContactOutcome.objects.get().outcome == "no_answer"
    assert "The reference is of no list of ours" in leader.get("/campaigns").content.decode()
    now = timezone.now()
    compliance.place_hold(
        party_id=party.pk, kind="complaint", reason="calls", ends_at=None, by=Actor.program("test"), now=now
    )
    campaigns.pull_back(now=now)
    page = leader.get(f"/campaigns/{made.pk}").content.decode()
    assert "no answer" in page and party.name_masked in page and "it asks by itself" in page
    leader.post(f"/campaigns/{made.pk}/end")
    assert b"".join(leader.get(f"/campaigns/{made.pk}/entries.csv")).count(b"\r\n") == 1
    assert CampaignEntry.objects.count() == 2


def test_what_was_typed_wrong_is_said_and_stays(leader):
    answer = give(leader, hours="many", title="Evening list")
    page = answer.content.decode()
    assert answer.status_code == 422 and "Write the hours as a whole number" in page and "Evening list" in page
    assert not Campaign.objects.exists()


def test_numbers_are_marked_cleared_and_refused_on_the_page(leader):
    assert "3 to 20 digits" in leader.post("/campaigns/numbers/new", {"number": "x"}).content.decode()
    leader.post("/campaigns/numbers/new", {"number": "010-8000-1000", "region": "11"})
    number = CallerNumber.objects.get()
    leader.post(f"/campaigns/numbers/{number.pk}", {"kind": "marked", "detail": "360: spam"})
    page = leader.get("/campaigns/numbers").content.decode()
    assert "01080001000" in page and "360: spam" in page
    leader.post(f"/campaigns/numbers/{number.pk}", {"kind": "cleared"})
    assert "360: spam" not in leader.get("/campaigns/numbers").content.decode()


def test_another_entity_sees_no_campaign(leader, client):
    build.debtor()
    give(leader)
    user = build.user("team_leader", of=build.entity("agency-1"))
    client.force_login(user, backend=of_django.AUTHENTICATION_BACKENDS[1])
    assert client.get(f"/campaigns/{Campaign.objects.get().pk}").status_code == 404
