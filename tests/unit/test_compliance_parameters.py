"""Every number of the CN pack: moved by one, an answer changes; and each is the one that the sources give."""

import csv
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dunwell.compliance import shipped
from dunwell.compliance.rules.caps import counts
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.grammar import question
from dunwell.compliance.rules.holds import answered_by
from dunwell.compliance.rules.outcomes import OUTCOMES
from dunwell.compliance.rules.pack import ALL, Interval
from dunwell.compliance.rules.values import Event
from dunwell.compliance.rules.windows import kind_of_day
from dunwell.evidence import retention

DATA = Path(__file__).parent.parent / "data"
PACK = shipped.pack_on(date(2026, 11, 24))
ROWS = [
    question(row)
    for name in ("contact_rules.csv", "contact_rules_more.csv")
    for row in csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines())
    if row["pack"] == "CN"
]


def answers(pack):
    found = []
    for row in ROWS:
        answer = decide(now=row.now, pack=pack, attempt=row.attempt, history=row.history, flags=row.flags)
        found.append((answer.verdict, answer.primary.rule))
    return found


USUAL = answers(PACK)


def moved():
    """Each number of the gate's own rows, moved by one: a limit, a span of days, an edge of hours by a minute."""
    for nr, cap in enumerate(PACK.caps):
        changes = [("limit", 1), ("limit", -1)] + ([("days", 1), ("days", -1)] if cap.over == "rolling_days" else [])
        for name, by in changes:
            other = replace(cap, **{name: getattr(cap, name) + by})
            yield f"{cap.rule} {cap.over} {name} {by:+}", {"caps": (*PACK.caps[:nr], other, *PACK.caps[nr + 1 :])}
    for nr, window in enumerate(PACK.windows):
        (hours,) = window.intervals
        for start, end in ((60, 0), (-60, 0), (0, 60), (0, -60)):
            other = replace(window, intervals=(Interval(hours.start + start, hours.end + end),))
            windows = (*PACK.windows[:nr], other, *PACK.windows[nr + 1 :])
            yield f"{window.rule} {sorted(window.days)} {start:+}/{end:+}", {"windows": windows}
    for nr, gate in enumerate(PACK.gates):
        if gate.at_least is not None:
            for by in (1, -1):
                other = replace(gate, at_least=gate.at_least + by)
                yield f"{gate.rule} at least {by:+}", {"gates": (*PACK.gates[:nr], other, *PACK.gates[nr + 1 :])}


MOVED = list(moved())


@pytest.mark.parametrize("change", [change for _, change in MOVED], ids=[name for name, _ in MOVED])
def test_a_number_moved_by_one_changes_an_answer(change):
    assert answers(replace(PACK, **change)) != USUAL


@pytest.mark.parametrize("nr", range(len(PACK.gates)), ids=[f"{g.rule} {g.flag}" for g in PACK.gates])
def test_a_gate_taken_out_changes_an_answer(nr):
    gates = PACK.gates[:nr] + PACK.gates[nr + 1 :]
    assert answers(replace(PACK, gates=gates)) != USUAL


FESTIVAL = sorted(PACK.clock.special_days["spring_festival"])


