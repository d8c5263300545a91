"""Tags and filters of every page: addresses of assets, figures, days, moments, and small charts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from dunwell.kernel.times import BANK_ZONE, local

register = template.Library()

NONE = "–"
MINUS = "−"
HEAT_EDGES = (Decimal(1), Decimal(5), Decimal(20), Decimal(50), Decimal(80))


@lru_cache(maxsize=256)
def _address(path: str) -> str:
    found = finders.find(path)
    if found is None:
        raise template.TemplateSyntaxError(f"There is no asset {path!r}.")
    digest = hashlib.sha256(Path(found).read_bytes()).hexdigest()[:12]
    return f"{settings.STATIC_URL}{path}?v={digest}"


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file with its content's hash, so that it may be cached for ever."""
    return _address(path)


def _number(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _written(number: Decimal, places: int) -> str:
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,.{places}f}"
    return f"{MINUS}{text}" if rounded < 0 else text


@register.filter
def money(value: object, places: int = 2) -> str:
    """An amount with thousands separators; − for less than nothing; – for none."""
    number = _number(value)
    return NONE if number is None else _written(number, places)


@register.filter
def count(value: object) -> str:
    """A whole number with thousands separators."""
    return money(value, 0)


@register.filter
def unit(currency: str) -> str:
    """What stands behind an amount: 元 in Chinese, every other currency by its code."""
    return pgettext("unit of money", "CNY") if currency == "CNY" else currency


@register.filter
def joined(items: Iterable[object]) -> str:
    """Facts beside each other on one line, with the comma of the language; empty ones left out."""
    return pgettext("between facts", ", ").join(str(item) for item in items if item)


@register.filter
def signed(value: object, places: int = 1) -> str:
    """A change: with + or −."""
    number = _number(value)
    if number is None:
        return NONE
    text = _written(number, places)
    return text if number <= 0 else f"+{text}"


@register.filter
def percent(value: object, places: int = 1) -> str:
    """A share of one as a percentage: 0.224 is 22.4%."""
    number = _number(value)
    return NONE if number is None else f"{_written(number * 100, places)}%"


@register.filter
def day(value: date | datetime | None) -> str:
    """2026-11-23; of a moment, the bank's day."""
    if not value:
        return NONE
    if isinstance(value, datetime):
        value = value.astimezone(BANK_ZONE).date()
    return value.isoformat()


@register.filter
def short_day(value: date | datetime | None) -> str:
    """11-23: only beside a year."""
    text = day(value)
    return text if text == NONE else text[5:]


@register.filter
def weekday(value: date | datetime | None) -> str:
    """周一, Mon."""
    if not value:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(BANK_ZONE).date()
    return (
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    )[value.weekday()]


@register.filter
def clock(value: datetime | None, zone: str | None = None) -> str:
    """16:32, in the bank's zone or the one named."""
    if not value:
        return NONE
    return value.astimezone(ZoneInfo(zone) if zone else BANK_ZONE).strftime("%H:%M")


@register.filter
def clock_seconds(value: datetime | None) -> str:
    """16:32:04."""
    return value.astimezone(BANK_ZONE).strftime("%H:%M:%S") if value else NONE


@register.filter
def moment(value: datetime | None, zone: str | None = None) -> str:
    """2026-11-23 16:32."""
    if not value:
        return NONE
    return value.astimezone(ZoneInfo(zone) if zone else BANK_ZONE).strftime("%Y-%m-%d %H:%M")


@register.filter
def duration(seconds: int | float | None) -> str:
    """3:28 or 1:03:28."""
    if seconds is None:
        return NONE
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


@register.filter
def sentence(items: Iterable[object]) -> str:
    """Items as words of a sentence: 甲、乙和丙; A, B and C."""
    words = [str(item) for item in items]
    if len(words) < 2:
        return "".join(words)
    return gettext("%(first)s and %(last)s") % {
        "first": pgettext("between listed words", ", ").join(words[:-1]),
        "last": words[-1],
    }


@register.filter
def heat(value: object) -> str:
    """The class of a heat cell for a percentage (22.4, not 0.224): h0 to h5."""
    number = _number(value)
    return "h0" if number is None else f"h{sum(number >= edge for edge in HEAT_EDGES)}"


@register.simple_tag
def bar(share: object, of: object = 1) -> SafeString:
    """A bar of `share` out of `of`, as SVG: its width is an attribute, which a strict CSP permits."""
    number, whole = _number(share) or Decimal(0), _number(of) or Decimal(0)
    part = min(max(number / whole, Decimal(0)), Decimal(1)) * 100 if whole > 0 else Decimal(0)
    width = _written(part if part == 0 else max(part, Decimal("0.8")), 2)
    return format_html(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/><rect class="fill" width="{}" height="10"/></svg>',
        width,
    )


@register.filter
def local_clock(value: datetime, zone: str) -> str:
    """The wall clock at the person's place; empty when the place is unknown."""
    return local(value, zone).strftime("%H:%M") if zone else ""


@register.filter
def at(mapping: dict[object, object], key: object) -> object:
    """A value of a mapping by a key that is itself a variable."""
    return mapping.get(key, "") if mapping else ""
