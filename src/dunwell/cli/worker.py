"""The worker: the day's duties, one after the other, each when its time has come.

Every duty finds its own work in the database and may be ended at any line and begun again. Two workers do
not do the same duty at once: each is done under an advisory lock (docs/decisions/0010). What somebody waits for stands
behind nothing: a cardholder's request and a payment's effect on the worklists have a thread each (docs/decisions/0070).
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import psycopg
import structlog

from dunwell.kernel.heap import keep_loaded

NAME = "dunwell-worker"  # the connection's name, by which /health finds it
PAUSE = 1.0  # seconds between two looks at the duties
BESIDE = {"page": PAUSE, "day": 0.25}  # the lanes, and the seconds between two looks of each
WAKES = "dunwell_cardholders"  # the channel of selfservice/sql/waking.sql

log = structlog.get_logger("dunwell.worker")


@dataclass(frozen=True)
class Duty:
    """A service that drains work, `room.module:function`, called with now=; and how often, in seconds.

    Those of a `lane` are done by a thread of its own, beside the loop.
    """

    name: str
    service: str
    every: float
    arguments: tuple[tuple[str, object], ...] = ()
    lane: Literal["", "page", "day"] = ""

    def do(self, now: datetime) -> object:
        module, _, function = self.service.partition(":")
        return getattr(importlib.import_module(module), function)(now=now, **dict(self.arguments))


DUTIES = (
    Duty("call-backs", "dunwell.selfservice.services:book_call_backs", 0, lane="page"),
    Duty("cardholders", "dunwell.selfservice.services:handle", 0, lane="page"),
    Duty("reassess", "dunwell.nightly.services:reassess", 0, (("limit", 500),), lane="day"),
    Duty("owners", "dunwell.casework.services:end_ownerships", 600),
    Duty("announcements", "dunwell.payments.services:expire", 600),
    Duty("plan", "dunwell.casework.services.outbox:queue_planned", 10, (("limit", 500),)),
    Duty("send", "dunwell.channels.services:send_due", 5, (("limit", 200),)),
    Duty("pulled", "dunwell.channels.services.campaigns:tell_pulled", 1, lane="day"),
    Duty("handed over", "dunwell.casework.services.campaigns:take_over", 2),
    Duty("arrangements", "dunwell.arrangements.services:follow", 10),
    Duty("tasks", "dunwell.casework.services.tasks:set_tasks", 10),
    Duty("auto-debits", "dunwell.arrangements.services:note_failed_debits", 60),
    Duty("instructions", "dunwell.arrangements.services:hand_over", 60),
    Duty("certificates", "dunwell.arrangements.services:issue_certificates", 30),
    Duty("revocations", "dunwell.arrangements.services:revoke_certificates", 30),
    Duty("papers", "dunwell.casework.services.looks:look_through", 10),
    Duty("clusters", "dunwell.casework.services.looks:find_all", 3600),
    Duty("complaints", "dunwell.casework.services.complaints:escalate", 600),
    Duty("notices", "dunwell.casework.services.notices:give_notices", 60),
    Duty("letters", "dunwell.channels.services:send_letters", 60),
    Duty("limitation", "dunwell.legal.services:keep_clocks", 30),
    Duty("destroy", "dunwell.legal.services:destroy_due", 30),
    Duty("alarms", "dunwell.oversight.services:raise_alarms", 60),
    Duty("seal", "dunwell.evidence.services:seal", 60),
    Duty("sign", "dunwell.cli.worker:sign_yesterday", 900),
    Duty("stamp", "dunwell.evidence.services:stamp_days", 900),
    Duty("visitors", "dunwell.selfservice.services:forget_visits", 3600),
    Duty("sessions", "dunwell.cli.worker:forget_sessions", 3600),
)


def sign_yesterday(*, now: datetime) -> None:
    """Sign the last root of the day that has ended, once."""
    from dunwell.evidence import services
    from dunwell.evidence.models import DailyRoot
    from dunwell.kernel.times import business_date

    day = business_date(now) - timedelta(days=1)
    if not DailyRoot.objects.filter(day=day).exists():
        services.sign_day(day=day, now=now)


def forget_sessions(*, now: datetime) -> None:
    """Delete sessions that have run out."""
    from django.contrib.sessions.models import Session

    Session.objects.filter(expire_date__lt=now).delete()


class Bell:
    """Waits for the database's word that there is work, on a connection of its own."""

    def __init__(self) -> None:
        from django.db import connection

        self.connection = connection.copy()

    def wait(self, seconds: float) -> None:
        """Until somebody notifies, `seconds` at most; what was told since the last wait counts at once."""
        from django.db import Error

        began = time.monotonic()
        try:
            if self.connection.connection is None:
                with self.connection.cursor() as cursor:
                    cursor.execute(f"LISTEN {WAKES}")
                return  # what came before nobody heard
            for timeout in (seconds, 0):  # the first one, then all that came with it
                for _ in self.connection.connection.notifies(timeout=timeout, stop_after=1 if timeout else None):
                    pass
        except (Error, psycopg.Error):
            self.close()
            time.sleep(max(0.0, min(seconds, PAUSE) - (time.monotonic() - began)))

    def close(self) -> None:
        self.connection.close()


