"""A bank's own policy on the law: it may only tighten, and what it would loosen is refused with its line."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dunwell.compliance import shipped
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.reading import PackError, read
from dunwell.compliance.rules.values import Attempt, Event

BASE = shipped.pack_on(date(2026, 11, 24))
TEN = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
HEAD = """overlay:
  id: CN-BANK
  of: CN
  version: bank-1
  jurisdiction: {zh: 本行, en: the bank}
  effective: [2026-06-01, null]
  status_date: 2026-05-01
"""


def laid(body, head=HEAD):
    return read(head + body, "bank.yaml", base=lambda _: BASE)


def asked(pack, now=TEN, history=(), flags=None, **more):
    usual = {"channel": "call", "actor": "bank", "party": "debtor", "person": "1", "point": "p", "debt": "d"}
    attempt = Attempt(**{**usual, "zones": ("Asia/Shanghai",), **more})
    return decide(now=now, pack=pack, attempt=attempt, history=history, flags=flags or {})


def dials(number):
    return tuple(
        Event(TEN - timedelta(minutes=m), "call", "out", "bank", "debtor", "1", "p", "no_answer", "d")
        for m in range(1, number + 1)
    )


CAP = (
    "{rule: CN-CALL-6-PER-POINT, channels: [call, ai_call], subject: contact_point, basis: attempt, over: calendar_day"
)
TIGHTER = f"""windows:
  - {{rule: CN-TIME-NIGHT, intervals: ["09:00-12:00", "14:00-20:00"]}}
caps:
  - {CAP}, limit: 2, exclude: [inbound]}}
gates:
  - {{rule: CN-CARE, group: stop, flag: illness, passes: ["no"], verdict: BLOCK}}
