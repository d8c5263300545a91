"""The receipt as figures and the lines that sum to them: one form for the command, the pages and the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dunwell.arrears.rules.interest import Figure as Statement
from dunwell.arrears.rules.unpaid import unpaid_parts
from dunwell.nightly.computed import Computed
from dunwell.portfolio.rules import COMPONENTS


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is (`code` with its `values`), and its amount or word."""

    code: str
    amount: Decimal | str | None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its lines. Where it `sums`, the lines' amounts add up to it, to the cent."""

    code: str
    value: Decimal | str
    lines: Sequence[Line] = ()
    sums: bool = False
    values: dict[str, Any] = field(default_factory=dict)


def receipt(found: Computed) -> list[Figure]:
    """All figures of an account, in the order in which they are read."""
    return [
        _balance(found),
        _past_due(found),
        *_days(found),
        *_interest(found),
        *_late_charges(found),
        _risk(found),
        *_buckets(found),
        *_differences(found),
        *_court(found),
    ]


def _balance(found: Computed) -> Figure:
    state = found.state
    lines = [Line(name, state[name]) for name in COMPONENTS if state[name]]
    if state["credit_balance"]:
        lines.append(Line("credit_balance", -state["credit_balance"]))
    lines += [Line("posted", -m["amount"], {"day": m["posting_date"]}) for m in found.movements]
    rest = state["balance"] - sum((line.amount for line in lines), Decimal(0))
    if rest:  # the host's components do not sum to its balance
        lines.append(Line("not_explained", rest))
    return Figure("balance", state["balance"], lines, sums=True)


def _past_due(found: Computed) -> Figure:
    at_close = Decimal(found.closing["past_due_at_close"])
    lines = [Line("at_close_derived" if found.closing["derived"] else "at_close_host", at_close)]
    lines += [Line("posted", -m["amount"], {"day": m["posting_date"]}) for m in found.movements if m["counts"]]
    rest = found.state["past_due"] - sum((line.amount for line in lines), Decimal(0))
    if rest:
        below = found.state["past_due"] - rest < 0
        lines.append(Line("paid_beyond" if below else "within_tolerance", rest))
    return Figure("past_due", found.state["past_due"], lines, sums=True)


def _days(found: Computed) -> Iterator[Figure]:
    """Payments go to the oldest due first, so what is past due is made of the newest dues."""
    state, as_of = found.state, found.as_of
    since = state["oldest_due_date"]
    yield Figure(
        "days_past_due",
        str(state["days_past_due"]),
        [Line("from_to", str(state["days_past_due"]), {"since": since, "as_of": as_of})] if since else [],
    )
    delinquent = [Line("days_past_due", str(state["days_past_due"]))] if since else []
    taken = state["days_past_due"] - state["days_delinquent"] - state["paused_days"]
    if since and taken > 0:
        delinquent.append(Line("grace", str(-taken), {"days": state["grace_days"]}))
    if since and state["paused_days"]:
        delinquent.append(Line("paused", str(-state["paused_days"])))
    yield Figure("days_delinquent", str(state["days_delinquent"]), delinquent)
    yield Figure("bucket", state["bucket"])
    told = [(due["due_date"], due["statement_date"], due["amount"]) for due in found.dues]
    parts, left = unpaid_parts(state["past_due"], told, as_of=as_of)
    dues = [Line("due", part, {"day": day, "statement": statement}) for day, statement, part in parts]
    if left > 0:
        dues.append(Line("before_known", left))
    yield Figure("oldest_due_date", str(since or "none"), dues)


def _interest(found: Computed) -> Iterator[Figure]:
    """Each closed statement's interest, then what has run up since the last one."""
    for figure in found.statements:
        closed = found.interest is not None and (
            found.interest["statement_date"] is not None and figure.statement_date <= found.interest["statement_date"]
        )
        if figure.lines or not closed:
            yield Figure(
                "interest" if closed else "interest_since",
                figure.interest,
                _interest_lines(figure),
                sums=True,
                values={"day": figure.statement_date},
            )


def _interest_lines(figure: Statement) -> list[Line]:
    lines = []
    for line in figure.lines:
        if not line.days:
            lines.append(Line("rounding", line.amount, {"sheet": line.sheet}))
            continue
        lines.append(
            Line(
                "stretch",
                line.amount,
                {
                    "kind": line.kind, "first": line.from_day, "last": line.to_day, "days": line.days,
                    "balance": line.balance, "rate": line.rate, "per_days": line.per_days, "rule": line.rule,
                    "source": line.source, "sheet": line.sheet,
                },
            )
        )  # fmt: skip
    return lines


def _late_charges(found: Computed) -> Iterator[Figure]:
    """A share of what was missing of the minimum, with floor and cap; the last cycle's."""
    for charge in found.late_charges[-1:]:
        exact = charge["unpaid"] * charge["share"]
        lines = [
            Line("minimum", charge["minimum_payment"], {"day": charge["due_date"]}),
            Line("minimum_paid", -charge["paid"]),
            Line("minimum_unpaid", charge["unpaid"]),
            Line("share", exact, {"share": charge["share"], "unpaid": charge["unpaid"], "source": charge["source"]}),
        ]
        if charge["amount"] != exact:
            lines.append(Line("floor_or_cap", charge["amount"] - exact))
        yield Figure("late_charge_ours", charge["amount"], lines, values={"day": charge["charged_on"]})


def _risk(found: Computed) -> Figure:
    """The class and what each table of classes says by itself; the worst of all is the class."""
    risk = found.risk
    return Figure(
        "risk_class",
        risk["risk_class"],
        [
            Line("card_class", risk["card_class"], {"days": risk["days_unpaused"]}),
            Line("asset_class", risk["asset_class"], {"days": found.state["days_past_due"]}),
            Line("worse_wins", risk["risk_rule"]),
        ],
    )


def _buckets(found: Computed) -> Iterator[Figure]:
    """The buckets it was in, by the dues and the money known: a payment for an earlier day changes them from that day."""
    if found.stays:
        lines = [
            Line("stay", bucket, {"first": entered, "last": left}) for _account, bucket, entered, left in found.stays
        ]
        yield Figure("buckets", str(found.stays[0][2]), lines)


def _differences(found: Computed) -> Iterator[Figure]:
    for row in found.differences:
        yield Figure(
            "difference",
            row["difference"],
            [Line("host_found", row["found"]), Line("we_expected", -row["expected"])],
            sums=True,
            values={"component": row["component"], "cause": row["cause"]},
        )


def _court(found: Computed) -> Iterator[Figure]:
    """What courts commonly leave standing of interest, late charges and fees together."""
    if found.court is not None:
        cut = found.court
        yield Figure(
            "court",
            cut.payable,
            [Line("claimed", cut.claimed), Line("court_cut", -cut.cut), Line("allowed", None, {"amount": cut.allowed})],
            sums=True,
        )
