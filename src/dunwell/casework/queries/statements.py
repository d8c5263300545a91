"""Named SQL of the room, and its rows."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from django.db import connection


@cache
def statement(name: str) -> str:
    return resources.files("dunwell.casework").joinpath("sql", f"{name}.sql").read_text("utf-8")


def rows(name: str, **values: object) -> list[dict[str, object]]:
    """The rows of casework/sql/<name>.sql, by column."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name), values)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def told(value: object) -> object:
    """A JSON column as values: Django hands it over as text."""
    return json.loads(value) if isinstance(value, str) else value
