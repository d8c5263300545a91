"""What the forms of /rules/people and /rules/lists share: days, reasons, and what is said where something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal, InvalidOperation

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE

LARGEST = 10_000_000
WRONG = {
    "day": _("Write the day as 2026-11-23."),
    "hours": _("Write the hours as 18:00-21:00."),
    "reason": _("Say the reason in a few words."),
    "evidence": _(
        "Name evidence that is kept: a file (file 5e6f…), a talk with him (talk 12) or a record of the log (log 34)."
    ),
    "file": _("A file of at most 10 MB is expected."),
    "amount": _("Write the amount as 120.00."),
    "agency": _("Choose the agency."),
    "widen": _("More than the law gives is written down by a team leader or compliance."),
    "zone": _("Write the clock as Asia/Tokyo."),
    "kind": _("Choose what he said."),
    "nobody": _("There is nobody with this number."),
    "number": _("This is not a telephone number."),
    "own": _("Somebody else has to do this."),
}


class Wrong(Exception):  # noqa: N818  (a word of WRONG, shown above the form)
    pass


def amount_of(typed: str) -> Decimal | None:
    if not typed:
        return None
    try:
        amount = Decimal(typed)
    except InvalidOperation:
        raise Wrong("amount") from None
    if not amount.is_finite() or amount <= 0 or amount != round(amount, 2):
        raise Wrong("amount")
    return amount


def changed(
    request: HttpRequest,
    change: Callable[[Actor, datetime], None],
    again: Callable[[str], HttpResponse],
    back: str,
    *place: object,
) -> HttpResponse:
    try:
        change(request.user.actor, timezone.now())
    except Wrong as wrong:
        return again(str(WRONG[str(wrong)]))
    return redirect(back, *place)


def reason_of(request: HttpRequest) -> str:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise Wrong("reason")
    return reason[:200]


def end_of(request: HttpRequest) -> datetime | None:
    """The end of the day that was typed, on the bank's clock."""
    typed = request.POST.get("until", "").strip()
    if not typed:
        return None
    try:
        end = datetime.combine(datetime.fromisoformat(typed).date(), time(23, 59, 59), BANK_ZONE)
    except ValueError:
        raise Wrong("day") from None
    if end <= timezone.now():
        raise Wrong("day")
    return end


def hours_of(typed: str) -> tuple[time, time]:
    try:
        start, end = (time.fromisoformat(part.strip()) for part in typed.split("-"))
    except ValueError:
        raise Wrong("hours") from None
    return start, end
