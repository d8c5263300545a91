"""Click to call on the page: no number, how the call goes, what it proposes, and why it was not dialled."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as of_django
from django.utils import timezone

from dunwell.arrears.models import AccountState
from dunwell.casework import services
from dunwell.channels.lines import lines
from dunwell.channels.models import Call, CallEvent
from dunwell.channels.services import calling
from dunwell.channels.services.caller_numbers import add_number, standings
from dunwell.channels.services.phone_line import PhoneLine
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.kernel.actor import Actor
from tests import build, telephone

NUMBER = "19000000088"
ZONES = ("Asia/Shanghai", "Pacific/Auckland", "America/New_York", "Europe/Berlin", "Pacific/Honolulu")


def connect(settings, folder, control: int = 1, sip: int = 1) -> None:
    settings.LINES_FILE = folder / "lines.yaml"
    settings.LINES_FILE.write_text(
        f"- {{code: phones, channel: call, adapter: baresip, uri: 'sip:{{number}}@127.0.0.1:{sip}',"
        f" seats: {{S00001: '127.0.0.1:{control}'}}}}\n"
    )


def at_desk(client):
    """A collector with a telephone and the case of somebody whose day is open now."""
    zone = next(zone for zone in ZONES if 9 <= timezone.now().astimezone(ZoneInfo(zone)).hour < 21)
    person, _, case = build.debtor(timezone=zone)
    point = build.contact_point(party=person, value=NUMBER)
    user = build.user(language="en")
    type(user).objects.filter(pk=user.pk).update(staff_no="S00001")
    client.force_login(user, backend=of_django.AUTHENTICATION_BACKENDS[1])
    services.hold(case_id=case.pk, user=user, now=timezone.now())
    return case, point


def dial(client, case, point) -> str:
    form = {"point": point.pk, "key": "dial-by-click"}
    return client.post(f"/cases/{case.case_no}/dial", form, HTTP_HX_REQUEST="true").content.decode()


def asked(client, case):
    return client.get(f"/cases/{case.case_no}/call/{Contact.objects.get().pk}")


def test_a_busy_line_is_seen_on_the_page_and_proposed(fresh_database, client, settings, tmp_path):
    case, point = at_desk(client)
    sip = telephone.free_port(socket.SOCK_DGRAM)
    with telephone.seat(tmp_path) as (control, _), telephone.debtor("busy", sip):
        connect(settings, tmp_path, control, sip)
        page = dial(client, case, point)
        assert NUMBER not in page and 'data-call="waiting"' in page and "every 1s" in page

        async def keep() -> None:
            keeper = PhoneLine(lines()[0], lambda: datetime.now(UTC))
            running = asyncio.create_task(keeper.run())
            for _ in range(600):
                await asyncio.sleep(0.1)
                if await asyncio.to_thread(CallEvent.objects.filter(kind="ended").exists):
                    break
            keeper.stopping.set()
            await asyncio.wait_for(running, 60)

        asyncio.run(keep())
    shown = asked(client, case).content.decode()
    assert 'data-propose="busy"' in shown and "486" in shown and "every 1s" not in shown
    again = client.get(f"/cases/{case.case_no}").content.decode()
    assert 'data-propose="busy"' in again and NUMBER not in again


@pytest.mark.django_db
def test_a_payment_between_click_and_dial_is_the_reason_on_the_page(client, settings, tmp_path):
    connect(settings, tmp_path)
    case, point = at_desk(client)
    dial(client, case, point)
    AccountState.objects.update(past_due=0)
    calling.take_wanted(line="phones", seat="S00001", now=timezone.now())
    answer = asked(client, case)
    assert answer["HX-Retarget"] == "#right"
    page = answer.content.decode()
    assert "Not dialled" in page and "G-PAID" in page and "No call under way" in page


@pytest.mark.django_db
def test_a_telephone_that_was_not_ready_in_time_says_so_and_the_slot_is_free_again(client, settings, tmp_path):
    connect(settings, tmp_path)
    case, point = at_desk(client)
    dial(client, case, point)
    calling.take_wanted(line="phones", seat="S00001", now=timezone.now() + timedelta(minutes=2))
    assert "was not ready" in asked(client, case).content.decode()
    assert ContactOutcome.objects.get().outcome == "nothing_left"


@pytest.mark.django_db
def test_the_talk_s_seconds_are_the_telephone_s_and_a_lost_call_asks_the_collector(client, settings, tmp_path):
    connect(settings, tmp_path)
    case, point = at_desk(client)
    dial(client, case, point)
    now, contact = timezone.now(), Contact.objects.get()
    calling.take_wanted(line="phones", seat="S00001", now=now)
    calling.note(contact_id=contact.pk, kind="answered", now=now)
    assert 'data-call="answered"' in asked(client, case).content.decode()
    calling.note(contact_id=contact.pk, kind="ended", now=now + timedelta(seconds=75))
    page = asked(client, case).content.decode()
    assert "75 seconds of talk" in page and "data-propose" not in page
    form = {"key": "save-by-click", "contact": contact.pk, "code": "interrupted", "note": ""}
    assert client.post(f"/cases/{case.case_no}/contact", form, HTTP_HX_REQUEST="true").status_code == 204
    assert ContactOutcome.objects.get().seconds == 75
    assert asked(client, case)["HX-Redirect"].endswith(case.case_no)


@pytest.mark.django_db
def test_an_outcome_written_before_the_telephone_was_ready_stays_and_nothing_is_dialled(client, settings, tmp_path):
    connect(settings, tmp_path)
    case, point = at_desk(client)
    dial(client, case, point)
    contact = Contact.objects.get()
    form = {"key": "save-early", "contact": contact.pk, "code": "no_answer", "note": ""}
    client.post(f"/cases/{case.case_no}/contact", form, HTTP_HX_REQUEST="true")
    assert calling.take_wanted(line="phones", seat="S00001", now=timezone.now()) is None
    assert ContactOutcome.objects.get().outcome == "no_answer"
    assert CallEvent.objects.get().kind == "refused"


@pytest.mark.django_db
def test_another_screen_reads_the_call_without_its_number(client, settings, tmp_path):
    connect(settings, tmp_path)
    case, point = at_desk(client)
    told = client.post(
        f"/api/cases/{case.case_no}/dials", {"contact_point": point.pk, "key": "dial-by-api"}, "application/json",
        headers={"X-CSRFToken": "x"},
    ).json()  # fmt: skip
    assert told["telephone"] and told["number"] is None and Call.objects.get().pk == told["contact"]
    calling.take_wanted(line="phones", seat="S00001", now=timezone.now())
    calling.note_lost(line="phones", seat="S00001", now=timezone.now())
    state = client.get(f"/api/cases/{case.case_no}/calls/{told['contact']}").json()
    assert (state["kind"], state["proposed"]) == ("lost", "")


@pytest.mark.django_db
def test_a_telephone_that_can_name_it_shows_a_number_of_the_pool(client, settings, tmp_path):
    connect(settings, tmp_path)
    text = settings.LINES_FILE.read_text().replace("127.0.0.1:1'", "127.0.0.1:1;from={caller}'", 1)
    settings.LINES_FILE.write_text(text)
    case, point = at_desk(client)
    by, now = Actor.program("test", entity_id=case.entity_id), timezone.now()
    add_number(entity_id=case.entity_id, number="01080001000", region="11", by=by, now=now)
    dial(client, case, point)
    wanted = calling.take_wanted(line="phones", seat="S00001", now=now)
    assert wanted.caller == "01080001000" and CallEvent.objects.get(kind="dialled").detail == wanted.caller
    assert [one.today for one in standings(entity_id=case.entity_id, now=timezone.now())] == [1]
