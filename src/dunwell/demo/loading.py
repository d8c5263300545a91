"""Loading the demo: staff, then the files of 41 business dates as a bank would send them, and the nights; on a later
day the dates since.

Every file is taken in. To keep the first start short, nights run at each month end, once a week, and on the last days;
`every_night=True` runs all. A night reads everything posted since the night before it, so figures are the same.

Dates go in order; what is done is known by the last run published and the files taken, so a load that was killed goes
on where it stopped, and one that is done does nothing.
"""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings

from dunwell.demo import people, replay
from dunwell.intake.models import IntakeFile
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.nightly import services as nightly
from dunwell.nightly.models import Run
from dunwell.strategy import services as strategy

NIGHT_STARTS = time(2, 0)
LAST_NIGHTS = 3
SUNDAY = 6
NIGHTS = "nights"
Progress = Callable[[str, int, int], None]
"""Called with the part (`nights`), how much of it is done, and how much there is."""


class NotTheDemo(Exception):
    """The database holds a portfolio that is not the demo's; the text says so."""


def load(
    progress: Progress | None = None,
    *,
    today: date | None = None,
    accounts: int | None = None,
    folder: Path | None = None,
    every_night: bool = False,
) -> list[people.Login]:
    """Make the demo's portfolio up to yesterday and answer one login a role.

    `today` is the day on which the demo is started: on a later one the days between are taken in. `accounts` counts at
    the first start. Raises NotTheDemo.
    """
    told = progress or (lambda part, done, of: None)
    folder = folder or Path(settings.HOME) / "demo"
    yesterday = (today or datetime.now(BANK_ZONE).date()) - timedelta(days=1)
    began = _began(folder, yesterday)
    until = max(began, yesterday)
    latest = last_date()
    logins = people.make_staff()
    months, days = replay.business_dates(began, until)
    dates = [*months, *days]
    left = [day for day in dates if latest is None or day > latest]
    actor = Actor.program("demo")
    if left and strategy.in_force(until) is None:
        strategy.approve(text=strategy.shipped(), by=actor, now=_night(months[0]))
    deliveries = _ahead(
        replay.deliveries(folder / "files", began, accounts=_accounts() or accounts, until=until, after=latest)
        if left
        else iter(())
    )
    if left:
        told(NIGHTS, len(dates) - len(left), len(dates))
    for nr, delivery in enumerate(deliveries, len(dates) - len(left) + 1):
        now = _night(delivery.business_date)
        nightly.take_files(delivery.files, business_date=delivery.business_date, now=now, by=actor)
        if every_night or _has_night(delivery.business_date, until):
            nightly.run(business_date=delivery.business_date, now=now, by=actor)
        told(NIGHTS, nr, len(dates))
    shutil.rmtree(folder / "files", ignore_errors=True)
    return logins


def last_date() -> date | None:
    """The last business date whose night was published."""
    return (
        Run.objects.filter(state=Run.State.PUBLISHED)
        .order_by("-business_date")
        .values_list("business_date", flat=True)
        .first()
    )


def _ahead(deliveries: Iterator[replay.Delivery]) -> Iterator[replay.Delivery]:
    """The same deliveries, made in a thread while the ones before are worked; what it raises is raised here."""
    waiting: queue.Queue[replay.Delivery | BaseException | None] = queue.Queue()

    def make() -> None:
        try:
            for delivery in deliveries:
                waiting.put(delivery)
            waiting.put(None)
        except BaseException as error:
            waiting.put(error)

    threading.Thread(target=make, name="files", daemon=True).start()
    return _received(waiting)


def _received(waiting: queue.Queue[replay.Delivery | BaseException | None]) -> Iterator[replay.Delivery]:
    while (delivery := waiting.get()) is not None:
        if isinstance(delivery, BaseException):
            raise delivery
        yield delivery


def _has_night(day: date, yesterday: date) -> bool:
    ends_a_month = (day + timedelta(days=1)).day == 1
    return ends_a_month or day.weekday() == SUNDAY or day > yesterday - timedelta(days=LAST_NIGHTS)


def _night(business_date: date) -> datetime:
    """The moment at which the night of a business date starts."""
    return datetime.combine(business_date + timedelta(days=1), NIGHT_STARTS, BANK_ZONE)


def _taken() -> list[tuple[date, int]]:
    """The business dates whose accounts were taken in, and how many accounts each has."""
    files = IntakeFile.objects.filter(kind="accounts", status=IntakeFile.Status.TAKEN).order_by("business_date")
    return list(files.values_list("business_date", "rows_read"))


def _accounts() -> int | None:
    """How many accounts the demo was begun with."""
    return next((rows for _, rows in _taken()), None)


def _began(folder: Path, yesterday: date) -> date:
    """The last business date of the demo's first start: every later start counts from it. Kept in a file.

    Where the file was lost, it is told from the days that were taken in: the first after the month ends.
    """
    mark = folder / "last_business_date"
    if mark.exists():
        return date.fromisoformat(mark.read_text(encoding="ascii").strip())
    if IntakeFile.objects.exists() and not people.are_there():
        raise NotTheDemo("The database holds a portfolio that is not the demo's: the demo is not loaded beside it.")
    days = [day for day, _ in _taken()][replay.MONTHS :]
    began = days[0] + timedelta(days=replay.DAYS - 1) if days else yesterday
    folder.mkdir(parents=True, exist_ok=True)
    part = mark.with_suffix(".part")
    part.write_text(began.isoformat(), encoding="ascii")
    part.replace(mark)
    return began
