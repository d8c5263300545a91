"""One transaction for all who ask at the same moment in one process: a bank's dialler asks for hundreds of slots a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Unpack

import structlog
from django.db import connection

from dunwell.compliance.queries.facts import About, Asking
from dunwell.compliance.services.locks import ROUND_TRIP
from dunwell.compliance.services.reserving import Reserved, reserve, reserve_many
from dunwell.kernel.actor import Actor

MOST = 64  # slots a transaction: with more of them the first waits longer than the others gain
AT_ONCE = 2  # transactions of one process: one computes while the other waits for the server, the rest gather meanwhile


@dataclass(slots=True)
class _Wish:
    key: str
    asking: Asking
    by: Actor
    now: datetime
    keep_refusal: bool
    began: float = field(default_factory=time.monotonic)
    leads: bool = False  # serves those who wait, himself first
    called: threading.Event = field(default_factory=threading.Event)  # to lead, or because he is served
    reserved: Reserved | None = None

    @property
    def alike(self) -> tuple[Actor, bool]:
        """What those have in common who may share a transaction."""
        return self.by, self.keep_refusal

    def moment(self) -> datetime:
        """Now, by the clock of who asked: the wait for the transaction before counts."""
        waited = timedelta(seconds=time.monotonic() - self.began)
        return self.now + waited if waited > ROUND_TRIP else self.now


log = structlog.get_logger("dunwell.gate")


class _Queue:
    """Who waits, and how many lead. Each who waits is woken once: by who served him, or by the leader who goes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: deque[_Wish] = deque()
        self.leading = 0

    def join(self, wish: _Wish) -> None:
        with self.lock:
            if self.leading < AT_ONCE:
                self.leading += 1
                wish.leads = True
            else:
                self.waiting.append(wish)

    def gather(self, leader: _Wish) -> list[_Wish]:
        """The leader, and those who wait and may share his transaction."""
        with self.lock:
            found, others = [leader], []
            while self.waiting and len(found) < MOST:
                wish = self.waiting.popleft()
                (found if wish.alike == leader.alike else others).append(wish)
            self.waiting.extendleft(reversed(others))
        return found

    def hand_over(self) -> None:
        """The first who waits leads from now on."""
        with self.lock:
            if not self.waiting:
                self.leading -= 1
                return
            heir = self.waiting.popleft()
        heir.leads = True
        heir.called.set()


_queue = _Queue()


def reserve_shared(
    *, key: str, by: Actor, now: datetime, keep_refusal: bool = False, **about: Unpack[About]
) -> Reserved:
    """`reserve`, in a transaction that it shares with whoever asks in the same process meanwhile.

    It is committed when this returns. Within a transaction of the caller's it is `reserve` itself. What cannot be
    answered beside the others (somebody else asks for the same person or number, the key was answered before) is asked
    alone, as is everything when the shared transaction fails.
    """
    if not connection.in_atomic_block:
        wish = _Wish(key, Asking.about(**about), by, now, keep_refusal)
        _queue.join(wish)
        if not wish.leads:
            wish.called.wait()
        if wish.leads:
            try:
                _serve(_queue.gather(wish))
            finally:
                _queue.hand_over()
        if wish.reserved is not None:
            return wish.reserved
        now = wish.moment()
    return reserve(**about, key=key, by=by, now=now, keep_refusal=keep_refusal)


def _serve(wishes: list[_Wish]) -> None:
    first = wishes[0]
    try:
        slots = reserve_many(
            wanted=[(wish.key, wish.asking) for wish in wishes], by=first.by,
            now=max(wish.moment() for wish in wishes), keep_refusal=first.keep_refusal,
        )  # fmt: skip
        for wish in wishes:
            slot = slots.get(wish.key)
            wish.reserved = slot.reserved if slot else None
    except Exception as error:  # one of them asked for what there is not, or the server went: each asks alone
        log.info("asked one by one", wishes=len(wishes), error=type(error).__name__)
    finally:
        for wish in wishes:
            wish.called.set()