class Worker:
    """Does the duties until it is told to stop."""

    def __init__(
        self, duties: tuple[Duty, ...] = DUTIES, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.duties = duties
        self.clock = clock
        self.due: dict[str, float] = {duty.name: 0.0 for duty in duties}
        self.stopping = False

    def stop(self, *_: object) -> None:
        self.stopping = True

    def run(self, *, once: bool = False) -> None:
        """Until it is told to stop, its parent ends or a thread of its fails; `once`: every duty, and no more."""
        from django.db import connection

        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        if once:
            self.round("", *BESIDE)
            connection.close()
            return
        parent, settled = os.getppid(), False
        threads = [threading.Thread(target=self.run_lane, args=(lane,), name=lane, daemon=True) for lane in BESIDE]
        for thread in threads:
            thread.start()
        while not self.stopping and os.getppid() == parent and all(thread.is_alive() for thread in threads):
            self.round("")
            if not settled:
                keep_loaded()
                settled = True
            self._show_life(connection)
            time.sleep(PAUSE)
        self.stop()
        for thread in threads:
            thread.join(2 * PAUSE)  # it may be killed at any line
        connection.close()

    def run_lane(self, lane: str, *, pause: float | None = None) -> None:
        """Do the duties of a lane, every `pause` seconds (BESIDE); the page's whenever the database tells of work, too."""
        from django.db import connection

        pause = BESIDE[lane] if pause is None else pause
        bell = Bell() if lane == "page" else None
        while not self.stopping:
            self.round(lane)
            if bell is None:
                time.sleep(pause)
            else:
                bell.wait(pause)
        if bell is not None:
            bell.close()
        connection.close()

    def round(self, *lanes: str) -> None:
        """Each duty of these lanes whose time has come."""
        for duty in self.duties:
            if duty.lane in lanes and not self.stopping and time.monotonic() >= self.due[duty.name]:
                self.attempt(duty)

    def attempt(self, duty: Duty) -> bool:
        """Do a duty unless another worker is at it. A failure is logged, and tried again later."""
        from django.db import Error, connection

        self.due[duty.name] = time.monotonic() + duty.every
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"dunwell.duty.{duty.name}"])
                if not cursor.fetchone()[0]:
                    return False
            try:
                duty.do(self.clock())
            finally:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [f"dunwell.duty.{duty.name}"])
        except Error as error:
            log.warning("duty failed", duty=duty.name, error=type(error).__name__)
            connection.close()
            self.due[duty.name] = time.monotonic() + min(duty.every, 10)
            return False
        except Exception as error:
            log.error("duty failed", duty=duty.name, error=type(error).__name__, exc_info=True)
            self.due[duty.name] = time.monotonic() + max(duty.every, 10)
            return False
        return True

    def _show_life(self, connection: object) -> None:
        """Be seen in pg_stat_activity under the worker's name."""
        from django.db import Error

        try:
            with connection.cursor() as cursor:  # type: ignore[attr-defined]
                cursor.execute("SELECT set_config('application_name', %s, false)", [NAME])
        except Error:
            connection.close()  # type: ignore[attr-defined]
