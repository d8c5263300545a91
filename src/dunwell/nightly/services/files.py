"""The bank's files of a night, each to the room that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from duckdb import DuckDBPyConnection

from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.payments import services as payments
from dunwell.portfolio import services as portfolio

#: People before their numbers, positions before what moved: a file may refer to one named before it.
ORDER = ("parties", "cards", "contact_points", "accounts", "statements", "transactions")


def take_files(
    paths: Sequence[Path], *, business_date: date, now: datetime, by: Actor, mapping: Path | None = None
) -> list[Any]:
    """Take the files of a business date in, in the order in which they refer to each other; answers intake's answers.

    People, cards and contact points go to the portfolio, receipts of accounts in work to payments (they count at once,
    and touch their parties); positions and statements wait in the lake for the night.
    """
    from dunwell.intake import services as intake

    entity = Entity.objects.get(code=settings.BANK_ENTITY)

    def keep_people(connection: DuckDBPyConnection, table: str) -> None:
        portfolio.keep_people(connection, table, entity_id=entity.pk, now=now)

    def keep_cards(connection: DuckDBPyConnection, table: str) -> None:
        portfolio.keep_cards(connection, table, entity_id=entity.pk, now=now)

    def keep_contact_points(connection: DuckDBPyConnection, table: str) -> None:
        portfolio.keep_contact_points(connection, table, entity_id=entity.pk, now=now)

    def take_transactions(connection: DuckDBPyConnection, table: str) -> None:
        payments.take_transactions(
            connection, table, entity_id=entity.pk, business_date=business_date, by=by, now=now
        )

    keepers = {
        "parties": keep_people,
        "cards": keep_cards,
        "contact_points": keep_contact_points,
        "transactions": take_transactions,
    }
    told = [(intake.kind_of(path, mapping), path) for path in paths]
    known = {kind: place for place, kind in enumerate(ORDER)}
    return [
        intake.take(
            path=path, contract=kind, mapping=mapping, business_date=business_date, entity=entity, now=now, by=by,
            keep=keepers.get(kind),
        )
        for kind, path in sorted(told, key=lambda one: (known.get(one[0], len(known)), str(one[1])))
    ]  # fmt: skip
