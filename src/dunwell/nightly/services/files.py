"""The bank's files of a night, taken in the order in which they refer to each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from django.conf import settings

from dunwell.identity.models import Entity
from dunwell.intake import mapping as mappings
from dunwell.intake import services as intake
from dunwell.kernel.actor import Actor

#: Accounts before the people they are sold to would be refused: people first, then what they hold, then what moved.
ORDER = ("parties", "accounts", "cards", "contact_points", "statements", "transactions")


def take_files(
    paths: Sequence[Path], *, business_date: date, now: datetime, by: Actor, mapping: Path | None = None
) -> list[intake.Taken]:
    """Take the files of a business date in; answers what became of each, in the order in which they were taken.

    People, cards and contact points go to the portfolio, receipts of accounts in work to payments (they count at once,
    and touch their parties: settings.INTAKE_KEEPERS); positions and statements wait in the lake for the night.
    """
    entity = Entity.objects.get(code=settings.BANK_ENTITY)
    read = mappings.load(Path(mapping)) if mapping else None

    def place(path: Path) -> tuple[int, str]:
        named = (read.contract if read and read.contract else path.name).lower()
        known = [nr for nr, kind in enumerate(ORDER) if named.startswith(kind)]
        return (known[0] if known else len(ORDER), path.name)

    return [
        intake.take(path=path, business_date=business_date, entity=entity, now=now, by=by, mapping=read)
        for path in sorted(map(Path, paths), key=place)
    ]
