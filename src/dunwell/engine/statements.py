"""Statements on PostgreSQL that run thousands of times a minute: values bound in the server, planned once a connection.

Django's cursor writes the values into the text, which PostgreSQL then parses and plans anew each time. These keep the
connection, its transaction and its row security; what runs is in Django's own count of queries. Lists are bound in
binary, `%(name)b::type[]`: psycopg takes sixty times as long to spell a list of JSON as text. The settings have every
plan made without the values, else PostgreSQL goes on planning for each of them what takes longer to plan than to run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models


class Planned(psycopg.Cursor):
    """A cursor whose statements are prepared the first time they run; Django has its own connections prepare none."""

    def execute(self, query, params=None, **options):  # noqa: ANN001, ANN003, ANN201
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, prepare=True, **options)
        finally:
            self.connection.prepare_threshold = None


_columns: dict[str, tuple[str, ...]] = {}  # of each statement that ran: psycopg describes them anew each time


class Answer:
    """What a statement answers. Within `together` the server is not waited for until its rows are asked for."""

    __slots__ = ("_cursor", "_planned", "_sql")

    def __init__(self, sql: str, planned: Planned, cursor: Any) -> None:
        self._sql, self._planned, self._cursor = sql, planned, cursor

    def rows(self) -> list[tuple]:
        """The rows, none when it answers nothing."""
        if self._planned.pgresult is None:
            with connection.wrap_database_errors, connection.connection.pipeline() as under_way:
                under_way.sync()
        if not self._planned.pgresult.nfields:
            return []
        if self._sql not in _columns:
            _columns[self._sql] = tuple(column.name for column in self._planned.description)
        return self._cursor.fetchall()

    def named(self) -> list[dict[str, object]]:
        """The rows by column."""
        found = self.rows()
        return [dict(zip(_columns[self._sql], row, strict=True)) for row in found]


@contextmanager
def together() -> Iterator[None]:
    """Statements that are sent in here go to the server without waiting for one another, one way there and one back.

    Each still runs after the one before. What fails is raised here, at the end, and what was sent after it did not run.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def send(sql: str, values: Mapping[str, object]) -> Answer:
    """Run a statement."""
    database = connections[DEFAULT_DB_ALIAS]  # `connection` looks it up at every word
    database.ensure_connection()
    planned = Planned(database.connection)
    cursor = (database.make_debug_cursor if database.queries_logged else database.make_cursor)(planned)
    cursor.execute(sql, values)
    return Answer(sql, planned, cursor)


def fetch(sql: str, values: Mapping[str, object]) -> list[tuple]:
    """Run a statement; its rows, none when it answers nothing."""
    return send(sql, values).rows()


def insert(model: type[models.Model], number: int, **columns: object) -> list[int]:
    """Insert so many rows, given column by column, in one statement; answers their keys in order.

    A list holds a value for each row, anything else stands in all of them; JSON is given as text. A column that is not
    named takes the model's default.
    """
    return [row[0] for row in sent_rows(model, number, **columns).rows()] if number else []


def sent_rows(model: type[models.Model], number: int, **columns: object) -> Answer:
    """As `insert`, of at least one row; the answer, with their keys, is still to be asked for."""
    if number == 1:
        columns = {name: value[0] if isinstance(value, list) else value for name, value in columns.items()}
    lists = tuple(name for name, value in columns.items() if isinstance(value, list))
    short = [name for name in lists if len(columns[name]) != number]  # type: ignore[arg-type]
    if short:
        raise ValueError(f"{model.__name__}: {', '.join(short)} are not {number} values")
    sql, defaults = _insert(model, lists, tuple(columns))
    return send(sql, {**defaults, **columns})


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert many rows of one model, and give each its key: `bulk_create` without signals, in a fifth of the time.

    Rows that have a key already (of their table's sequence) are sent with it, and the answer is not waited for.
    """
    if not rows:
        return
    numbered = rows[0].pk is not None
    columns: dict[str, object] = {}
    for field in rows[0]._meta.concrete_fields:
        if field.primary_key and not numbered:
            continue
        values = [getattr(row, field.attname) for row in rows]
        columns[field.column] = [*map(json.dumps, values)] if isinstance(field, models.JSONField) else values
    sent = sent_rows(type(rows[0]), len(rows), **columns)
    if not numbered:
        for row, (key,) in zip(rows, sent.rows(), strict=True):
            row.pk = key
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


@cache
def _insert(model: type[models.Model], lists: Sequence[str], named: Sequence[str]) -> tuple[str, Mapping[str, object]]:
    fields = {field.column: field for field in model._meta.concrete_fields}
    key = model._meta.pk.column
    unknown = set(named) - set(fields)
    if unknown:
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    kinds = {name: _kind(field) for name, field in fields.items()}
    defaults = {name: _default(field) for name, field in fields.items() if name not in named and name != key}
    into = [*named, *defaults]
    values = [f"given.{name}" if name in lists else f"%({name})s::{kinds[name]}" for name in into]
    arrays = ", ".join(f"%({name})b::{kinds[name]}[]" for name in lists)
    sql = f'INSERT INTO "{model._meta.db_table}" ({", ".join(into)}) SELECT {", ".join(values)}'
    if lists:
        given = ", ".join((*lists, "place"))
        sql += f" FROM unnest({arrays}) WITH ORDINALITY AS given({given}) ORDER BY given.place"
    sql += f" RETURNING {key}"
    return sql, defaults


def _kind(field: models.Field) -> str:
    """The type as which a value is bound: of a text without its length, for a cast would cut what an insert refuses."""
    kind = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
    return "text" if kind.startswith("varchar") else kind.split("(")[0]


def _default(field: models.Field) -> object:
    value = field.get_default()
    return json.dumps(value) if isinstance(field, models.JSONField) else value
