"""Loading the demo: staff, then the files of 41 business dates as a bank would send them, and the nights.

Every file is taken in. To keep the first start short, nights run at each month end, once a week, and on the last days;
`every_night=True` runs all 41. A night reads everything posted since the night before it, so figures are the same.

Every date is asked for in order; what is done is known by the files taken and the runs published, so a load that was
killed goes on where it stopped, and one that is done does nothing.
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


def load(
    progress: Progress | None = None,
    *,
    today: date | None = None,
    accounts: int | None = None,
    folder: Path | None = None,
    every_night: bool = False,
) -> list[people.Login]:
    """Make the demo's portfolio and answer one login a role. `today` is the day on which the demo is first started."""
    told = progress or (lambda part, done, of: None)
    folder = folder or Path(settings.HOME) / "demo"
    yesterday = _yesterday(folder, today or datetime.now(BANK_ZONE).date())
    if _published(yesterday):
        shutil.rmtree(folder / "files", ignore_errors=True)
        return people.make_staff()
    months, days = replay.business_dates(yesterday)
    dates = len(months) + len(days)
    deliveries = _ahead(replay.deliveries(folder / "files", yesterday, accounts=accounts))
    logins = people.make_staff()
    actor = Actor.program("demo")
    if strategy.in_force(yesterday) is None:
        strategy.approve(text=strategy.shipped(), by=actor, now=_night(months[0]))
    for nr, delivery in enumerate(deliveries, 1):
        if not _published(delivery.business_date):
            now = _night(delivery.business_date)
            nightly.take_files(delivery.files, business_date=delivery.business_date, now=now, by=actor)
            if every_night or _has_night(delivery.business_date, yesterday):
                nightly.run(business_date=delivery.business_date, now=now, by=actor)
        told(NIGHTS, nr, dates)
    shutil.rmtree(folder / "files", ignore_errors=True)
    return logins


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


def _published(day: date) -> bool:
    return Run.objects.filter(business_date=day, state=Run.State.PUBLISHED).exists()


def _complete(latest: Run) -> bool:
    """Whether the runs there are end where a demo ends: then the mark was lost, not the demo."""
    months, days = replay.business_dates(latest.business_date)
    wanted = {day for day in [*months, *days] if _has_night(day, latest.business_date)}
    there = Run.objects.filter(business_date__in=wanted, state=Run.State.PUBLISHED).values_list(
        "business_date", flat=True
    )
    return wanted <= set(there)


def _yesterday(folder: Path, today: date) -> date:
    """The last business date of this demo, kept from its first start: a later start goes on with the same one."""
    mark = folder / "last_business_date"
    if mark.exists():
        return date.fromisoformat(mark.read_text(encoding="ascii").strip())
    latest = Run.objects.filter(state=Run.State.PUBLISHED).order_by("-business_date").first()
    day = latest.business_date if latest and _complete(latest) else today - timedelta(days=1)
    folder.mkdir(parents=True, exist_ok=True)
    part = mark.with_suffix(".part")
    part.write_text(day.isoformat(), encoding="ascii")
    part.replace(mark)
    return day
