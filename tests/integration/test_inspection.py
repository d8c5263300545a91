"""What an inspector gets of a period: the same draw again, and any contact that broke an hour or a cap, by name."""

from __future__ import annotations

import io
import re
import uuid
from datetime import timedelta

import openpyxl
import pytest

from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, GateDecision
from dunwell.compliance.queries import breaches, in_force
from dunwell.evidence.models import Log
from dunwell.identity.models import Role
from dunwell.kernel.actor import Actor
from dunwell.oversight import export
from dunwell.oversight.queries.looks import with_alarms
from dunwell.oversight.services import raise_alarms
from dunwell.portfolio import services as portfolio
from tests import build

pytestmark = pytest.mark.django_db
CLERK = Actor.program("test")
NOW, TODAY = build.NOW, build.TODAY


def dialled(party, point, nr: int, at=NOW, **told: object) -> Contact:
    reserved = compliance.reserve(
        party_id=party.pk, contact_point_id=point.pk, channel="call", key=f"dial-{party.pk}-{nr}", by=CLERK, now=at, **told
    )  # fmt: skip
    compliance.record_outcome(
        contact_id=reserved.contact.pk, outcome="no_answer", by=CLERK, now=at, key=f"o-{party.pk}-{nr}"
    )
    return reserved.contact


def report(**told: object) -> dict[str, list[dict[str, object]]]:
    table = export.inspection_table(TODAY, TODAY, entity_id=build.entity().pk, **told)
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return {name: [row for row in rows if row["section"] == name] for name in {row["section"] for row in rows}}


def test_contacts_that_the_gate_let_pass_break_nothing():
    party, point, _ = build.debtor()
    for nr in range(3):
        dialled(party, point, nr, NOW + timedelta(minutes=nr))
    assert list(breaches.of_period(first=TODAY, last=TODAY)) == []
    assert [row["detail"] for row in report()["breaches"]] == ["none"]


def test_a_contact_at_night_and_one_beyond_the_cap_are_named_with_their_rule(client):
    party, point, _ = build.debtor()
    made = [dialled(party, point, nr, NOW + timedelta(minutes=nr)) for nr in range(6)]
    seventh = Contact.objects.create(**_copy(made[-1], NOW + timedelta(hours=1), "seventh"))
    late = Contact.objects.create(**_copy(made[0], NOW + timedelta(hours=12), "late"))
    found = {one.contact_id: one.rules for one in breaches.of_period(first=TODAY, last=TODAY)}
    assert set(found) == {seventh.pk, late.pk}
    assert "CN-CALL-6-PER-POINT" in found[seventh.pk]
    assert "CN-TIME-NIGHT" in found[late.pk]
    assert {row["number"] for row in report()["breaches"]} == {str(seventh.pk), str(late.pk)}
    client.force_login(build.user(Role.COMPLIANCE, language="en"), backend="dunwell.identity.backends.Backend")
    page = client.get("/reports/inspection?from=2026-11-23&to=2026-11-23").content.decode()
    title = in_force(TODAY).rules["CN-TIME-NIGHT"].title.en
    assert re.search(f'{title}[^<]* <span class="code">[^<]*CN-TIME-NIGHT', page) and "<td>permitted</td>" in page


def _copy(contact: Contact, at, key: str) -> dict[str, object]:
    """A contact that somebody wrote past the gate: with the decision of another."""
    kept = GateDecision.objects.get(pk=contact.decision_id)
    kept.pk = None
    kept.save(force_insert=True)
    names = (
        "entity_id",
        "party_id",
        "person_id",
        "party_type",
        "contact_point_id",
        "point_digest",
        "channel",
        "purpose",
    )
    return {
        **{name: getattr(contact, name) for name in names}, "decision": kept, "expires_at": at, "local_date": TODAY,
        "reserved_at": at, "key": key, "token": uuid.uuid4(),
    }  # fmt: skip


