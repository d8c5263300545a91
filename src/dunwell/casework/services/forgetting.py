"""To forget a person on request or when all periods have ended: first asked whether anything forbids it.

PIPL Art 47: personal data is deleted when the purpose has ended; while a period of retention runs, or a claim is being
worked on or fought over, it is kept and the reason is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Q

from dunwell.arrangements.models import MeansStatement, PromisePart, Proof
from dunwell.casework.models import Case
from dunwell.casework.queries import keeping
from dunwell.casework.queries.keeping import Obstacle
from dunwell.channels.models import Message
from dunwell.compliance.models import Contact
from dunwell.compliance.queries import in_force
from dunwell.compliance.rules.pack import Pack
from dunwell.evidence import retention
from dunwell.evidence import services as evidence
from dunwell.kernel import times
from dunwell.kernel.actor import Actor
from dunwell.payments.models import Payment, Reversal
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party

SPOKEN = ("call", "ai_call", "visit")


class MayNotErase(Exception):
    """Something forbids it; `obstacles` says what."""

    def __init__(self, obstacles: list[Obstacle]) -> None:
        super().__init__(", ".join(each.code for each in obstacles))
        self.obstacles = obstacles


def forget(*, party_id: int, by: Actor, reason: str, now: datetime) -> None:
    """Erase a person's data; MayNotErase with the reasons, which are logged, while anything forbids it."""
    if not reason.strip():
        raise portfolio.ReasonMissing("say why this person is to be forgotten")
    with transaction.atomic():
        party = Party.objects.select_for_update().get(pk=party_id)  # a fact written meanwhile waits, and is then seen
        found = list(obstacles(party=party, now=now))
        if found:
            evidence.write(
                kind="party.erasure_refused", now=now, by=by, entity_id=party.entity_id, party_id=party.pk,
                data={
                    "reason": reason.strip(),
                    "obstacles": [{"code": o.code, "until": o.until and str(o.until), **o.params} for o in found],
                },
            )  # fmt: skip
        else:
            portfolio.erase_party(party_id=party.pk, by=by, reason=reason.strip(), now=now)
    if found:
        raise MayNotErase(found)


def obstacles(*, party: Party, now: datetime) -> Iterator[Obstacle]:
    """What forbids it: an open case, a hold in force, something owed, a period of retention that has not ended."""
    yield from keeping.needed([party.pk], now=now)[party.pk]
    answers_for = sorted(account_no for _entity, account_no in keeping.answers_for([party.pk])[party.pk])
    yield from _retained(party, answers_for, times.business_date(now))


def _retained(party: Party, account_nos: list[str], today: date) -> Iterator[Obstacle]:
    periods, pack = retention.periods(today), in_force(today)
    for kind, last in _last_records(party, account_nos).items():
        period = at_least(periods.get(kind), pack)
        if last is not None and period is not None and today <= period.ends(last):
            yield Obstacle(
                "retention",
                {"kind": kind, "last": str(last), "rule": period.rule, "confidence": period.confidence},
                period.ends(last),
            )


def at_least(period: retention.Period | None, pack: Pack) -> retention.Period | None:
    """The period, or the longer one that the rule pack in force sets by its rule (a bank's overlay may)."""
    months = max((kept.months for kept in pack.keepings if period and kept.rule == period.rule), default=0)
    if period is None or months <= period.years * 12 + period.months:
        return period
    return replace(period, years=0, months=months)


def _last_records(party: Party, account_nos: list[str]) -> dict[str, date | None]:
    """By kind of record in retention.yaml: the day of the last one about the person."""
    contacts = Contact.objects.filter(Q(party=party) | Q(person=party))
    payments = Payment.objects.filter(account__account_no__in=account_nos, account__entity_id=party.entity_id)
    cases = Case.objects.filter(party=party).aggregate(closed=Max("closed_on"), opened=Max("opened_on"))
    messages = Message.objects.filter(Q(party=party) | Q(contact_point__party=party)).aggregate(
        last=Max("contact__local_date")
    )["last"]
    days = [
        cases["closed"],
        cases["opened"],
        contacts.aggregate(last=Max("local_date"))["last"],
        messages,
        payments.aggregate(last=Max("posting_date"))["last"],
        Reversal.objects.filter(payment__in=payments).aggregate(last=Max("posting_date"))["last"],
        PromisePart.objects.filter(Q(promise__party=party) | Q(payer=party)).aggregate(last=Max("due_date"))["last"],
    ]
    return {
        "case_record": max((day for day in days if day is not None), default=None),
        "recording": contacts.filter(channel__in=SPOKEN).aggregate(last=Max("local_date"))["last"],
        "message_log": messages,
        "proof_of_means": _last_paper(party),
    }


def _last_paper(party: Party) -> date | None:
    days = (Proof.objects.filter(party=party), MeansStatement.objects.filter(party=party))
    last = [rows.aggregate(last=Max("recorded_at"))["last"] for rows in days]
    return max((times.business_date(moment) for moment in last if moment is not None), default=None)
