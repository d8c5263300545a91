"""What holds of the gate whatever the pack says, and what a malformed pack is told."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as some

from dunwell.compliance import shipped, words
from dunwell.compliance.rules.gate import SEVERITY, closes_at, decide
from dunwell.compliance.rules.lost import Criteria, lost_contact
from dunwell.compliance.rules.outcomes import OUTCOMES
from dunwell.compliance.rules.pack import GROUPS
from dunwell.compliance.rules.reading import PackError, read
from dunwell.compliance.rules.values import Attempt, Event, Facts
from dunwell.kernel.decision import Verdict

BEIJING = ZoneInfo("Asia/Shanghai")
PACK = shipped.pack_on(date(2026, 11, 24))
TEXT = (shipped.files("dunwell.compliance") / "packs" / "cn-2026-01.yaml").read_text("utf-8")
DAY = datetime(2026, 11, 24, tzinfo=BEIJING)
FAILING = {gate.flag.format(channel="call"): "anything" for gate in PACK.gates if gate.at_least is None}


def attempt(**fields):
    usual = {"channel": "call", "actor": "bank", "party": "debtor", "person": "1", "point": "p", "debt": "d"}
    return Attempt(**{**usual, "zones": ("Asia/Shanghai",), **fields})


def dialled(at, outcome="no_answer", point="p", channel="call", direction="out", person="1"):
    return Event(at, channel, direction, "bank", "debtor", person, point, outcome, "d")


def asked(now, *, history=(), flags=None, **fields):
    return decide(now=now, pack=PACK, attempt=attempt(**fields), history=history, flags=flags or {})


seconds = some.integers(0, 86_399)
flags = some.dictionaries(some.sampled_from(sorted(FAILING)), some.sampled_from(["no", "yes", "open", "valid", "x"]))
events = some.lists(
    some.builds(
        dialled,
        some.integers(-3 * 86_400, 80_000).map(lambda s: DAY + timedelta(seconds=s)),
        outcome=some.sampled_from([*OUTCOMES["call"], "pending", "nothing_left"]),
        point=some.sampled_from("pq"),
        direction=some.sampled_from(["in", "out"]),
    ),
    max_size=12,
).map(tuple)


@given(seconds)
def test_the_window_is_closed_at_its_start_and_open_at_its_end(second):
    inside = 8 * 3600 <= second < 22 * 3600
    assert asked(DAY + timedelta(seconds=second)).allowed is inside


@given(some.integers(0, 9))
def test_the_limit_th_dial_is_allowed_and_the_next_is_not(dials):
    history = tuple(dialled(DAY + timedelta(hours=9, minutes=m)) for m in range(dials))
    assert asked(DAY + timedelta(hours=16), history=history).allowed is (dials < 6)


@settings(max_examples=300, deadline=None)
@given(seconds, events, flags, some.sampled_from(sorted(FAILING)))
def test_a_failing_flag_never_makes_an_answer_milder(second, history, known, added):
    now = DAY + timedelta(seconds=second)
    before = asked(now, history=history, flags=known)
    after = asked(now, history=history, flags=known | {added: FAILING[added]})
    assert SEVERITY[after.verdict] >= SEVERITY[before.verdict] or added in known


@settings(max_examples=200, deadline=None)
@given(seconds, events, some.integers(0, 80_000))
def test_one_more_contact_never_makes_an_answer_milder(second, history, at):
    now = DAY + timedelta(seconds=second)
    more = (*history, dialled(DAY + timedelta(seconds=at), "connected_rpc"))
    assert SEVERITY[asked(now, history=more).verdict] >= SEVERITY[asked(now, history=history).verdict]


@settings(max_examples=200, deadline=None)
@given(seconds, events)
def test_the_time_named_is_the_first_at_which_it_is_allowed(second, history):
    now = DAY + timedelta(seconds=second)
    answer = asked(now, history=history)
    if answer.allowed:
        return
    assert answer.retry_after > now
    assert asked(answer.retry_after, history=history).allowed
    assert not asked(answer.retry_after - timedelta(seconds=1), history=history).allowed


@settings(max_examples=200, deadline=None)
@given(seconds, events, flags)
def test_the_primary_reason_carries_the_answer_and_the_rest_is_in_order(second, history, known):
    answer = asked(DAY + timedelta(seconds=second), history=history, flags=known)
    assert answer.primary.verdict is answer.verdict
    if not answer.allowed:
        assert Verdict.ALLOW not in {reason.verdict for reason in answer.reasons}


def test_the_groups_are_looked_through_in_the_order_of_the_rules():
    answer = asked(
        DAY + timedelta(hours=23),
        history=tuple(dialled(DAY + timedelta(hours=h)) for h in range(9, 15)),
        flags={"art70": "performed", "point_source": "bought", "opt_out_call": "yes", "recording": "no"},
    )
    rules = [reason.rule for reason in answer.reasons]
    assert rules == [
        "CN-ART70-STOP", "CN-SRC", "G-OPT-OUT", "CN-TIME-NIGHT", "CN-CALL-6-PER-POINT", "CN-REC-CALL",
    ]  # fmt: skip
    assert GROUPS == ("stop", "agency", "party", "content", "time", "cap", "channel")
    assert answer.retry_after is None  # a plan in force has no computable end


def test_a_day_cap_reached_in_the_afternoon_gives_tomorrows_opening():
    history = tuple(dialled(DAY + timedelta(hours=h)) for h in range(9, 15))
    answer = asked(DAY + timedelta(hours=16), history=history)
    assert answer.retry_after == DAY + timedelta(days=1, hours=8)
    assert answer.primary.retry_after == DAY + timedelta(days=1)


def test_a_history_that_cannot_be_read_refuses():
    assert asked(DAY + timedelta(hours=10), history=None).primary.rule == "G-UNKNOWN"


def test_a_call_that_he_makes_is_never_refused():
    assert asked(DAY + timedelta(hours=3), direction="in", flags=FAILING).allowed


def test_a_moment_without_zone_is_a_mistake():
    with pytest.raises(ValueError, match="no time zone"):
        asked(datetime(2026, 11, 24, 10, 0))


def test_reasons_carry_texts_in_both_languages_and_their_source():
    reason = asked(DAY + timedelta(hours=7)).primary
    assert reason.text_zh == "债务人当地时间不在可联系时段（08:00–22:00）。"
    assert reason.text_en == "Outside the debtor's permitted hours (08:00–22:00)."
    assert (reason.confidence, reason.citation[:3]) == ("V2", "《金融")


def test_hours_close_with_the_narrower_of_law_and_wish():
    at = DAY + timedelta(hours=19)
    assert closes_at(now=at, pack=PACK, attempt=attempt(), flags={}) == DAY + timedelta(hours=22)
    wish = {"debtor_window": "18:00-21:00"}
    assert closes_at(now=at, pack=PACK, attempt=attempt(), flags=wish) == DAY + timedelta(hours=21)


@given(seconds, events, flags)
def test_kept_facts_give_the_same_facts_back(second, history, known):
    facts = Facts(attempt(), history, known)
    assert Facts.from_json(facts.as_json()) == facts


def test_the_spring_festival_is_known_for_ten_years():
    years = sorted({day.year for day in PACK.clock.special_days["spring_festival"]})
    assert years[-1] - years[0] >= 9
    assert all(later - earlier == 1 for earlier, later in pairwise(years))


def tried(*hours, point="p", outcome="no_answer", direction="out"):
    """Dials so many hours from midnight of DAY; a negative hour is of a day before."""
    return [dialled(DAY + timedelta(hours=h), outcome, point, direction=direction) for h in hours]


EVERY_DAY = (-62, -38, -14)  # 10:00 on each of the three days before
LOST = Criteria.of(PACK)
ONE, TWO = {"p": "valid"}, {"p": "valid", "q": "valid"}


@pytest.mark.parametrize(
    ("numbers", "calls", "answer"),
    [
        (ONE, [], "no"),
        ({"p": "invalid", "q": "invalid"}, [], "number_invalid"),
        ({"p": "invalid", "q": "valid"}, [], "no"),
        ({}, [], "no"),
        (ONE, tried(*EVERY_DAY), "days3"),
        (TWO, tried(*EVERY_DAY), "dials3_prev_day"),  # his second number was never tried
        (TWO, tried(*EVERY_DAY) + tried(*EVERY_DAY, point="q"), "days3"),
        (TWO, tried(*EVERY_DAY) + tried(-62, -14, point="q"), "dials3_prev_day"),
        ({"p": "valid", "q": "invalid"}, tried(*EVERY_DAY), "days3"),
        ({"p": "suspended"}, tried(*EVERY_DAY), "no"),  # waiting to be verified: not proven invalid
        (ONE, tried(-62, -14), "no"),  # not on consecutive days
        (ONE, tried(-62, -14) + tried(-38, outcome="connected_wpc"), "no"),  # somebody else answered
        (ONE, tried(*EVERY_DAY) + tried(0, outcome="connected_rpc"), "no"),
        (ONE, tried(*EVERY_DAY) + tried(0, outcome="connected_rpc", direction="in"), "no"),
        (ONE, tried(8, 9, 9.5), "dials3_same_day"),
        (ONE, tried(-16, -15, -14.5), "dials3_prev_day"),
        (ONE, tried(-16, -15), "no"),
        (ONE, tried(-16, -14.5) + tried(-15, outcome="connected_wpc"), "no"),
        (ONE, tried(8, 9, 9.5, outcome="pending"), "no"),
    ],
)
def test_who_is_out_of_contact(numbers, calls, answer):
    now = DAY + timedelta(hours=10)
    assert lost_contact(now=now, zone="Asia/Shanghai", numbers=numbers, calls=calls, test=LOST) == answer


@pytest.mark.parametrize(
    ("change", "calls", "usual", "moved"),
    [
        ({"days": 2}, tried(-38, -14), "no", "days3"),
        ({"days": 4}, tried(*EVERY_DAY), "days3", "dials3_prev_day"),
        ({"dials": 2}, tried(-16, -15), "no", "dials3_prev_day"),
        ({"dials": 4}, tried(-16, -15, -14.5), "dials3_prev_day", "no"),
        ({"opens_on_day": 1}, tried(8, 9, 9.5), "dials3_same_day", "dials3_prev_day"),
        ({"opens_on_day": 3}, tried(-16, -15, -14.5), "dials3_prev_day", "dials3_same_day"),
    ],
)
def test_each_number_of_the_test_decides(change, calls, usual, moved):
    fields = {"now": DAY + timedelta(hours=10), "zone": "Asia/Shanghai", "numbers": ONE, "calls": calls}
    assert lost_contact(**fields, test=LOST) == usual
    assert lost_contact(**fields, test=replace(LOST, **change)) == moved


LINE_OF_CAP = TEXT[: TEXT.index("limit: 6")].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("limit: 6", "limit: six", f'line {LINE_OF_CAP}, caps[3].limit: a whole number from 0 is expected, not "six"'),
        ("limit: 6", "limits: 6", "no such field"),
        ("[2026-01-30, null]", "[2026-01-32, null]", "a date such as 2026-01-30 is expected"),
        ("rule: CN-ART70-STOP", "rule: CN-ART71", "one of"),
        ("08:00-22:00", "22:00-08:00", "hours such as"),
        ('text: {zh: "不得联系：{what}。"', 'text: {zh: "不得联系：{who}。"', "{who} is not a known value"),
        ("  - id: G-LIST", "  - id: G-UNKNOWN", "stands twice"),
        ("unknowns:", "unknown_words:", "no such field"),
        ("pack:\n", "pack: [\n", "not YAML"),
        ("verdict: BLOCK", "verdict: MAYBE", "one of BLOCK, REVIEW is expected"),
        (TEXT, "", "the file is empty"),
        ("flag: art70", 'flag: "art_{x}"', "the name of a flag"),
        ("over: lifetime", "over: {rolling_days: 7, rolling_hours: 9}", "one of rolling_days and rolling_hours"),
        ("over: lifetime", "over: {}", "one of rolling_days and rolling_hours"),
        ("今日已拨打 {used} 次", "今日已拨打 {used 次", "the braces cannot be read"),
        ("今日已拨打 {used} 次", "今日已拨打 {used:>9} 次", "stands alone in its braces"),
        ("pack:\n", "? [a, b]\n: c\npack:\n", "a name is expected"),
        ("pack:\n", "\x07pack:\n", "not YAML"),
    ],
)
def test_a_malformed_pack_is_refused_with_its_line(old, new, sentence):
    assert old in TEXT
    with pytest.raises(PackError) as refused:
        read(TEXT.replace(old, new, 1), "cn.yaml", beside=shipped.part)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("cn.yaml, line ")


def test_a_changed_pack_has_another_hash():
    changed, same = (read(t, "x", beside=shipped.part) for t in (TEXT.replace("limit: 6", "limit: 5"), TEXT))
    assert changed.sha256 != PACK.sha256 == same.sha256
    with pytest.raises(PackError, match="not among the shipped packs"):
        shipped.pack_of(PACK.version, "0" * 64)


@pytest.mark.parametrize(
    ("reference", "read"),
    [
        ("contact:12", "talk 12"), ("log:7", "log 7"), ("payment 4027", "payment 4027"), ("sms 5", "SMS 5"),
        (f"file:{'5e6f' * 16}", "file 5e6f5e6f5e6f"), ("fact 3", "written down, no. 3"), ("a letter", "a letter"),
    ],
)  # fmt: skip
def test_what_proves_something_is_read_in_words(reference, read):
    with translation.override("en"):
        assert words.proof(reference) == read
