"""What stands beside a case for whoever works on it, in one statement: his hours, the last talks, help, who else looks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

from django.db import connection

from dunwell.floor.rules.best_time import BestTime, best_time
from dunwell.floor.rules.scripts import Script, script, shipped


@dataclass(frozen=True, slots=True)
class Looking:
    """A colleague who opened the case in the last minutes."""

    user_id: int
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Beside:
    best: BestTime
    hardship: bool  # a hold for hardship lasts
    said: tuple[str, ...]  # results of the last talks with him, newest first
    taken_at: datetime | None  # since when the asker has had the case open
    help_asked_at: datetime | None  # his own request that nobody answered yet
    abuse: tuple[str, datetime] | None  # the last time somebody was abused on this case: kind and when
    looking: tuple[Looking, ...]
    assists: tuple[str, ...]
    scripts: Sequence[Script]


@cache
def _statement(name: str) -> str:
    return resources.files("dunwell.floor").joinpath("sql", f"{name}.sql").read_text("utf-8")


def rows(name: str, **values: object) -> list[dict[str, object]]:
    """The rows of floor/sql/<name>.sql, by column."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(name), values)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def told(value: object) -> object:
    """A JSON column as values: Django hands it over as text."""
    return json.loads(value) if isinstance(value, str) else value


def beside(*, case_id: int, user_id: int, language: str, now: datetime) -> Beside:
    """One statement. A case that does not exist raises IndexError."""
    row = {name: told(value) for name, value in rows("beside", case=case_id, asker=user_id, now=now)[0].items()}
    name = "name_en" if language.startswith("en") else "name_zh"
    by_code = {str(raw["code"]): (raw, 0) for raw in shipped("script")}
    by_code |= {str(one["content"]["code"]): (one["content"], one["version"]) for one in row["scripts"]}
    abuse = row["abuse"]
    return Beside(
        best=best_time((int(one["hour"]), int(one["dials"]), int(one["reached"])) for one in row["hours"]),
        hardship=bool(row["hardship"]),
        said=tuple(row["said"]),
        taken_at=_moment(row["taken_at"]),
        help_asked_at=_moment(row["help_asked_at"]),
        abuse=(abuse["kind"], datetime.fromisoformat(abuse["at"])) if abuse else None,
        looking=tuple(Looking(one["user"], one[name], datetime.fromisoformat(one["at"])) for one in row["looking"]),
        assists=tuple(one[name] for one in row["assists"]),
        scripts=[script(raw, version) for raw, version in by_code.values()],
    )


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value  # type: ignore[return-value]
