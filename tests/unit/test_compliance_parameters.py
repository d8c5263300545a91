"""Every number of the CN pack: moved by one, an answer changes; and each is the one that the sources give."""

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dunwell.compliance import shipped
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.grammar import question
from dunwell.compliance.rules.pack import Interval

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
