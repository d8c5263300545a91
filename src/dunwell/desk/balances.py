"""What is owed, account beside account, as the case page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from dunwell.arrears.words import CLASSES
from dunwell.casework import queries as casework
from dunwell.desk.view import AccountColumn, BalanceRow

COMPONENTS = (
    ("principal", lambda: _("Principal")),
    ("interest", lambda: _("Interest")),
    ("late_charge", lambda: _("Late charge")),
    ("other_fees", lambda: _("Fees")),
    ("credit_balance", lambda: _("Credit balance")),
    ("paid_since", lambda: _("Paid since")),
)
ALWAYS = ("principal", "interest", "late_charge", "other_fees")


def currencies_of(accounts: Sequence[casework.AccountRow], first: str) -> list[str]:
    """The accounts' currencies, the case's own first: amounts of different ones are never added."""
    return sorted({account.currency for account in accounts}, key=lambda one: (one != first, one))


def elsewhere(found: casework.CasePage) -> list[tuple[str, Decimal]]:
    """What is past due in other currencies than the case's: its own amounts are those of the account that leads."""
    owed: dict[str, Decimal] = {}
    for account in found.accounts:
        late = account.values["past_due"] or Decimal(0)
        if account.currency != found.case.currency and late:
            owed[account.currency] = owed.get(account.currency, Decimal(0)) + late  # type: ignore[operator]
    return sorted(owed.items())


def rows_of(accounts: Sequence[casework.AccountRow], currencies: Sequence[str]) -> list[BalanceRow]:
    found = [account.components or {} for account in accounts]

    def totals(values: Sequence[Decimal]) -> list[Decimal]:
        mine = list(zip(accounts, values, strict=True))
        return [sum((value for account, value in mine if account.currency == c), Decimal(0)) for c in currencies]

    rows = []
    for name, said in COMPONENTS:
        values = [one.get(name, Decimal(0)) for one in found]
        if name in ALWAYS or any(values):
            rows.append(BalanceRow(said(), values, totals(values)))
    for name, said, kind in (("balance", _("Owed"), "sum"), ("past_due", _("Past due"), "")):
        values = [account.values[name] or Decimal(0) for account in accounts]  # type: ignore[misc]
        rows.append(BalanceRow(said, values, totals(values), kind))
    return rows


def tail_of(account: casework.AccountRow) -> str:
    return (
        _("Card %(tail)s") % {"tail": account.words}
        if account.cards
        else _("Account …%(tail)s") % {"tail": account.words}
    )


def column_of(account: casework.AccountRow) -> AccountColumn:
    value = account.values
    return AccountColumn(
        account.id,
        tail_of(account),
        account.currency,
        value["oldest_due_date"],
        value["bucket"],
        value["days_delinquent"],
        CLASSES.get(str(value["risk_class"]), ""),
    )  # type: ignore[arg-type]