"""


@pytest.mark.parametrize(
    ("now", "history", "flags", "below", "above"),
    [
        (TEN.replace(hour=8, minute=30), (), {}, "ALLOW", "BLOCK"),
        (TEN.replace(hour=13), (), {}, "ALLOW", "BLOCK"),
        (TEN, dials(1), {}, "ALLOW", "ALLOW"),
        (TEN, dials(2), {}, "ALLOW", "BLOCK"),
        (TEN, (), {"illness": "yes"}, "REVIEW", "BLOCK"),
        (TEN.replace(hour=23), (), {}, "BLOCK", "BLOCK"),
    ],
)
def test_an_overlay_forbids_more_and_allows_nothing_more(now, history, flags, below, above):
    assert asked(BASE, now, history, flags).verdict == below
    assert asked(laid(TIGHTER), now, history, flags).verdict == above


def test_both_layers_say_when_it_is_allowed_again():
    answer = asked(laid(TIGHTER), TEN.replace(hour=23))
    assert answer.retry_after == TEN.replace(hour=9) + timedelta(days=1)
    assert answer.pack_version == "cn-2026-01+bank-1"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (f"caps:\n  - {CAP}, limit: 8, exclude: [inbound]}}\n", "at most 6, not 8"),
        (
            f"caps:\n  - {CAP}, limit: 5, exclude: [inbound, not_connected_to_number]}}\n",
            "not_connected_to_number counts",
        ),
        (f"caps:\n  - {CAP}, limit: 5, lifted_by: manager}}\n", "manager does not lift it"),
        (f"caps:\n  - {CAP}, limit: 5, scope: collector_entity}}\n", "over all collectors"),
        ('windows:\n  - {rule: CN-TIME-NIGHT, intervals: ["07:00-21:00"]}\n', "07:00–21:00 is not within 08:00–22:00"),
        (
            'windows:\n  - {rule: CN-TIME-NIGHT, intervals: ["09:00-21:00"], override: manager}\n',
            "manager does not lift it",
        ),
        (
            'gates:\n  - {rule: CN-ART70-STOP, group: stop, flag: art70, passes: ["no", performed], verdict: BLOCK}\n',
            "performed does not pass",
        ),
        (
            'gates:\n  - {rule: CN-ART70-STOP, group: stop, flag: art70, passes: ["no"], verdict: REVIEW}\n',
            "BLOCK, not REVIEW",
        ),
        (
            "gates:\n  - {rule: CN-VISIT-STAFF, group: channel, flag: collectors, at_least: 1, verdict: BLOCK}\n",
            "at least 2, not 1",
        ),
        ("evidence:\n  - {rule: CN-REC-2Y, item: recording, months: 12, from: made}\n", "24 months"),
        (
            "rules:\n  - {id: CN-TIME-NIGHT, title: {zh: x, en: x}, text: {zh: x, en: x},\n"
            "     source: {instrument: PRODUCT, confidence: A, strength: should}}\n",
            "stands in the pack below",
        ),
        ("duties:\n  - {rule: CN-TRAIN, parameters: {every_months: 60}}\n", "every_months is at most 12, not 60"),
        ("duties:\n  - {rule: CN-CRIM-PI, parameters: {alarm: 9999}}\n", "alarm is at most 25, not 9999"),
        ("duties:\n  - {rule: CN-CRIM-PI, parameters: {property: 40}}\n", "property is 50, not 40"),
        ("duties:\n  - {rule: CN-TP-LOST, parameters: {days: 2}}\n", "days is at least 3, not 2"),
        ("duties:\n  - {rule: CN-TRAIN, parameters: {weeks: 1}}\n", "weeks is no number of it, not 1"),
        ("duties:\n  - {rule: CN-TRAIN, parameters: {every_months: 0}}\n", "at most 12, not 0"),
        (f"caps:\n  - {CAP.replace('basis: attempt', 'basis: attempt_unanswered')}, limit: 6}}\n", "a rule of its own"),
        (f"caps:\n  - {CAP.replace('subject: contact_point', 'subject: person')}, limit: 6}}\n", "a rule of its own"),
        (
            "content_bans:\n  - {rule: CN-BAN-2, category: threat, verdict: REVIEW, words: {zh: [走着瞧]}}\n",
            "threat is BLOCK, not REVIEW",
        ),
        (
            "party_purposes:\n  - {rule: CN-TP-UNRELATED, parties: [employer], purposes: [demand], verdict: BLOCK}\n",
            "demand is not permitted",
        ),
        ("own_window: {rule: G-DEBTOR-WINDOW, flag: x, honour: no}\n", "no such field"),
    ],
)
def test_what_an_overlay_would_loosen_is_refused_with_its_line(body, sentence):
    with pytest.raises(PackError) as refused:
        laid(body)
    assert sentence in str(refused.value)
    assert re.match(r"bank\.yaml, line (8|9|10)\b", str(refused.value))  # a line of the overlay's own


def test_a_number_of_a_duty_is_tightened_alone():
    pack = laid("duties:\n  - {rule: CN-CRIM-PI, parameters: {alarm: 10}}\n")
    assert (pack.number("CN-CRIM-PI", "alarm"), pack.number("CN-CRIM-PI", "property")) == (10, 50)
    assert BASE.number("CN-CRIM-PI", "alarm") == 25


def test_an_overlay_begins_with_its_own_day():
    pack = laid(TIGHTER)
    assert (pack.effective.on(date(2026, 5, 31)), pack.effective.on(date(2026, 6, 1))) == (False, True)


def test_of_two_packs_the_strictest_answer_wins():
    uk = shipped.pack_on(date(2026, 11, 24), "UK")
    sunday = datetime(2026, 11, 22, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
    both = asked((BASE, uk), sunday)
    assert asked(BASE, sunday).allowed
    assert (both.verdict, both.primary.rule, both.pack_version) == ("BLOCK", "UK-TIME", "cn-2026-01&uk-2021-05")
    assert both.retry_after == datetime(2026, 11, 23, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
