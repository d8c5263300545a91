"""An arrangement on its road: proposed, approved, agreed, put to the host's process and answered; and months of nights."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from dunwell.arrangements import services
from dunwell.arrangements.models import Arrangement
from dunwell.arrangements.rules.offers import Wish
from dunwell.intake import services as intake
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.nightly import services as nightly
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account
from tests import build, nights

HOST = Path(__file__).parent / "peers" / "host.py"
COLLECTOR, LEADER, MANAGER = (Actor(user_id=n, name=f"S{n:05}") for n in (7, 8, 9))
BY = Actor.program("tests")
LOST_HIS_JOB = {"left": Decimal("700.00"), "known": frozenset({"circumstances", "willing"}), "heard": "the shop closed"}


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BANK_ZONE)


def propose(account: Account, wish: Wish, *, now: datetime, key: str = "a-1", **fields: object) -> Arrangement:
    told = {**LOST_HIS_JOB, "by_role": "collector", "by": COLLECTOR, **fields}
    return services.propose(account_id=account.pk, wish=wish, now=now, key=key, **told)


def agree(arrangement: Arrangement, *, now: datetime) -> None:
    """Approved by as many as the mandate wants, and agreed to in writing."""
    for by, role in ((LEADER, "team_leader"), (MANAGER, "manager"))[: arrangement.persons]:
        services.answer_proposal(arrangement_id=arrangement.pk, approved=True, by=by, by_role=role, now=now)
    services.agree(
        arrangement_id=arrangement.pk, form="written", evidence_ref=build.proof(arrangement.party), disclosed=True,
        by=COLLECTOR, now=now,
    )  # fmt: skip


def host_answers(folder: Path, *, day: date, refuses: tuple[str, ...] = (), at: datetime | None = None) -> object:
    """The host's process reads what was handed over, and its answers come in through intake; at noon unless said."""
    now = at or noon(day)
    services.hand_over(now=now, folder=folder / "out")
    command = [sys.executable, HOST, folder / "out", folder / "back", day.isoformat(), *refuses]
    subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=60)
    return intake.take(
        path=folder / "back" / f"instruction_answers_{day}.csv",
        business_date=day,
        entity=build.entity(),
        now=now,
        by=BY,
    )


def night(day: date, *, balance: str, past_due: str = "0.00", since: date | None = None) -> None:
    """A night over the one account A1 of P1 as the host tells it, and what follows from it."""
    nights.taken("accounts", day, [
        nights.position("A1", "P1", balance=balance, past_due=past_due, since=since, periods_past_due=1)
    ])  # fmt: skip
    nightly.run(business_date=day, now=noon(day), by=BY)
    services.follow(now=noon(day))


def pay(amount: str, day: date, *, ref: str = "") -> None:
    payments.receive(
        account_id=Account.objects.get(account_no="A1").pk, amount=Decimal(amount), currency="CNY", posting_date=day,
        transaction_date=day, host_ref=ref or f"R-{day}", source="file", by=BY, now=noon(day),
    )  # fmt: skip
