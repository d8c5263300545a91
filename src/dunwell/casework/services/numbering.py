"""Numbers under which people outside name what is written here."""

from __future__ import annotations

from datetime import date

from django.db import connection


def next_number(letter: str, on: date) -> str:
    """The next number of a kind, such as D-2611-000042; never given twice, and gaps are no fault."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('casework_objection_numbers')")
        return f"{letter}-{on:%y%m}-{cursor.fetchone()[0]:06}"
