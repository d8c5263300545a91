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
    picked: bool = False
    served: threading.Event = field(default_factory=threading.Event)
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
_turns = threading.BoundedSemaphore(AT_ONCE)
_picking = threading.Lock()
_waiting: deque[_Wish] = deque()


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
        _waiting.append(wish)
        with _turns:  # whoever gets one serves all who wait; they find themselves picked when theirs comes
            while not wish.picked:
                _serve(_alike())
        wish.served.wait()
        if wish.reserved is not None:
            return wish.reserved
        now = wish.moment()
    return reserve(**about, key=key, by=by, now=now, keep_refusal=keep_refusal)


def _alike() -> list[_Wish]:
    """The first who waits, and those behind him who may share his transaction."""
    found: list[_Wish] = []
    with _picking:
        others = []
        while _waiting and len(found) < MOST:
            wish = _waiting.popleft()
            (found if not found or wish.alike == found[0].alike else others).append(wish)
        _waiting.extendleft(reversed(others))
    for wish in found:
        wish.picked = True
    return found


def _serve(wishes: list[_Wish]) -> None:
    try:
        if wishes:  # one alone has his turn, too: the others gather meanwhile
            slots = reserve_many(
                wanted=[(wish.key, wish.asking) for wish in wishes], by=wishes[0].by,
                now=max(wish.moment() for wish in wishes), keep_refusal=wishes[0].keep_refusal,
            )  # fmt: skip
            for wish in wishes:
                slot = slots.get(wish.key)
                wish.reserved = slot.reserved if slot else None
    except Exception as error:  # one of them asked for what there is not, or the server went: each asks alone
        log.info("asked one by one", wishes=len(wishes), error=type(error).__name__)
    finally:
        for wish in wishes:
            wish.served.set()
