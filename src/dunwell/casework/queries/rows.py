"""Cases from the rows of a database function, read by a plain cursor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

from dunwell.casework.models import Case

FIELDS = [field.attname for field in Case._meta.concrete_fields]
COLUMNS = [field.column for field in Case._meta.concrete_fields]
_REASON = FIELDS.index("next_reason")


def case_of(row: Sequence[Any], published: date | None) -> Case:
    """The case of a row of COLUMNS, with the days it has on the `published` day."""
    values = list(row)
    values[_REASON] = json.loads(values[_REASON])  # JSON comes as text from a plain cursor
    return Case.from_db(connection.alias, FIELDS, values).reckoned(published)
