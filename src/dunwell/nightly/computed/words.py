"""The receipt in words: a sentence a line, for a collector and, calmer, for the cardholder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from dunwell.arrears.words import CLASSES
from dunwell.frame.templatetags.frame import NONE, joined, money
from dunwell.nightly.computed.receipt import Figure, Line
from dunwell.portfolio.words import COMPONENTS as BALANCE

FIGURES = {
    "balance": gettext_lazy("Balance owed"),
    "past_due": gettext_lazy("Past due"),
    "days_past_due": gettext_lazy("Days past due"),
    "days_delinquent": gettext_lazy("Days delinquent"),
    "bucket": gettext_lazy("Bucket"),
    "oldest_due_date": gettext_lazy("Oldest unpaid due date"),
    "interest": gettext_lazy("Interest of the statement of %(day)s"),
    "interest_since": gettext_lazy("Interest since the last statement, up to %(day)s"),
    "late_charge_ours": gettext_lazy("Late charge of %(day)s"),
    "risk_class": gettext_lazy("Risk class"),
    "buckets": gettext_lazy("Buckets since"),
    "difference": gettext_lazy("Difference to the host: %(component)s, %(cause)s"),
    "court": gettext_lazy("Interest and charges that courts commonly leave standing"),
}
LINES = {
    **BALANCE,
    "credit_balance": gettext_lazy("Credit balance"),
    "posted": gettext_lazy("posted %(day)s"),
    "not_explained": gettext_lazy("not explained by the host's components"),
    "at_close_derived": gettext_lazy("at the close, derived from statements and payments"),
    "at_close_host": gettext_lazy("at the close, the host's word"),
    "paid_beyond": gettext_lazy("paid beyond what is past due"),
    "within_tolerance": gettext_lazy("within the tolerance, or more than had become due"),
    "from_to": gettext_lazy("from %(since)s, the due date, to %(as_of)s"),
    "days_past_due": gettext_lazy("days past due"),
    "grace": gettext_lazy("%(days)s days of grace"),
    "paused": gettext_lazy("days on which the counting stood still"),
    "due": gettext_lazy("due %(day)s of statement %(statement)s"),
    "before_known": gettext_lazy("from before the statements that are known"),
    "stretch": gettext_lazy("%(kind)s, %(first)s – %(last)s: %(balance)s × %(rate)s × %(days)s days"),
    "rounding": gettext_lazy("rounded to the cent, half-up, once"),
    "minimum": gettext_lazy("minimum due on %(day)s"),
    "minimum_paid": gettext_lazy("paid towards it in time"),
    "minimum_unpaid": gettext_lazy("missing of the minimum"),
    "share": gettext_lazy("%(unpaid)s × %(share)s"),
    "floor_or_cap": gettext_lazy("rounding, floor or cap"),
    "card_class": gettext_lazy("CN-5T-CARD, %(days)s days with grace, pauses not taken out"),
    "asset_class": gettext_lazy("CN-5T-2023, %(days)s calendar days"),
    "worse_wins": gettext_lazy("the worse one wins; by"),
    "stay": gettext_lazy("%(first)s – %(last)s"),
    "host_found": gettext_lazy("the host's figure"),
    "we_expected": gettext_lazy("the position before, what was booked since, our interest and late charge"),
    "claimed": gettext_lazy("interest, late charges and fees, as computed here"),
    "court_cut": gettext_lazy("above the ceiling: a share a year of the principal, day by day"),
    "allowed": gettext_lazy("the ceiling for these days is %(amount)s"),
}
KINDS = {
    "purchase": pgettext_lazy("bears interest", "purchases"),
    "cash": pgettext_lazy("bears interest", "cash"),
    "instalment": pgettext_lazy("bears interest", "instalments"),
    "interest": pgettext_lazy("bears interest", "interest"),
    "judgment": pgettext_lazy("bears interest", "judgment debt"),
}
COMPONENTS = {
    "principal": pgettext_lazy("component", "principal"),
    "interest": pgettext_lazy("component", "interest"),
    "late_charge": pgettext_lazy("component", "late charge"),
    "fees": pgettext_lazy("component", "fees"),
    "credit": pgettext_lazy("component", "credit balance"),
}
CAUSES = {
    "rounding": pgettext_lazy("cause", "rounding"),
    "rate_or_method": pgettext_lazy("cause", "rate or method differs"),
    "days_not_known": pgettext_lazy("cause", "days before the known statements"),
    "statement_missing": pgettext_lazy("cause", "statement not told"),
    "late_charge_differs": pgettext_lazy("cause", "late charge differs"),
    "payment_spread": pgettext_lazy("cause", "payment spread otherwise"),
    "booking_not_told": pgettext_lazy("cause", "booking not told"),
    "unknown": pgettext_lazy("cause", "not known"),
}
#: By what a rate is in force, where its rule is not of the law, and where it stands.
RATES = {
    "interest.yaml daily_rate": gettext_lazy("daily rate of the contract"),
    "interest.yaml daily_rate_cap": gettext_lazy("highest daily rate of the rule"),
    "judgment": gettext_lazy("by the judgment"),
    "ordinary": gettext_lazy("ordinary interest"),
    "doubled part": gettext_lazy("interest doubled for delay"),
}
#: What the cardholder is shown, and how it is called there.
CARDHOLDER = {
    "balance": gettext_lazy("What you owe"),
    "past_due": gettext_lazy("What should have been paid by now"),
    "oldest_due_date": gettext_lazy("Unpaid since"),
    "interest": gettext_lazy("Interest on your statement of %(day)s"),
    "interest_since": gettext_lazy("Interest since your last statement, up to %(day)s"),
    "late_charge_ours": gettext_lazy("Late charge of %(day)s"),
}


def title(figure: Figure) -> str:
    """A figure's name."""
    return str(FIGURES[figure.code]) % _said(figure.values) if figure.values else str(FIGURES[figure.code])


