"""Reminders before a due date, of promises and instalments: once a person, account and date, however many workers run."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from dunwell.arrangements.models import Arrangement, DueReminder, Instalment, Promise, PromisePart
from dunwell.arrangements.rules.reminders import Reminder, reminder
from dunwell.arrangements.services.telling import figures, tell
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account, Party

Kind, Standing = DueReminder.Kind, Arrangement.Standing
PERFORMED = (Standing.AGREED, Standing.IN_FORCE, Standing.MISSED)  # a breached plan is collected, not reminded of


def remind(*, by: Actor, now: datetime, limit: int = 200) -> int:
    """Remind whoever has something to pay within the days of the policy; answers how many were looked at."""
    on, done = business_date(now), 0
    for kind in Kind:
        policy = reminder(kind, on)
        for party_id, account_id, due_date in _waiting(kind, policy, on)[: limit - done]:
            done += _remind_one(kind, party_id, account_id, due_date, by=by, now=now)
    return done


def _open(kind: Kind) -> QuerySet:
    """What is still to be paid by a date, as person, account, currency, what is missing and when it was agreed."""
    if kind == Kind.PROMISE:
        found = PromisePart.objects.filter(state=Promise.State.OPEN, promise__withdrawal=None)
        return found.annotate(
            party_id=F("promise__party_id"), currency=F("promise__currency"), agreed_on=F("promise__made_on")
        )
    found = Instalment.objects.filter(
        state=Instalment.State.OPEN, arrangement__standing__in=PERFORMED, arrangement__end=None
    )
    return found.annotate(
        party_id=F("arrangement__party_id"), account_id=F("arrangement__account_id"),
        currency=F("arrangement__currency"), agreed_on=F("arrangement__consent__agreed_on"),
    )  # fmt: skip


def _waiting(kind: Kind, policy: Reminder, on: date) -> list[tuple[int, int | None, date]]:
    """Persons, accounts and dates of which nobody was reminded yet, the next date first."""
    reminded = DueReminder.objects.filter(kind=kind, party_id=OuterRef("party_id"), due_date=OuterRef("due_date"))
    if kind == Kind.INSTALMENT:
        reminded = reminded.filter(account_id=OuterRef("account_id"))
    near = _open(kind).filter(
        ~Exists(reminded), due_date__range=(on, on + timedelta(days=policy.days)), received__lt=F("amount")
    )
    account = F("account_id") if kind == Kind.INSTALMENT else None
    fields = ("party_id", *(("account_id",) if account else ()), "due_date", "agreed_on")
    found: dict[tuple[int, int | None, date], None] = {}
    for row in near.order_by("due_date", "party_id").values(*fields):
        if policy.is_due(row["due_date"], agreed_on=row["agreed_on"], on=on):
            found[row["party_id"], row.get("account_id"), row["due_date"]] = None
    return list(found)


@transaction.atomic
def _remind_one(kind: Kind, party_id: int, account_id: int | None, due_date: date, *, by: Actor, now: datetime) -> bool:
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)  # of two workers one waits
    about = {"party_id": party_id, "account_id": account_id, "due_date": due_date}
    if DueReminder.objects.filter(kind=kind, **about).exists():
        return False
    found = _open(kind).filter(**{name: value for name, value in about.items() if value is not None})
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    case_id = None
    for row in found:
        amounts[row.currency] += row.amount - row.received
        case_id = row.promise.case_id if kind == Kind.PROMISE else row.arrangement.case_id
    if not any(amounts.values()):
        return False
    on = business_date(now)
    account = None if account_id is None else Account.objects.get(pk=account_id)
    message_id = tell(
        party, reminder(kind, on).texts, said=figures(account, amounts, due_date=due_date, on=on), account_id=account_id,
        case_id=case_id, key=f"due-{kind}-{party_id}-{account_id or 0}-{due_date}", by=by, now=now,
    )  # fmt: skip
    made = DueReminder.objects.create(
        entity_id=party.entity_id, kind=kind, message_id=message_id, recorded_at=now, **about
    )
    evidence.write(
        kind=f"{'promise' if kind == Kind.PROMISE else 'arrangement'}.reminded", now=now, by=by, entity_id=party.entity_id,
        party_id=party_id, account_id=account_id, case_id=case_id,
        data={
            "due_date": due_date.isoformat(), "message": message_id,
            "amounts": {currency: str(amount) for currency, amount in amounts.items()},
        },
        rows=[made],
    )  # fmt: skip
    return True
