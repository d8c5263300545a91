"""Reminders before a due date, of promises and instalments: once a person, account and date, however many workers run.

A part that a joint payer promised is called to his mind, never to the cardholder's; whom nothing reached is a task for a
collector (casework.services.tasks).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from dunwell.arrangements.models import Arrangement, DueReminder, Instalment, Promise, PromisePart
from dunwell.arrangements.queries.promises import payers
from dunwell.arrangements.queries.repaid import repaid_early
from dunwell.arrangements.rules.reminders import JOINT, Reminder, reminder
from dunwell.arrangements.services.telling import figures, tell
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account, Party

Kind, Standing = DueReminder.Kind, Arrangement.Standing
PERFORMED = (Standing.AGREED, Standing.IN_FORCE, Standing.MISSED)  # a breached plan is collected, not reminded of


class About(NamedTuple):
    """What somebody is reminded of at once: whose debt it is, on which account (None: all), by when, and who promised it
    where that is not the cardholder himself."""

    party_id: int
    due_date: date
    account_id: int | None = None
    payer_id: int | None = None


def remind(*, by: Actor, now: datetime, limit: int = 200) -> int:
    """Remind whoever has something to pay within the days of the policy; answers how many were looked at."""
    on, done = business_date(now), 0
    for kind, policy in (
        (Kind.PROMISE, reminder(Kind.PROMISE, on)),
        (JOINT, reminder(JOINT, on)),
        (Kind.INSTALMENT, reminder(Kind.INSTALMENT, on)),
    ):
        for about in _waiting(kind, policy, on)[: limit - done]:
            done += _remind_one(kind, about, policy, by=by, now=now)
    return done


def _open(kind: str) -> QuerySet:
    """What is still to be paid by a date, as person, account, payer, currency, what is missing and when it was agreed."""
    if kind != Kind.INSTALMENT:
        found = PromisePart.objects.filter(
            state=Promise.State.OPEN, promise__withdrawal=None, payer__isnull=kind != JOINT
        )
        return found.annotate(
            party_id=F("promise__party_id"), currency=F("promise__currency"), agreed_on=F("promise__made_on")
        )
    found = Instalment.objects.filter(
        state=Instalment.State.OPEN, arrangement__standing__in=PERFORMED, arrangement__end=None
    )
    found = found.alias(repaid=repaid_early("arrangement")).filter(repaid=False)
    return found.annotate(
        party_id=F("arrangement__party_id"), account_id=F("arrangement__account_id"),
        currency=F("arrangement__currency"), agreed_on=F("arrangement__consent__agreed_on"),
    )  # fmt: skip


def _waiting(kind: str, policy: Reminder, on: date) -> list[About]:
    """Of what nobody was reminded yet, the next date first."""
    beside = {JOINT: ("payer_id",), Kind.INSTALMENT: ("account_id",)}.get(kind, ())
    of_kind = Kind.PROMISE if kind == JOINT else kind
    same = {name: OuterRef(name) for name in ("party_id", "due_date", *beside)}
    nobody = {} if kind == JOINT else {"payer": None}
    near = _open(kind).filter(
        ~Exists(DueReminder.objects.filter(kind=of_kind, **nobody, **same)),
        due_date__range=(on, on + timedelta(days=policy.days)), received__lt=F("amount"),
    )  # fmt: skip
    found: dict[About, None] = {}
    for row in near.order_by("due_date", "party_id").values("party_id", "due_date", "agreed_on", *beside):
        if policy.is_due(row["due_date"], agreed_on=row.pop("agreed_on"), on=on):
            found[About(**row)] = None
    return list(found)


@transaction.atomic
def _remind_one(kind: str, about: About, policy: Reminder, *, by: Actor, now: datetime) -> bool:
    party = Party.objects.select_for_update(no_key=True).get(pk=about.party_id)  # of two workers one waits
    of_kind = Kind.PROMISE if kind == JOINT else Kind(kind)
    if DueReminder.objects.filter(kind=of_kind, **about._asdict()).exists():
        return False
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    case_id, accounts = None, dict[int, Account]()
    for row in _of(kind, about):
        amounts[row.currency] += row.amount - row.received
        case_id = row.arrangement.case_id if kind == Kind.INSTALMENT else row.promise.case_id
        if kind == Kind.INSTALMENT:
            accounts[row.account_id] = row.arrangement.account
    if not any(amounts.values()):
        return False
    on = business_date(now)
    payer = None if about.payer_id is None else Party.objects.get(pk=about.payer_id)
    said = figures(list(accounts.values()), amounts, due_date=about.due_date, on=on)
    message_id = tell(
        party, policy.texts, said=said, case_id=case_id,
        account_id=about.account_id if len(accounts) < 2 else None,  # of several: a hold on any of them counts
        key=f"due-{kind}-{about.party_id}-{about.account_id or about.payer_id or 0}-{about.due_date}",
        payer=payer, by=by, now=now,
    )  # fmt: skip
    made = DueReminder.objects.bulk_create(
        DueReminder(
            entity_id=party.entity_id, kind=of_kind, message_id=message_id, recorded_at=now,
            **about._replace(account_id=each)._asdict(),
        )
        for each in accounts or [None]
    )  # fmt: skip
    evidence.write(
        kind=f"{'arrangement' if kind == Kind.INSTALMENT else 'promise'}.reminded", now=now, by=by,
        entity_id=party.entity_id, party_id=about.party_id, account_id=about.account_id, case_id=case_id,
        data={
            "due_date": about.due_date.isoformat(), "message": message_id,
            "amounts": {currency: str(amount) for currency, amount in amounts.items()},
            **_who(payer, about.party_id, on),
        },
        rows=made,
    )  # fmt: skip
    return True


def _of(kind: str, about: About) -> QuerySet:
    """What is open of that; with an account's instalment what was agreed with it on others, where nobody was reminded of it."""
    found = _open(kind).order_by("id")
    if kind != Kind.INSTALMENT:
        return found.filter(**{name: value for name, value in about._asdict().items() if value is not None})
    found = found.filter(party_id=about.party_id, due_date=about.due_date)
    own = found.filter(account_id=about.account_id)
    together = own.exclude(arrangement__combined=None).values("arrangement__combined")
    reminded = DueReminder.objects.filter(kind=kind, party_id=about.party_id, due_date=about.due_date)
    found = found.filter(Q(account_id=about.account_id) | Q(arrangement__combined__in=together))
    return found.exclude(account_id__in=reminded.values("account_id")).select_related("arrangement__account")


def _who(payer: Party | None, party_id: int, on: date) -> dict[str, object]:
    """The joint payer as the log tells him; his role is empty where he has none in the accounts any more."""
    if payer is None:
        return {}
    role = next((one.role for one in payers(party_id=party_id, on=on) if one.party_id == payer.pk), "")
    return {"payer": payer.pk, "payer_name": payer.name_masked, "payer_role": role}
