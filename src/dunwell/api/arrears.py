"""Figures with their lines, differences to the host, and the rules themselves on somebody else's cases."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.arrears import queries, services
from dunwell.arrears.models import AccountState, HostDifference
from dunwell.arrears.rules import interest_terms
from dunwell.arrears.rules.interest import Payment, accrue, figures
from dunwell.arrears.rules.judgment import after_judgment
from dunwell.arrears.rules.rates import FinancingCost, Flow, NoRate, financing_cost
from dunwell.compliance import queries as compliance_queries
from dunwell.engine import session
from dunwell.kernel import cases
from dunwell.kernel.times import business_date
from dunwell.nightly import computed
from dunwell.nightly.computed.receipt import Figure, receipt
from dunwell.portfolio.models import Account

router = Router(tags=["arrears"])
#: What may be put to the rules: the columns of `dunwell check`, by the same modules.
CHECKS = {
    "ageing": "dunwell.arrears.checks.ageing",
    "interest": "dunwell.arrears.checks.interest",
    "allocation": "dunwell.arrears.checks.allocation",
    "schedule": "dunwell.arrears.checks.schedule",
    "rate": "dunwell.arrears.checks.rate",
}
MOST_ROWS = 1_000


class LineOut(Schema):
    code: str
    amount: Decimal | str | None
    values: dict[str, Any]


class FigureOut(Schema):
    """A figure; where it `sums`, its lines' amounts add up to it."""

    code: str
    value: Decimal | str
    sums: bool
    values: dict[str, Any]
    lines: list[LineOut]

    @staticmethod
    def of(figure: Figure) -> dict[str, object]:
        lines = [{"code": one.code, "amount": one.amount, "values": one.values} for one in figure.lines]
        return {
            "code": figure.code, "value": figure.value, "sums": figure.sums, "values": figure.values, "lines": lines,
        }  # fmt: skip


class Receipt(Schema):
    """Of the date asked for, or of the last night before it: `business_date` says which."""

    account_no: str
    currency: str
    business_date: date
    run: int
    in_work: bool
    figures: list[FigureOut]


class DifferenceOut(Schema):
    id: int
    account_no: str
    business_date: date
    component: str
    expected: Decimal
    found: Decimal
    difference: Decimal
    cause: str


class Explanation(Schema):
    reason: str = Field(min_length=1, max_length=200)


class ClassOut(Schema):
    account_no: str
    risk_class: str
    rule: str
    business_date: date


class FlowIn(Schema):
    on: date
    amount: Decimal = Field(description="paid out to the debtor: negative")


class Charge(Schema):
    name: str
    amount: Decimal


class OnDefault(Schema):
    name: str
    terms: str


class CostIn(Schema):
    """A plan or instalment whose cost is to be told (rule of 2026-08-01)."""

    paid_out: FlowIn
    payments: list[FlowIn] = Field(max_length=1_200)
    charges: list[Charge] = []
    on_default: list[OnDefault] = []


class CostOut(Schema):
    principal: Decimal
    charges: list[Charge]
    total: Decimal
    annual_rate_percent: Decimal
    compounded_percent: Decimal
    on_default: list[OnDefault]

    @staticmethod
    def of(cost: FinancingCost) -> dict[str, object]:
        return {
            "principal": cost.principal,
            "charges": [{"name": name, "amount": amount} for name, amount in cost.charges],
            "total": cost.total,
            "annual_rate_percent": cost.annual_rate_percent,
            "compounded_percent": cost.compounded_percent,
            "on_default": [{"name": name, "terms": terms} for name, terms in cost.on_default],
        }


class JudgmentIn(Schema):
    """A money debt after the judgment's term; `ordinary_percent_a_year` where the judgment grants it."""

    debt: Decimal = Field(gt=0, lt=Decimal("1e11"))
    last_day_to_pay: date
    until: date
    ordinary_percent_a_year: Decimal | None = Field(None, ge=0, lt=100)
    payments: list[FlowIn] = []


class JudgmentLine(Schema):
    rule: str
    source: str
    first: date
    last: date
    days: int
    balance: Decimal
    rate: Decimal
    amount: Decimal


class JudgmentOut(Schema):
    interest: Decimal
    lines: list[JudgmentLine]


def account_of(request: HttpRequest, account_no: str) -> Account:
    """The account of the caller's entity that he may open; else 404, and 403 where only named officers may."""
    account = Account.objects.filter(entity_id=request.user.entity_id, account_no=account_no).first()
    if account is None:
        raise HttpError(404, "no such account")
    if not compliance_queries.may_open(account.party_id, user_id=request.user.pk, now=timezone.now()):
        raise HttpError(403, "for named officers only")
    return account


@router.get("/accounts/{account_no}/computed", response=Receipt)
def computed_figures(request: HttpRequest, account_no: str, on: date | None = None) -> dict[str, object]:
    """The lines that sum to each figure of an account on a date, today's when none is given."""
    permitted(request, "case.view")
    account_of(request, account_no)
    try:
        found = computed.compute(account_no=account_no, business_date=on or business_date(timezone.now()))
    except computed.NotKnown as reason:
        raise HttpError(404, reason.code) from None
    return {
        "account_no": account_no,
        "currency": found.state["currency"],
        "business_date": found.as_of,
        "run": found.run.number,
        "in_work": found.in_work,
        "figures": [FigureOut.of(figure) for figure in receipt(found)],
    }


