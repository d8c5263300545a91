"""`dunwell why`: the lines that sum to each figure of an account, by the programs of that night on its frozen inputs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.utils import translation

from dunwell.cli.environment import Refused

WHY_NOT = {
    "no_night": "No night was published for {date}.",
    "not_kept": "The inputs of the night of {date} are not in the lake any more.",
    "no_account": "Account {account} is not in the book of {date}.",
}


def lines(*, account_no: str, business_date: date) -> Iterator[str]:
    """What is printed: a figure, then below it the lines that sum to it. Raises Refused."""
    from dunwell.nightly import computed
    from dunwell.nightly.computed.receipt import receipt
    from dunwell.nightly.computed.words import note, sentence, title

    try:
        found = computed.compute(account_no=account_no, business_date=business_date)
    except computed.NotKnown as reason:
        raise Refused(WHY_NOT[reason.code].format(account=account_no, date=business_date)) from None
    with translation.override("en"):
        yield f"account {account_no}, {found.state['currency']}, business date {found.as_of}, run {found.run.number}"
        if found.as_of != business_date:
            yield f"    no night was published for {business_date}: these are the figures of the last one before it"
        if not found.in_work:
            yield "    not in work: from the book of that day"
        for figure in receipt(found):
            named = f"{figure.code} {title(figure)}" if figure.values else figure.code
            yield f"{named:<48} {_amount(figure.value):>17}"
            for line in figure.lines:
                yield f"    {sentence(line):<64} {_exact(line.amount):>17}".rstrip()
                if said := note(line):
                    yield f"        {said}"


def _amount(value: Decimal | str) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def _exact(value: Decimal | str | None) -> str:
    """To the cent; with all its decimals where it has more: rounding is a line of its own."""
    if not isinstance(value, Decimal):
        return value or ""
    shown = value.quantize(Decimal("1e-10")).normalize()
    return f"{shown:f}" if -shown.as_tuple().exponent > 2 else f"{value:.2f}"
