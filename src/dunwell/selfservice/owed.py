"""What is owed and why, to the cent, as the page shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from dunwell.arrears.rules.unpaid import unpaid_parts
from dunwell.portfolio.rules import IN_INSTALMENTS, INTEREST, PRINCIPAL

#: The components of a balance, in the order in which they are read; the host's own columns.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "principal": (*PRINCIPAL, *IN_INSTALMENTS),
    "interest": INTEREST,
    "late_charge": ("late_charge",),
    "other_fees": ("other_fees",),
}


@dataclass(frozen=True, slots=True)
class Line:
    """`code` names its words, `values` fill them."""

    code: str
    amount: Decimal
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owed:
    """One account: what should have been paid by now, and all that is owed; the lines of each sum to it."""

    account_id: int
    last4: str
    currency: str
    as_of: date
    past_due: Decimal
    balance: Decimal
    past_due_lines: Sequence[Line]
    balance_lines: Sequence[Line]


def past_due_lines(past_due: Decimal, dues: Iterable[tuple[date, date, Decimal]], *, as_of: date) -> list[Line]:
    """What is unpaid of which statement, the oldest first; `dues` as (due date, statement date, amount)."""
    parts, left = unpaid_parts(past_due, dues, as_of=as_of)
    lines = [Line("earlier", left)] if left else []
    return lines + [Line("due", part, {"day": due, "statement": statement}) for due, statement, part in reversed(parts)]


def balance_lines(state: object) -> list[Line]:
    """The components of what is owed; what was paid since the close, and what nothing explains, each by itself."""
    lines = []
    for code, columns in GROUPS.items():
        amount = sum((getattr(state, column) for column in columns), Decimal(0))
        if amount:
            lines.append(Line(code, amount))
    if state.credit_balance:
        lines.append(Line("credit", -state.credit_balance))
    if state.paid_since:
        lines.append(Line("paid_since", -state.paid_since))
    rest = state.balance - sum((line.amount for line in lines), Decimal(0))
    return [*lines, Line("rest", rest)] if rest else lines


def totals(accounts: Iterable[Owed], name: str) -> dict[str, Decimal]:
    """By currency, never added together."""
    found: dict[str, Decimal] = {}
    for account in accounts:
        found[account.currency] = found.get(account.currency, Decimal(0)) + getattr(account, name)
    return found