def for_cardholder(figure: Figure) -> str:
    """A figure's name for the person who owes it; KeyError when it is not his to see."""
    return str(CARDHOLDER[figure.code]) % _said(figure.values) if figure.values else str(CARDHOLDER[figure.code])


def sentence(line: Line) -> str:
    """What a line says."""
    said = LINES[line.code]
    return str(said) % _said(line.values) if line.values else str(said)


def note(line: Line) -> str:
    """By which rule, from where, and on which sheet; nothing for a line that has none."""
    if line.code != "stretch":
        return ""
    parts = [str(RATES.get(said, said)) for said in (line.values["rule"], line.values["source"])]
    if line.values["sheet"] == "off":
        parts.append(gettext("off the balance sheet"))
    return joined(parts)


def _said(values: dict[str, Any]) -> dict[str, str]:
    said = {name: _value(name, value) for name, value in values.items()}
    if "per_days" in values and values["per_days"] != 1:
        said["rate"] = f"{said['rate']} / {values['per_days']}"
    return said


def _value(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in ("rate", "share") and isinstance(value, Decimal):
        return f"{(value * 100).normalize():f} %"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    words = {"kind": KINDS, "component": COMPONENTS, "cause": CAUSES}.get(name, {})
    return str(words.get(value, value))


def shown(figures: Sequence[Figure], *, cardholder: bool = False) -> list[dict[str, Any]]:
    """What `nightly/receipt.html` takes: every figure, or those that are the cardholder's to see, under calmer names."""
    return [
        {
            "title": for_cardholder(figure) if cardholder else title(figure),
            "value": amount(figure.value),
            "sums": figure.sums,
            "lines": [
                {"text": sentence(line), "note": "" if cardholder else note(line), "amount": amount(line.amount)}
                for line in figure.lines
            ],
        }
        for figure in figures
        if not cardholder or figure.code in CARDHOLDER
    ]


def amount(value: Decimal | str | None) -> str:
    """To the cent; with all its decimals where it has more, for the rounding is a line of its own. Classes in words."""
    if value is None:
        return ""
    if not isinstance(value, Decimal):
        return NONE if value == "none" else str(CLASSES.get(value, value))
    shown_as = value.quantize(Decimal("1e-10")).normalize()
    places = max(-int(shown_as.as_tuple().exponent), 2)
    return money(shown_as if places > 2 else value, places)
