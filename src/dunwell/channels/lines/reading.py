"""A bank's lines as it writes them down: `lines.yaml`, read and checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import yaml

CHANNEL_OF = {
    "smpp": ("sms",),
    "http_sms": ("sms",),
    "http_push": ("im",),
    "smtp": ("email",),
    "print_shop": ("letter",),
    "baresip": ("call",),
    "dialler": ("call", "ai_call"),
}
_SMPP = {"host": str, "port": int, "system_id": str, "password": str}
_HTTP = {"url": str, "account": str, "secret": str}
NEEDED: dict[str, dict[str, type]] = {
    "smpp": _SMPP,
    "http_sms": {**_HTTP, "signature": str},
    "http_push": _HTTP,
    "smtp": {},
    "print_shop": {"folder": str},
    "baresip": {"seats": dict, "uri": str},
    "dialler": {"secret": str},
}
OPTIONAL: dict[str, dict[str, Any]] = {  # with what holds when nothing is written
    "smpp": {
        "tls": False, "system_type": "", "source": "", "source_ton": 0, "source_npi": 0, "to_ton": 1, "to_npi": 1,
        "window": 10, "enquire_seconds": 30, "answer_seconds": 10, "validity_hours": 24, "signature": "", "dead": [],
        "to_prefix": "", "sessions": 1,
    },
    "http_sms": {"templates": {}, "timeout_seconds": 10, "dead": []},
    "http_push": {"templates": {}, "service": "app", "timeout_seconds": 10, "dead": []},
    "print_shop": {"service": "EMS"},
    "baresip": {"recordings": "", "ring_seconds": 45},
    "dialler": {
        "url": "", "number": "masked", "asks": "dial", "dials": 1, "outcomes": {}, "timeout_seconds": 10,
    },
    "smtp": {"bounce_domain": "", "bounce_listen": "", "reply_to": ""},
}  # fmt: skip
CHOICES = {"dialler": {"number": ("masked", "reference"), "asks": ("dial", "list")}}
SHARED = {"per_second": 50, "batch": 1, "prices": []}
BATCH = {"smpp": 100, "print_shop": 200}  # claimed in one commit: at most so many are in doubt when a sender is killed


CHINESE = "zh-hans"


class LineError(ValueError):
    """The file of lines cannot be used; the sentence names line, field, found and expected."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one part costs in a time: from the first day to the last, both included."""

    first: date
    last: date | None
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line to a provider. `per_second` is the provider's rate in parts, `batch` what is claimed in one commit."""

    code: str
    channel: str
    adapter: str
    per_second: float = 50
    batch: int = 1
    prices: tuple[Price, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def price_on(self, day: date) -> Price | None:
        """The price in force; None where the list has none, and then nothing is known of the cost."""
        return next((p for p in self.prices if p.first <= day and (p.last is None or day <= p.last)), None)

    def template_no(self, code: str, version: int, language: str = CHINESE) -> str | None:
        """The provider's number of a text that it has approved: `CODE/2` of version 2, `CODE` of the first one, and
        `CODE/2/en`, `CODE/en` of the English ones.

        None where it has none: another version's or language's number would send another text.
        """
        known, of = self.options.get("templates", {}), "" if language == CHINESE else f"/{language}"
        return known.get(f"{code}/{version}{of}") or (known.get(f"{code}{of}") if version == 1 else None)

    def carries(self, code: str, version: int, language: str) -> bool:
        """Whether a text in a language can leave by the line: where texts have numbers, one that has its own."""
        return self.adapter != "http_sms" or self.template_no(code, version, language) is not None


def cost(parts: int, price: Price) -> Decimal:
    """What a message of so many parts costs, to the hundredth of a cent, half-up."""
    return (price.amount * parts).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def read(text: str, file: str) -> tuple[Line, ...]:
    """The lines of a file. LineError when it is not YAML, or a field is missing, unknown or not of its kind."""
    try:
        data = yaml.safe_load(text) or []
    except yaml.MarkedYAMLError as problem:
        at = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise LineError(f"{file}, line {at}: not YAML ({problem.problem}).") from None
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise LineError(f"{file}: a list of lines was expected, each with code, channel and adapter.")
    found = tuple(_line(one, f"{file}, line {one.get('code') or number}") for number, one in enumerate(data, 1))
    for what in ("code", "channel"):
        names = [getattr(line, what) for line in found if what == "code" or line.adapter != "dialler"]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise LineError(f"{file}: the {what} {twice[0]} stands twice; each has one line.")
    return found


def _line(data: dict[str, Any], where: str) -> Line:
    adapter = data.get("adapter")
    if adapter not in CHANNEL_OF:
        raise LineError(f"{where}, adapter: {adapter!r} is none of {', '.join(CHANNEL_OF)}.")
    code, channel = str(data.get("code") or ""), data.get("channel")
    if not code.replace("-", "").isalnum() or not code.isascii() or len(code) > 24:
        raise LineError(f"{where}, code: letters, digits and hyphens, at most 24, not {code!r}.")
    if channel not in CHANNEL_OF[adapter]:
        raise LineError(
            f"{where}, channel: {channel!r} does not go by {adapter}; {', '.join(CHANNEL_OF[adapter])} does."
        )
    known = {"code", "channel", "adapter", *NEEDED[adapter], *OPTIONAL[adapter], *SHARED}
    strange = sorted(set(data) - known)
    if strange:
        raise LineError(f"{where}: {strange[0]} is not a field of {adapter}; known are {', '.join(sorted(known))}.")
    options = {}
    for name, kind in NEEDED[adapter].items():
        if name not in data:
            raise LineError(f"{where}: {name} is missing.")
        options[name] = _of_kind(data[name], kind, f"{where}, {name}")
    for name, otherwise in OPTIONAL[adapter].items():
        options[name] = _of_kind(data.get(name, otherwise), type(otherwise), f"{where}, {name}")
    if "sessions" in options:
        _positive(options["sessions"], f"{where}, sessions")
    for name, choices in CHOICES.get(adapter, {}).items():
        if options[name] not in choices:
            raise LineError(f"{where}, {name}: {options[name]!r} is none of {', '.join(choices)}.")
    return Line(
        code=code, channel=channel, adapter=adapter,
        per_second=_positive(data.get("per_second", SHARED["per_second"]), f"{where}, per_second"),
        batch=int(_positive(data.get("batch", BATCH.get(adapter, SHARED["batch"])), f"{where}, batch")),
        prices=_prices(data.get("prices", []), f"{where}, prices"), options=options,
    )  # fmt: skip


def _of_kind(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise LineError(f"{where}: {value!r} is not {_KINDS[kind]}.")
    return value


_KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}


def _positive(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise LineError(f"{where}: {value!r} is not a number above 0.")
    return value


def _prices(rows: Any, where: str) -> tuple[Price, ...]:
    found = []
    for row in _of_kind(rows, list, where):
        try:
            first, last = row["from"], row.get("to")
            price = Price(first, last, Decimal(str(row["amount"])), row["currency"])
        except (KeyError, TypeError, InvalidOperation):
            raise LineError(f"{where}: {row!r} has not from, to, amount and currency.") from None
        if type(first) is not date or type(last) not in (date, type(None)) or price.amount < 0:
            raise LineError(f"{where}: {row!r} has no days, or an amount below 0.")
        if any(p.first <= (last or date.max) and first <= (p.last or date.max) for p in found):
            raise LineError(f"{where}: {row!r} overlaps another price; a day has one.")
        found.append(price)
    return tuple(found)
