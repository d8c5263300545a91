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
from django.db import connection, connections

from dunwell.demo import people, replay, work
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
    worked: bool = False,
) -> list[people.Login]:
    """Make the demo's portfolio up to yesterday and answer one login a role.

    `today` is the day on which the demo is started: on a later one the days between are taken in. `accounts` counts at
    the first start. With `worked` the staff works on the day after each night, but for the last (demo.work). Raises
    NotTheDemo.
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
    with connection.cursor() as cursor:  # what a power cut took would be loaded again
        cursor.execute("SET synchronous_commit = off")
    if left and strategy.in_force(until) is None:
        strategy.approve(text=strategy.shipped(), by=actor, now=_night(months[0]))
    if left:
        told(NIGHTS, len(dates) - len(left), len(dates))
        files = replay.deliveries(folder / "files", began, _accounts() or accounts, until=until, after=latest)
        with _Ahead(files, by=actor) as ahead:
            for nr, (delivery, waiting) in enumerate(ahead, len(dates) - len(left) + 1):
                now = _night(delivery.business_date)
                nightly.take_files(waiting, business_date=delivery.business_date, now=now, by=actor)
                ahead.people_are_in()
                if every_night or _has_night(delivery.business_date, until):
                    nightly.run(business_date=delivery.business_date, now=now, by=actor)
                    if worked and delivery.business_date > months[-1] and delivery.business_date < until:
                        work.work(delivery.business_date + timedelta(days=1))
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


class _Ahead:
    """The deliveries, made in a thread while those before are worked; what it raises is raised where they are asked for.

    The thread takes in what only waits in the lake for its night, too: positions and statements. Comes as delivery and
    the files that are still to be taken in.
    """

    def __init__(self, deliveries: Iterator[replay.Delivery], *, by: Actor) -> None:
        self.deliveries, self.by = deliveries, by
        self._made: queue.Queue[tuple[replay.Delivery, list[Path]] | BaseException | None] = queue.Queue()
        self._people, self._stopped = threading.Event(), False
        self._thread = threading.Thread(target=self._make, name="files", daemon=True)

    def __enter__(self) -> _Ahead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._people.set()
        self._thread.join()

    def people_are_in(self) -> None:
        """The first delivery is taken in: accounts of the next find their parties."""
        self._people.set()

    def _make(self) -> None:
        try:
            for nr, delivery in enumerate(self.deliveries):
                day, early = delivery.business_date, []
                if nr:
                    self._people.wait()
                if self._stopped:
                    break
                if nr:
                    early = [file for file in delivery.files if file.name.startswith(("accounts_", "statements_"))]
                    nightly.take_files(early, business_date=day, now=_night(day), by=self.by)
                self._made.put((delivery, [file for file in delivery.files if file not in early]))
            self._made.put(None)
        except BaseException as error:
            self._made.put(error)
        finally:
            connections.close_all()

    def __iter__(self) -> Iterator[tuple[replay.Delivery, list[Path]]]:
        while (made := self._made.get()) is not None:
            if isinstance(made, BaseException):
                raise made
            yield made


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
