"""What the night wrote into the log, as a collector reads it."""

import pytest
from django.utils import translation

from dunwell.casework.queries import timeline as read
from dunwell.desk import timeline
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from tests import build

pytestmark = pytest.mark.django_db

NIGHT = [
    ("action.planned", {"steps": ["CALL-16", "SMS-07"]}, ("已计划", "", ("CALL-16", "SMS-07"))),
    ("action.cancelled", {"steps": ["CALL-16"], "reason": "cured"}, ("已取消", "已无逾期", ("CALL-16",))),
    (
        "action.cancelled",
        {"steps": ["CALL-16"], "reason": "not_planned_any_more"},
        ("已取消", "策略不再要求", ("CALL-16",)),
    ),
    ("case.opened", {"past_due": "1234.50", "case_no": "C-1"}, ("立案", "逾期 1,234.50", ())),
    ("case.opened", {"past_due": "10.00", "case_no": "C-1", "reopened": True}, ("重新立案", "逾期 10.00", ())),
]


@pytest.mark.parametrize(("kind", "data", "shown"), NIGHT)
def test_the_nights_entries_say_what_happened(kind, data, shown):
    party = build.party()
    evidence.write(kind=kind, now=build.NOW, by=Actor.program("nightly"), party_id=party.pk, data=data)
    with translation.override("zh-hans"):
        entry = timeline.line(read(party.pk).entries[0], {})
    assert (entry.lead, entry.main, entry.rules) == shown
