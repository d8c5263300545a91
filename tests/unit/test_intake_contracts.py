"""The contracts as data: schemas that agree with them, rules that compile, sentences in both languages."""

from __future__ import annotations

import ast
import json
import re
from importlib import resources

import pytest
from jsonschema import Draft202012Validator

from dunwell.cli.translations import read
from dunwell.engine.expressions import compile_expression
from dunwell.intake import contract as contracts
from dunwell.intake import sentences
from dunwell.kernel import numbers
from dunwell.settings import PACKAGE

ROOM = PACKAGE / "intake"


@pytest.mark.parametrize("kind", contracts.KINDS)
def test_shipped_schema_agrees_with_the_contract(kind: str) -> None:
    shipped = json.loads((ROOM / "contracts" / f"{kind}.schema.json").read_text("utf-8"))
    assert shipped == contracts.schema(contracts.load(kind))
    Draft202012Validator.check_schema(shipped)


def test_schema_accepts_a_good_row_and_refuses_a_bad_amount() -> None:
    schema = Draft202012Validator(contracts.schema(contracts.load("statements")))
    good = {
        "account_no": "A1",
        "currency": "CNY",
        "statement_date": "2026-11-05",
        "due_date": "2026-11-25",
        "statement_balance": "100.00",
        "minimum_payment": "10.00",
    }
    assert schema.is_valid(good)
    assert not schema.is_valid({**good, "minimum_payment": "1O.00"})
    assert not schema.is_valid({name: value for name, value in good.items() if name != "due_date"})


@pytest.mark.parametrize("kind", contracts.KINDS)
def test_every_check_is_an_expression_over_the_contract(kind: str) -> None:
    contract = contracts.load(kind)
    columns = {c.name: contracts.EXPRESSION_TYPES[c.type] for c in contract.columns} | {"business_date": "date"}
    for check in contract.checks:
        assert compile_expression(check.wrong_when, columns, expect=bool, where=f"{kind}, {check.code}")
        assert check.code in (sentences.WARNINGS if check.warning else sentences.FAULTS)
        assert contract.column(check.column)


def test_every_code_of_a_number_has_its_sentence() -> None:
    source = resources.files("dunwell.kernel").joinpath("numbers.py").read_text("utf-8")
    codes = set(re.findall(r'Checked\(False, \w+, "(\w+)"\)', source)) - {"address_length"}
    assert codes <= set(sentences.FAULTS) and len(codes) > 10
    assert numbers.check("mobile", "139").code in codes


def test_every_sentence_is_translated_with_the_same_gaps() -> None:
    said = {
        m.id: m.strings[0] for m in read(ROOM / "locale/zh_Hans/LC_MESSAGES/django.po") if m.context is None and m.id
    }
    needed: set[str] = set()
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if called in ("_", "gettext_noop") and isinstance(node.args[0], ast.Constant):
                needed.add(node.args[0].value)
    for path in ROOM.rglob("*.html"):
        needed |= {match[2] for match in re.finditer(r"""{% translate (["'])(.*?)\1""", path.read_text("utf-8"))}
    assert needed - set(said) == set()
    for english, chinese in said.items():
        gaps = re.compile(r"%\(\w+\)s")
        assert chinese and set(gaps.findall(english)) == set(gaps.findall(chinese)), english
