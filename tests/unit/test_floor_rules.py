"""What a collector is told beside a case: the best next action, the best time, the script, and his tests."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from dunwell.compliance.shipped import pack_on
from dunwell.desk.advice import said_of
from dunwell.floor.rules.best_time import best_time
from dunwell.floor.rules.next_step import Option, Standing, best, options
from dunwell.floor.rules.scripts import TextWrong, answer, choose, script, shipped
from dunwell.floor.rules.training import courses, judge, needed


@pytest.mark.parametrize(
    ("standing", "step", "why"),
    [
        (Standing(closed=True, live_numbers=1, valid_numbers=1), "leave", "closed"),
        (Standing(on_call=True, live_numbers=1), "finish_call", "on_call"),
        (Standing(held=True, live_numbers=1, valid_numbers=1), "wait_hold", "held"),
        (Standing(promise_open=True, live_numbers=1, valid_numbers=1), "wait_promise", "promise_open"),
        (
            Standing(promise_open=True, call_back_due=True, live_numbers=1, valid_numbers=1),
            "call_back",
            "call_back_due",
        ),
        (Standing(live_numbers=1, valid_numbers=1), "call", "may_call"),
        (
            Standing(live_numbers=1, valid_numbers=1, best_first=18, best_last=20, hour=10),
            "call",
            "may_call_other_hours",
        ),
        (Standing(live_numbers=1, valid_numbers=1, asked_for_plan=True), "offer_plan", "asked_for_plan"),
        (Standing(valid_numbers=1, has_mobile=True, messages_left=1), "message", "no_call_possible"),
        (
            Standing(valid_numbers=1, has_mobile=True, messages_left=1, inside_hours=False),
            "wait_hours",
            "outside_hours",
        ),
        (Standing(live_third=1, valid_numbers=0), "ask_third", "out_of_contact"),
        (Standing(valid_numbers=0), "trace", "no_number"),
        (Standing(valid_numbers=1), "wait", "nothing_fits"),
    ],
)
def test_the_best_next_action_and_its_reason(standing: Standing, step: str, why: str) -> None:
    chosen = best(options(standing))
    assert (chosen.step, chosen.why) == (step, why)


def test_why_not_the_others() -> None:
    found = {one.step: (one.fits, one.why) for one in options(Standing(valid_numbers=1, refused_by="CN-TIME-NIGHT"))}
    assert found["call"] == (False, "gate")
    assert found["trace"] == (False, "number_valid")
    assert found["message"] == (False, "no_mobile")


def test_the_best_time_is_when_he_answers() -> None:
    found = best_time([(9, 6, 0), (13, 4, 1), (19, 4, 3)])
    assert (found.first, found.last, found.reached_then, found.dials_then) == (18, 20, 3, 4)


@pytest.mark.parametrize("hours", [[(19, 4, 4)], [(9, 20, 0)], []])
def test_a_short_or_silent_history_claims_nothing(hours: list[tuple[int, int, int]]) -> None:
    assert best_time(hours).first is None


def test_one_lucky_call_is_no_best_time() -> None:
    assert best_time([(9, 1, 1), (19, 10, 7)]).first == 18


def test_the_most_particular_script_is_shown() -> None:
    scripts = [script(raw) for raw in shipped("script")]
    shown = {
        (stage, flags): choose(scripts, stage=stage, flags=flags).code
        for stage, flags in (("early", ()), ("mid", ()), ("mid", ("promise_broken",)), ("late", ("company",)))
    }
    assert list(shown.values()) == ["CALL-USUAL", "CALL-LATE", "CALL-PROMISE-BROKEN", "CALL-LATE"]


def test_a_script_names_nothing_of_the_debt_before_the_identity_check_and_leaves_no_disclosure_out() -> None:
    raw = dict(shipped("script")[0])
    early = [{**step, "en": "You owe {amount}."} if step["code"] == "identify" else step for step in raw["steps"]]
    with pytest.raises(TextWrong) as wrong:
        script({**raw, "steps": early})
    assert (wrong.value.field, wrong.value.code) == ("identify", "amount")
    silent = [{**step, "disclosures": []} for step in raw["steps"]]
    with pytest.raises(TextWrong, match="who_we_are"):
        script({**raw, "steps": silent})


def test_every_answer_has_its_article_and_what_is_to_be_read_is_there() -> None:
    answers = {found.code: found for found in map(answer, shipped("knowledge"))}
    assert all(found.source["zh-hans"] and found.confidence in ("V1", "V2", "A") for found in answers.values())
    assert {code for course in courses() for code in course.reading} <= set(answers)
    assert answers["HOURS"].has("22:00 催收") and not answers["HOURS"].has("征信")


def test_a_test_is_passed_with_four_of_five_and_counts_for_a_year() -> None:
    course = next(course for course in needed("collector") if course.code == "CONDUCT")
    right = [question.right for question in course.questions]
    assert judge(course, right).passed
    assert judge(course, [None, *right[1:]]).passed  # five of six
    assert not judge(course, [None, None, *right[2:]]).passed
    assert course.until(date(2026, 11, 23)) == date(2027, 11, 22)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_why_he_may_not_be_called_names_the_rule_and_not_its_code(language):
    pack = pack_on(date(2026, 11, 23))
    title = pack.rules["CN-TIME-NIGHT"].title
    with translation.override(language):
        said = said_of(Option("call", False, "gate", {"rule": "CN-TIME-NIGHT"}), pack)
    assert (title.en if language == "en" else title.zh) in said and "CN-" not in said