@pytest.mark.parametrize("day", FESTIVAL, ids=str)
def test_each_day_of_the_spring_festival_has_its_hours(day):
    """Taken out, or a day beside the four of its year put in, another hour is open."""

    def open_at_nine(pack, on):
        now = datetime(on.year, on.month, on.day, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
        attempt = replace(ROWS[0].attempt, channel="call", party="debtor", purpose="demand")
        flags = {"recording": "yes"}
        return decide(now=now, pack=pack, attempt=attempt, history=(), flags=flags).allowed

    def with_days(days):
        return replace(PACK, clock=replace(PACK.clock, special_days={"spring_festival": frozenset(days)}))

    assert not open_at_nine(PACK, day)
    assert open_at_nine(with_days(set(FESTIVAL) - {day}), day)
    for beside in (day - timedelta(days=1), day + timedelta(days=1)):
        if beside not in FESTIVAL:
            assert open_at_nine(PACK, beside)
            assert not open_at_nine(with_days({*FESTIVAL, beside}), beside)


YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


def test_each_day_of_rest_and_each_day_worked_changes_the_kind_of_a_day():
    kinds = [kind_of_day(PACK.clock, day, {}) for day in YEAR]
    for name in ("days_of_rest", "working_days"):
        for day in getattr(PACK.clock, name):
            without = replace(PACK.clock, **{name: getattr(PACK.clock, name) - {day}})
            moved = [on for on, kind in zip(YEAR, kinds, strict=True) if kind_of_day(without, on, {}) != kind]
            festival = day in PACK.clock.special_days["spring_festival"]  # named by that already
            plain = name == "days_of_rest" and festival
            assert moved == ([] if plain else [day]), (name, day)
    for changed in (PACK.clock.weekend - {6}, PACK.clock.weekend - {7}, PACK.clock.weekend | {1}):
        clock = replace(PACK.clock, weekend=changed)
        assert [kind_of_day(clock, day, {}) for day in YEAR] != kinds


def test_holidays_are_known_to_the_end_of_the_last_year_that_was_arranged():
    days = PACK.clock.days_of_rest | PACK.clock.working_days
    assert PACK.clock.known_to == date(max(days).year, 12, 31)


def outcome_of(channel):
    return Event(
        datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Asia/Shanghai")), channel, "out", "bank", "debtor", "1", "p", "", "d"
    )


@pytest.mark.parametrize("basis", sorted(PACK.counting))
def test_each_outcome_counts_where_the_pack_says_and_nowhere_else(basis):
    """Of each basis every outcome of the channels is put to a cap: it counts when it is named, and only then."""
    cap = replace(PACK.caps[-1], basis=basis, subject="person", selector=replace(PACK.caps[-1].selector, channels=ALL))
    attempt = replace(ROWS[0].attempt, person="1", point="p", debt="d")
    everything = {outcome for outcomes in OUTCOMES.values() for outcome in outcomes}
    counted = {o for o in everything if counts(replace(outcome_of("call"), outcome=o), cap, attempt, PACK)}
    assert counted == PACK.counting[basis] & everything == PACK.counting[basis]
    written = {
        (row["basis"], row["outcome"])
        for row in csv.DictReader((DATA / "cn_counting.csv").read_text(encoding="utf-8").splitlines())
    }
    assert {(basis, outcome) for outcome in counted} == {one for one in written if one[0] == basis}


def test_a_number_that_stands_twice_is_the_same():
    """Years of a duty and months of what is kept; retention.yaml, which the lower room reads, and the pack."""
    kept = {(one.rule, one.item): one.months for one in PACK.keepings}
    for rule, item in (("CN-REC-2Y", "recording"), ("CN-REC-5Y", "recording"), ("CN-PI-ASSESS", "impact_assessment")):
        assert PACK.number(rule, "years") * 12 == kept[rule, item]
    assert PACK.number("CN-SMS", "months") == kept["CN-SMS", "sms_log"]
    by_rule = {one.rule: one.months for one in PACK.keepings}
    for period in retention.periods(date(2026, 11, 24)).values():
        if period.rule in by_rule:
            assert period.years * 12 + period.months == by_rule[period.rule], period.kind
        else:  # the number is the product's own: the law names none, or there is no law
            assert period.rule in PACK.duties or period.rule.startswith("P-"), period.kind
            assert period.confidence == "A"
    visit = next(gate for gate in PACK.gates if gate.rule == "CN-VISIT-STAFF" and gate.at_least is not None)
    assert visit.at_least == PACK.number("CN-VISIT", "collectors")


@pytest.mark.parametrize(
    ("kind", "rule", "name"), [("complaint", "CN-COMPLAINT-DAYS", "days"), ("dispute", "CN-DISPUTE-DAYS", "days")]
)
def test_the_day_by_which_it_is_answered_is_the_packs(kind, rule, name):
    received = date(2026, 11, 1)
    assert answered_by(kind, received, PACK) == received + timedelta(days=15)
    duty = PACK.duties[rule]
    moved = replace(PACK, duties={**PACK.duties, rule: replace(duty, parameters={**duty.parameters, name: "14"})})
    assert answered_by(kind, received, moved) == received + timedelta(days=14)


def test_a_shipped_pack_is_never_another_text():
    """What was decided by it has to be decided again with the same answer: another text is another version."""
    recorded = {
        row["version"]: row["sha256"]
        for row in csv.DictReader((DATA / "pack_hashes.csv").read_text(encoding="utf-8").splitlines())
    }
    assert {pack.version: pack.sha256 for pack in shipped.packs()} == recorded


def test_every_number_is_the_one_that_the_sources_give():
    written = {
        (row["rule"], row["parameter"]): row["value"]
        for row in csv.DictReader((DATA / "cn_parameters.csv").read_text(encoding="utf-8").splitlines())
    }
    found = {(d.rule, name): value for d in PACK.duties.values() for name, value in d.parameters.items()}
    found |= {(kept.rule, f"{kept.item} months from {kept.starts}"): str(kept.months) for kept in PACK.keepings}
    assert found == written


def test_every_rule_of_the_fact_sheet_is_in_the_pack():
    named = {row["rule"] for row in csv.DictReader((DATA / "cn_rules.csv").read_text(encoding="utf-8").splitlines())}
    assert named <= set(PACK.rules)
    assert {rule.about for rule in PACK.rules.values()} == {
        "contact", "agency", "information", "limitation", "court", "referral",
    }  # fmt: skip


def test_every_rule_has_its_source_and_its_confidence():
    for pack in shipped.packs():
        for rule in pack.rules.values():
            assert rule.confidence in {"V1", "V2", "V2c", "M", "A"}, rule.id
            assert pack.citation(rule) and pack.citation(rule, "en") and rule.text.zh and rule.text.en, rule.id
