"""What keeps a claim alive is written down, and the clocks of all accounts are kept."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Model, Q

from dunwell.arrears.models import AccountState
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.legal.models import LimitationClock, LimitationFact, LimitationFactWithdrawal
from dunwell.legal.queries import limitation as queries
from dunwell.legal.rules.limitation import Clock, kinds, obstacles
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account

DUE = """
    SELECT s.account_id FROM arrears_accountstate AS s
    LEFT JOIN legal_limitationclock AS c ON c.account_id = s.account_id
    WHERE s.past_due > 0 AND s.oldest_due_date IS NOT NULL AND (c.computed_on IS NULL OR c.computed_on < %s)
    ORDER BY s.account_id LIMIT %s
"""


class NotAllowed(ValueError):
    """The fact breaks a rule; `code` says which: kind, reason, days, future, nobody, withdrawn."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def record_fact(
    *,
    account_id: int,
    kind: str,
    starts_on: date,
    ends_on: date | None = None,
    reason: str,
    file: Path | None = None,
    file_name: str = "",
    by: Actor,
    now: datetime,
    key: str,
) -> LimitationFact:
    """Write down an interruption or an obstacle that no program sees. The same key is the same fact.

    NotAllowed when the kind is none that an officer tells of, when it lies in the future, or without reason or person.
    """
    account = Account.objects.get(pk=account_id)
    portfolio.touch(party_id=account.party_id, now=now)  # first: it locks the party
    known = LimitationFact.objects.filter(key=key).first()
    if known is not None:
        return known
    interrupts = kind in kinds() and not kinds()[kind].by_program
    if not interrupts and kind not in obstacles():
        raise NotAllowed("kind")
    if not reason.strip():
        raise NotAllowed("reason")
    if by.user_id is None:
        raise NotAllowed("nobody")
    if starts_on > business_date(now):
        raise NotAllowed("future")
    if ends_on is not None and (interrupts or ends_on < starts_on):
        raise NotAllowed("days")
    fact = LimitationFact.objects.create(
        account=account, kind=kind, starts_on=starts_on, ends_on=ends_on, reason=reason.strip()[:200],
        file=evidence.keep_file(path=file, name=file_name, now=now) if file else None,
        recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _log("limitation.fact", fact, by, now, starts_on=starts_on, ends_on=ends_on)
    _keep(account.pk, now=now)
    return fact


@transaction.atomic
def withdraw_fact(*, fact_id: int, reason: str, by: Actor, now: datetime) -> LimitationFactWithdrawal:
    """Say that a fact was written down wrongly; it counts no more. Twice does no harm."""
    fact = LimitationFact.objects.select_related("account").get(pk=fact_id)
    portfolio.touch(party_id=fact.account.party_id, now=now)
    if not reason.strip():
        raise NotAllowed("reason")
    withdrawal, created = LimitationFactWithdrawal.objects.get_or_create(
        fact=fact, defaults={"reason": reason.strip()[:200], "recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        _log("limitation.fact_withdrawn", fact, by, now, row=withdrawal, reason=reason.strip()[:200])
        _keep(fact.account_id, now=now)
    return withdrawal


def keep_clocks(*, now: datetime, limit: int = 2000) -> int:
    """Compute the clocks that are of another day, a part of them each time; answers how many.

    A duty of the worker. What comes nearer to its end than a warning is logged once for that end.
    """
    today = business_date(now)
    with connection.cursor() as cursor:
        cursor.execute(DUE, [today, limit])
        accounts = [row[0] for row in cursor.fetchall()]
    with transaction.atomic():
        if accounts:
            _publish(accounts, now=now)
        LimitationClock.objects.filter(
            ~Q(account_id__in=AccountState.objects.filter(past_due__gt=0).values("account_id"))
        ).delete()
    return len(accounts)


def _keep(account_id: int, *, now: datetime) -> None:
    _publish([account_id], now=now)


def _publish(accounts: list[int], *, now: datetime) -> None:
    today = business_date(now)
    before = LimitationClock.objects.in_bulk(accounts)
    terms = queries.terms(today)
    parties = dict(Account.objects.filter(pk__in=accounts).values_list("pk", "party_id"))
    entities = dict(Account.objects.filter(pk__in=accounts).values_list("pk", "entity_id"))
    rows = []
    for account, found in queries.clocks(accounts, on=today).items():
        row = _row(account, found, today)
        old = before.get(account)
        same_end = old is not None and old.expires_on == row.expires_on
        row.warned_days = old.warned_days if old is not None and same_end else None
        warning = found.warning(today, terms)
        if warning is not None and (row.warned_days is None or warning < row.warned_days):
            row.warned_days = warning
            evidence.write(
                kind="limitation.warned", now=now, by=Actor.program("limitation"), entity_id=entities[account],
                party_id=parties[account], account_id=account,
                data={"expires_on": str(found.expires_on), "days": warning},
            )  # fmt: skip
        rows.append(row)
    LimitationClock.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account"],
        update_fields=[f.name for f in LimitationClock._meta.concrete_fields if f.name != "account"],
    )


def _row(account_id: int, found: Clock, today: date) -> LimitationClock:
    last = found.last
    return LimitationClock(
        account_id=account_id, starts_on=found.starts_on, expires_on=found.expires_on,
        last_kind=last.kind if last else "", last_on=last.on if last else None,
        last_evidence=last.evidence if last else "", computed_on=today,
    )  # fmt: skip


def _log(
    kind: str, fact: LimitationFact, by: Actor, now: datetime, *, row: Model | None = None, **data: object
) -> None:
    evidence.write(
        kind=kind, now=now, by=by, entity_id=fact.account.entity_id, party_id=fact.account.party_id,
        account_id=fact.account_id, data={"fact": fact.pk, "kind": fact.kind, "file": fact.file_id, **data},
        rows=[row or fact],
    )  # fmt: skip
