"""Somebody else's cases, put to the product's own rules: rows of text in, answers out. Pure; no file is opened here.

A room offers a rule to `dunwell check` as a module with one `CHECK = Check(...)`. Its functions read values with the
methods of `Row`, which raise `Unanswerable` with a sentence; a case that raises it has no answer but that sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

_AMOUNT = re.compile(r"[+-]?\d{1,13}(\.\d+)?")  # hundreds of them still fit decimal(18,2)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Answer = Mapping[str, object]
"""Column → value: str, int, Decimal (rounded by whoever answers), bool, date, datetime, None or a list of these."""


class Unanswerable(ValueError):
    """The case cannot be answered; the text is a sentence that says what was found and what was expected."""


class Row(dict[str, str]):
    """One row of the file: column → text, blanks at the ends taken off; a column that is not there is empty.

    `number` is the row's place in the file as a spreadsheet counts: the header is row 1.
    """

    def __init__(self, values: Mapping[str, str], number: int = 0, fault: Unanswerable | None = None) -> None:
        super().__init__({name: value.strip() for name, value in values.items()})
        self.number = number
        self.fault = fault  # what is wrong with the row as a whole

    def __missing__(self, column: str) -> str:
        return ""

    def wrong(self, column: str, expected: str) -> Unanswerable:
        """The sentence about a value that is not what it should be (raise it)."""
        found = self[column]
        said = f'"{found if len(found) <= 60 else found[:57] + "…"}"' if found else "nothing"
        return Unanswerable(f"Row {self.number}, {column}: found {said}, expected {expected}.")

    def day(self, column: str) -> date:
        """A date written 2026-11-23."""
        found = day(self[column])
        if found is None:
            raise self.wrong(column, "a date such as 2026-11-23")
        return found

    def day_or_none(self, column: str) -> date | None:
        """The same, None where nothing stands."""
        return self.day(column) if self[column] else None

    def money(self, column: str, *, negative: bool = False, default: Decimal | None = None) -> Decimal:
        """An amount with at most two decimals; below nothing only where `negative`. Empty is `default`, if there is one."""
        if not self[column] and default is not None:
            return default
        found = money(self[column])
        if found is None or (found < 0 and not negative):
            raise self.wrong(column, "an amount such as 250.00" + ("" if negative else ", not below 0"))
        return found

    def number_of(self, column: str, *, default: Decimal | None = None) -> Decimal:
        """Any decimal number, such as a rate: 0.0005 or 13.5. Empty is `default`, if there is one."""
        if not self[column] and default is not None:
            return default
        if not _NUMBER.fullmatch(self[column]):
            raise self.wrong(column, "a number such as 0.0005")
        return Decimal(self[column])

    def whole(self, column: str, *, least: int = 0, most: int = 99_999, default: int | None = None) -> int:
        """A whole number from `least` to `most`. Empty is `default`, if there is one."""
        if not self[column] and default is not None:
            return default
        text = self[column]
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise self.wrong(column, f"a whole number from {least} to {most}")
        return int(text)

    def choice(self, column: str, choices: Collection[str], *, default: str = "") -> str:
        """One of the words. Empty is `default`, if there is one."""
        found = self[column] or default
        if found not in choices:
            words = list(choices)
            raise self.wrong(column, " or ".join(filter(None, (", ".join(words[:-1]), words[-1]))))
        return found

    def parts(self, column: str) -> list[str]:
        """What stands in a list: `a;b;c`, blanks and empty parts left out."""
        return [part.strip() for part in self[column].split(";") if part.strip()]


def day(text: str) -> date | None:
    """The date written 2026-11-23; None when the text is none."""
    if not (text.isascii() and _DAY.fullmatch(text)):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def money(text: str) -> Decimal | None:
    """The amount, with two decimals; None when the text is none or has more decimals than the cent."""
    if not (text.isascii() and _AMOUNT.fullmatch(text)):
        return None
    exact = Decimal(text)
    rounded = exact.quantize(Decimal("0.01"))
    return rounded if rounded == exact else None


@dataclass(frozen=True, slots=True)
class Check:
    """A rule as a command.

    `reads` are columns that the file must have, `may_read` those that it may; `answers` come after `case_id` or, with
    `beside` true, after the input's own columns: then one row asks one question and gets one answer. With `beside`
    false the answer is a table of its own: rows with the same `case_id` are one case, which is answered by as many rows
    as `answer` gives.

    `answer` is given the rows of one case; `answer_all` (instead of it) those of all cases at once, for column
    programs, and gives for each either its answers or an Unanswerable.
    """

    reads: tuple[str, ...]
    answers: tuple[str, ...]
    may_read: tuple[str, ...] = ()
    beside: bool = True
    key: str = "case_id"
    answer: Callable[[Sequence[Row]], Sequence[Answer]] | None = None
    answer_all: Callable[[Sequence[Sequence[Row]]], Sequence[Sequence[Answer] | Unanswerable]] | None = None

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.answer_all is None):
            raise ValueError("a check has either answer or answer_all")

    def answered(self, cases: Sequence[Sequence[Row]]) -> list[Sequence[Answer] | Unanswerable]:
        """The answers of each case, or why there is none."""
        if self.answer_all is not None:
            return self._all(cases)
        return [self._one(rows) for rows in cases]

    def _all(self, cases: Sequence[Sequence[Row]]) -> list[Sequence[Answer] | Unanswerable]:
        """All at once; a column program stops at one value that it cannot hold, so its case is found by halving."""
        assert self.answer_all is not None
        try:
            return list(self.answer_all(cases))
        except Exception as error:
            if len(cases) == 1:
                return [_beyond(cases[0], error)]
            half = len(cases) // 2
            return [*self._all(cases[:half]), *self._all(cases[half:])]

    def _one(self, rows: Sequence[Row]) -> Sequence[Answer] | Unanswerable:
        assert self.answer is not None
        try:
            return list(self.answer(rows))
        except Unanswerable as reason:
            return reason
        except (ArithmeticError, ValueError) as error:  # a date past the year 9999, an amount past all bounds
            return _beyond(rows, error)


def _beyond(rows: Sequence[Row], error: Exception) -> Unanswerable:
    said = " ".join(str(error).split())
    return Unanswerable(f"Row {rows[0].number}: these values cannot be computed with ({said.rstrip('.')[:120]}).")