def test_a_contact_that_nobody_asked_about_is_named():
    party, point, _ = build.debtor()
    made = dialled(party, point, 1)
    bare = Contact.objects.create(**{**_copy(made, NOW + timedelta(minutes=5), "bare"), "decision": None})
    assert [(one.contact_id, one.rules) for one in breaches.of_period(first=TODAY, last=TODAY)] == [
        (bare.pk, ("no_decision",))
    ]


def test_the_same_seed_draws_the_same_contacts_and_reveals_and_lists_stand_beside_them():
    party, point, _ = build.debtor()
    for nr in range(5):
        dialled(party, point, nr, NOW + timedelta(minutes=nr))
    officer = Actor(user_id=build.user(Role.COMPLIANCE).pk, name="S00077", entity_id=build.entity().pk)
    portfolio.reveal_contact_point(contact_point_id=point.pk, by=officer, reason="inspection", now=NOW)
    compliance.add_to_list(list="sensitive", party_id=party.pk, reason="judge", by=officer, now=NOW)
    once, again, other = report(size=2), report(size=2), report(size=2, seed="another")
    assert once == again and len(once["sample"]) == 2 and once["sample"][0]["detail"] == "2/5"
    assert {row["number"] for row in other["sample"]} <= {
        str(pk) for pk in Contact.objects.values_list("pk", flat=True)
    }
    assert [(row["outcome"], row["detail"], row["by"]) for row in once["looks"]] == [
        ("party.revealed", "inspection", "S00077")
    ]
    assert [(row["rule"], row["outcome"], row["detail"]) for row in once["lists"]] == [("sensitive", "added", "judge")]


def test_the_page_shows_every_section_and_the_file_is_logged(client):
    party, point, _ = build.debtor()
    dialled(party, point, 1)
    client.force_login(build.user(Role.COMPLIANCE), backend="dunwell.identity.backends.Backend")
    page = client.get("/reports/inspection?from=2026-11-23&to=2026-11-23")
    assert (
        page.status_code == 200
        and page.content.decode().count('<h2 class="h">') == 7
        and party.party_no in page.content.decode()
    )
    assert client.get("/reports/inspection?from=2026-11-24&to=2026-11-23").status_code == 404
    file = client.get("/reports/inspection.csv?from=2026-11-23&to=2026-11-23")
    assert party.party_no in file.content.decode()


def test_twenty_five_records_in_clear_alarm_compliance_once(client):
    user = build.user()
    by = user.actor
    points = [build.contact_point(party=build.party()) for _ in range(25)]
    for nr, point in enumerate(points):
        if nr == 24:
            portfolio.reveal_contact_point(contact_point_id=points[0].pk, by=by, reason="again", now=NOW)
            assert raise_alarms(now=NOW) == 0
        portfolio.reveal_contact_point(contact_point_id=point.pk, by=by, reason="call", now=NOW)
    assert (raise_alarms(now=NOW), raise_alarms(now=NOW)) == (1, 0)
    alarm = Log.objects.get(kind="export.alarm")
    assert alarm.data == {"user": user.pk, "staff_no": user.staff_no, "day": "2026-11-23", "records": 25,
                          "rule": "CN-CRIM-PI", "most": 25}  # fmt: skip
    assert [(one.records, one.alarmed) for one in with_alarms(today=TODAY, entity_id=user.entity_id)] == [(25, True)]
    client.force_login(build.user(Role.COMPLIANCE), backend="dunwell.identity.backends.Backend")
    assert client.get("/reports/looks").status_code == 200


def test_a_workbook_bears_its_mark_in_properties_header_and_a_sheet():
    table = export.Table("x", ("name",), [("a",)])
    book = openpyxl.load_workbook(io.BytesIO(export.as_xlsx(table, "No. 7 | S00001")))
    assert book.properties.description == "No. 7 | S00001" and book["mark"]["A1"].value == "No. 7 | S00001"
    assert book["x"].oddHeader.right.text == "No. 7 | S00001" and book["x"]["A2"].value == "a"
