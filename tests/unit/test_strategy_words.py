"""Conditions as a manager reads them, made of the tree of the expression."""

from __future__ import annotations

from string import Formatter

import pytest
from django.utils import translation

from dunwell.engine.expressions import FUNCTIONS, check_expression
from dunwell.engine.wording import PHRASES
from dunwell.strategy import words
from dunwell.strategy.rules import reading

CASES = [
    ("first_payment_default", "first-payment default", "首逾"),
    ("NOT (first_payment_default)", "not first-payment default", "非首逾"),
    ("first_payment_default = FALSE", "not first-payment default", "非首逾"),
    ("auto_debit IS NOT FALSE", "auto debit agreed", "已约定自动还款"),
    (
        "currency = 'CNY' AND balance >= 50000 OR currency <> 'CNY' AND balance >= 7000.50",
        "currency is CNY and balance ≥ 50,000, or currency is not CNY and balance ≥ 7,000.50",
        "币种为CNY且余额 ≥ 50,000，或币种不为CNY且余额 ≥ 7,000.50",
    ),
    (
        "(bucket = 'M1' OR bucket = 'M2') AND accounts = 2",
        "(bucket is M1, or bucket is M2) and accounts = 2",
        "（账龄段为M1，或账龄段为M2）且账户数 = 2",
    ),
    ("(balance > 1 AND (accounts > 2))", "balance > 1 and accounts > 2", "余额 > 1且账户数 > 2"),
    ("NOT balance < 30000", "balance ≥ 30,000", "余额 ≥ 30,000"),
    ("NOT (stage = 'mid' OR auto_debit)", "not (stage is Mid, or auto debit agreed)", "非（催收阶段为中端，或已约定自动还款）"),
    ("days_delinquent BETWEEN 30 AND 60", "days delinquent from 30 to 60", "计算逾期天数在 30 至 60 之间"),
    ("days_delinquent NOT BETWEEN 30 AND 60", "days delinquent not from 30 to 60", "计算逾期天数不在 30 至 60 之间"),
    ("promise_state IN ('broken', 'partly_kept')", "promise is one of: broken, partly kept", "承诺为以下之一：未兑现、部分兑现"),
    ("promise_state NOT IN ('')", "promise is not none", "承诺不为无"),
    ("last_reached IS NULL", "never reached", "从未接通本人"),
    ("last_reached IS NOT NULL", "reached before", "曾接通本人"),
    ("credit_limit IS NULL", "credit limit is not known", "信用额度未知"),
    ("oldest_due_date < DATE '2026-11-23'", "oldest unpaid due date < 2026-11-23", "最早未还到期还款日 < 2026-11-23"),
    (
        "date_diff('day', last_contact, oldest_due_date) > -3",
        "days from last contact to oldest unpaid due date > −3",
        "最近联系日至最早未还到期还款日的天数 > −3",
    ),
    ("past_due / (balance + 1) >= 0.5", "past due ÷ (balance + 1) ≥ 0.5", "逾期金额 ÷ （余额 + 1） ≥ 0.5"),
    (
        "CASE WHEN accounts > 1 THEN balance ELSE past_due END > 100",
        "where accounts > 1: balance, otherwise past due > 100",
        "若账户数 > 1则余额、否则逾期金额 > 100",
    ),
    ("coalesce(disputed_amount, 0) = 0", "disputed amount (where not known: 0) = 0", "异议金额（未知时：0） = 0"),
    ("starts_with(lower(branch), 'sz')", "starts_with(lower(branch), sz)", "starts_with(lower(分行), sz)"),
    ("branch LIKE 'S%'", "branch has the form S%", "分行形如 S%"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "english", "chinese"), CASES, ids=[case[0] for case in CASES])
def test_a_condition_in_both_languages(said, english, chinese):
    check_expression(said, reading.COLUMNS, expect="boolean", values=reading.VALUES)
    with translation.override("en"):
        assert words.condition(said) == english
    with translation.override("zh-hans"):
        assert words.condition(said) == chinese


def test_every_column_value_and_phrase_has_its_words():
    assert set(words.COLUMNS) == set(reading.COLUMNS)
    assert all(set(words.VALUES[name]) == set(reading.VALUES[name]) for name in words.VALUES)
    assert {key: sorted(gaps) for key, gaps in PHRASES.items()} == {
        key: sorted(name for _, name, _, _ in Formatter().parse(str(phrase)) if name)
        for key, phrase in words.PHRASES.items()
    }


def test_what_has_no_words_is_called_as_it_is_written():
    given = {"round": "balance, 2", "lpad": "branch, 3, '0'", "rpad": "branch, 3, '0'", "replace": "branch, 'a', 'b'",
             "substring": "branch, 1, 2", "left": "branch, 1", "right": "branch, 1", "contains": "branch, 'a'",
             "starts_with": "branch, 'a'", "nullif": "balance, 0", "concat": "branch, product"}  # fmt: skip
    numbers, dates = ("abs", "floor", "ceil"), ("year", "month", "day", "last_day")
    spoken = ("least", "greatest", "coalesce", "if", "cast", "date_diff")
    for name in set(FUNCTIONS) - set(spoken):
        own = given.get(name) or ("balance" if name in numbers else "last_contact" if name in dates else "branch")
        check_expression(f"{name}({own})", reading.COLUMNS)
        assert words.condition(f"{name}({own})").startswith(f"{name}("), name