@router.get("/accounts/{account_no}/risk-class", response=ClassOut)
def risk_class(request: HttpRequest, account_no: str) -> dict[str, object]:
    """The five-tier class as it is published; 404 for an account that is not in work."""
    permitted(request, "case.view")
    state = AccountState.objects.filter(account=account_of(request, account_no)).first()
    if state is None or not state.risk_class:
        raise HttpError(404, "not in work")
    return {
        "account_no": account_no,
        "risk_class": state.risk_class,
        "rule": state.risk_rule,
        "business_date": state.business_date,
    }


@router.get("/differences", response=list[DifferenceOut])
def differences(request: HttpRequest) -> list[dict[str, object]]:
    """Differences to the host that wait for an explanation, the newest first; at most 1,000."""
    permitted(request, "report.view")
    return [_difference(one) for one in queries.unexplained(entity_id=request.user.entity_id)[:MOST_ROWS]]


@router.post("/differences/{difference_id}/explanation", response=DifferenceOut)
def explain(request: HttpRequest, difference_id: int, given: Explanation) -> dict[str, object]:
    """Explain one; the same call again changes nothing."""
    by = permitted(request, "difference.explain")
    found = HostDifference.objects.filter(pk=difference_id, account__entity_id=request.user.entity_id).first()
    if found is None:
        raise HttpError(404, "no such difference")
    try:
        services.explain_difference(difference_id=found.pk, reason=given.reason, by=by, now=timezone.now())
    except services.NotAllowed as refused:
        raise HttpError(422, refused.code) from None
    return _difference(found)


def _difference(one: HostDifference) -> dict[str, object]:
    return {
        "id": one.pk, "account_no": one.account.account_no, "business_date": one.business_date,
        "component": one.component, "expected": one.expected, "found": one.found, "difference": one.difference,
        "cause": one.cause,
    }  # fmt: skip


@router.post("/check/{what}", response=list[dict[str, Any]])
def check(request: HttpRequest, what: str, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """`dunwell check` over HTTP: rows with the same columns, at most 1,000; every answer has its case and `error`."""
    permitted(request, "rules.view")
    if what not in CHECKS:
        raise HttpError(404, f"there is no check {what}; there are {', '.join(CHECKS)}")
    if len(rows) > MOST_ROWS:
        raise HttpError(422, f"at most {MOST_ROWS} rows at once; there are {len(rows)}")
    rule: cases.Check = import_module(CHECKS[what]).CHECK
    read = [cases.Row(row, number) for number, row in enumerate(rows, start=1)]
    grouped: dict[str, list[cases.Row]] = {}
    for number, row in enumerate(read):
        if not row[rule.key]:
            raise HttpError(422, str(row.wrong(rule.key, "what its case is called")))
        grouped.setdefault(str(number) if rule.beside else row[rule.key], []).append(row)
    answers: list[dict[str, Any]] = []
    for of, found in zip(grouped.values(), rule.answered(list(grouped.values())), strict=True):
        key = {rule.key: of[0][rule.key]}
        if isinstance(found, cases.Unanswerable):
            answers.append(key | {"error": str(found)})
        else:
            answers += [key | dict(one) | {"error": ""} for one in found]
    return answers


@router.post("/financing-cost", response=CostOut)
def cost(request: HttpRequest, given: CostIn) -> dict[str, object]:
    """Every charge of a plan, their sum, the annual rate, and what only default would add."""
    permitted(request, "rules.view")
    try:
        found = financing_cost(
            paid_out=Flow(given.paid_out.on, given.paid_out.amount),
            payments=[Flow(one.on, one.amount) for one in given.payments],
            charges=[(one.name, one.amount) for one in given.charges],
            on_default=[(one.name, one.terms) for one in given.on_default],
        )
    except (NoRate, ValueError) as reason:
        raise HttpError(422, str(reason)) from None
    return CostOut.of(found)


@router.post("/judgment-interest", response=JudgmentOut)
def judgment_interest(request: HttpRequest, given: JudgmentIn) -> dict[str, object]:
    """Interest after a judgment: the doubled part and, where granted, the ordinary one, as lines of their own."""
    permitted(request, "rules.view")
    terms = interest_terms.in_force(given.until)
    history = after_judgment(
        account_no="judgment",
        debt=given.debt,
        last_day_to_pay=given.last_day_to_pay,
        payments=[Payment(one.on, abs(one.amount)) for one in given.payments],
        until=given.until,
        doubled_rate=terms.delay_interest,
        ordinary_percent_a_year=given.ordinary_percent_a_year,
    )
    with session.connect(threads=1) as connection:
        accrue(connection, [history])
        found = figures(connection, with_lines=True)["judgment"][-1]
    lines = [
        {
            "rule": one.rule, "source": one.source, "first": one.from_day, "last": one.to_day, "days": one.days,
            "balance": one.balance, "rate": one.rate, "amount": one.amount,
        }
        for one in found.lines
    ]  # fmt: skip
    return {"interest": found.interest, "lines": lines}
