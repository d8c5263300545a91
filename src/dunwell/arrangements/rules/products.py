"""The products that may be offered, as products.yaml tells them on a day, and why something is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml

from dunwell.kernel.decision import Reason, Verdict

PRODUCTS = ("instalment_plan", "personalised_plan", "deferral", "settlement", "waiver", "disaster_pause")
PARTS = ("interest", "fees", "principal")  # of what is owed, as far as it may be forgiven


@dataclass(frozen=True, slots=True)
class Product:
    """One product on a day; each field is described at the head of products.yaml. Money is in the account's currency."""

    code: str
    since: date
    basis: str
    offered_by: tuple[str, ...]
    first_day: int
    last_day: int | None
    least: Decimal
    most: Decimal | None
    with_instalments: bool
    first_payment: Decimal
    shape: str
    unit: str
    choices: tuple[int, ...]
    longest: tuple[tuple[Decimal | None, int], ...]
    share_of_left: Decimal | None
    annual_rate_percent: Decimal
    method: str
    day_count: str
    interest: str
    restructures: bool
    waives: Mapping[str, Decimal]
    needs: tuple[str, ...]
    often_times: int
    often_months: int
    several: bool
    first_due_days: int
    due_on_holiday: str
    grace_days: int
    revival_days: int
    revivals: int
    lapses_days: int
    hold: str
    instructions: tuple[str, ...]
    rule: str
    citation: str
    confidence: str
    text: Mapping[str, str]

    def longest_for(self, amount: Decimal) -> int:
        """The longest term of an amount, in the product's unit."""
        return next(longest for up_to, longest in self.longest if up_to is None or amount <= up_to)


@dataclass(frozen=True, slots=True)
class Combined:
    """How one agreement is about several accounts: how many at most, and by what its first payment is spread over them."""

    since: date
    accounts: int
    first_payment_by: str  # amount, past_due
    rule: str


@dataclass(frozen=True, slots=True)
class Mandate:
    """Who approves: `persons` of `roles`, for what lies within the limits (None: no limit)."""

    products: tuple[str, ...]
    amount: Decimal | None
    waived: Decimal | None
    months: int | None
    persons: int
    roles: tuple[str, ...]
    proposed_by: str = ""  # a role whose proposals alone the line covers; empty: everybody's


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody is told who asks for something by a name that the law does not know."""

    words: tuple[str, ...]
    product: str
    answer: Reason


@cache
def document(name: str = "products") -> dict[str, Any]:
    return yaml.safe_load(resources.files("dunwell.arrangements").joinpath(f"{name}.yaml").read_text("utf-8"))


def _in_force(code: str, on: date, issuer: str) -> tuple[date, Any]:
    lines = [line for line in document()[code]["values"] if line["from"] <= on and line.get("issuer", issuer) == issuer]
    if not lines:
        raise LookupError(f"arrangements/products.yaml has no {code} for {on}")
    line = max(lines, key=lambda dated: ("issuer" in dated, dated["from"]))
    return line["from"], line["value"]


@cache
def product(code: str, on: date, issuer: str = "") -> Product:
    """A product as it is offered on a day; an unknown one, or a day before the first line, raises LookupError."""
    if code not in PRODUCTS:
        raise LookupError(f"{code} is not a product; known are {', '.join(PRODUCTS)}")
    since, value = _in_force(code, on, issuer)
    given = document()[code]
    source = given["source"]
    first_day, last_day = value["days"]
    most = value["balance"]["most"]
    return Product(
        code=code,
        since=since,
        first_day=first_day,
        last_day=last_day,
        least=Decimal(value["balance"]["least"]),
        most=None if most is None else Decimal(most),
        first_payment=Decimal(value["first_payment"]),
        longest=tuple(
            (None if row["up_to"] is None else Decimal(row["up_to"]), row["longest"]) for row in value["longest"]
        ),
        share_of_left=None if value["share_of_left"] is None else Decimal(value["share_of_left"]),
        annual_rate_percent=Decimal(value["annual_rate_percent"]),
        waives={part: Decimal(value["waives"][part]) for part in PARTS},
        often_times=value["often"]["times"],
        often_months=value["often"]["months"],
        **{name: tuple(value[name]) for name in ("offered_by", "choices", "needs", "instructions")},
        **{
            name: value[name]
            for name in (
                "basis", "with_instalments", "shape", "unit", "method", "day_count", "interest", "restructures", "first_due_days",
                "due_on_holiday", "grace_days", "revival_days", "revivals", "lapses_days", "hold", "several",
            )
        },
        rule=source["rule"],
        citation=source["instrument"],
        confidence=source["confidence"],
        text={"en": given["text"], "zh-hans": given["text_zh"]},
    )  # fmt: skip


def combined(on: date, issuer: str = "") -> Combined:
    """The terms of agreements over several accounts in force on a day."""
    since, value = _in_force("combined", on, issuer)
    return Combined(since, value["accounts"], value["first_payment_by"], document()["combined"]["source"]["rule"])


def statutory_longest(on: date) -> int:
    """The longest term of a personalised plan, in months (Art 70)."""
    return _in_force("statutory", on, "")[1]["longest_months"]


def mandates(on: date, issuer: str = "") -> tuple[Mandate, ...]:
    """The mandate matrix in force on a day, in its order."""

    def limit(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    return tuple(
        Mandate(
            tuple(row["products"]), limit(row["amount"]), limit(row["waived"]), row["months"], row["persons"],
            tuple(row["roles"]), row.get("proposed_by", ""),
        )
        for row in _in_force("mandates", on, issuer)[1]
    )  # fmt: skip


def mandate_for(
    *, code: str, amount: Decimal, waived: Decimal, months: int, on: date, issuer: str = "", by_role: str = ""
) -> Mandate:  # fmt: skip
    """The first line that covers a proposal. The last line covers everything: LookupError where the data lack one."""

    def within(value: Decimal | int, limit: Decimal | int | None) -> bool:
        return limit is None or value <= limit

    for row in mandates(on, issuer):
        fits = within(amount, row.amount) and within(waived, row.waived) and within(months, row.months)
        if fits and code in row.products and row.proposed_by in ("", by_role):
            return row
    raise LookupError(f"no mandate covers {code} over {amount}")


def refusal(rule: str, **numbers: object) -> Reason:
    """The reason that a rule gives, with its sentence filled in both languages; amounts in groups of three digits."""
    row = document("refusals")["rules"][rule]
    numbers = {name: f"{one:,.2f}" if isinstance(one, Decimal) else one for name, one in numbers.items()}
    return Reason(
        rule=rule, verdict=Verdict.BLOCK, text_zh=row["zh"].format(**numbers), text_en=row["en"].format(**numbers),
        citation=row["citation"], confidence=row["confidence"],
    )  # fmt: skip


def requests() -> Sequence[Asked]:
    """What people ask for by a name of their own, and what they are told."""
    return [
        Asked(
            tuple(row["words"]), row["product"],
            Reason("CN-ART70", Verdict.REVIEW, row["zh"], row["en"], row["citation"], row["confidence"]),
        )
        for row in document("refusals")["requests"]
    ]  # fmt: skip


def asked_for(words: str) -> Asked | None:
    """What to say to somebody who asks for it in these words; None where nothing special is said."""
    return next((one for one in requests() if any(each in words for each in one.words)), None)
