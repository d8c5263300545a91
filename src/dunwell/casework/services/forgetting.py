"""To forget a person on request or when all periods have ended: first asked whether anything forbids it.

PIPL Art 47: personal data is deleted when the purpose has ended; while a period of retention runs, or a claim is being
worked on or fought over, it is kept and the reason is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Q

from dunwell.arrangements.models import PromisePart
from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case
from dunwell.channels.models import Message
from dunwell.compliance.models import Contact, Hold
from dunwell.compliance.queries import in_force
from dunwell.compliance.rules.pack import Pack
from dunwell.evidence import retention
from dunwell.evidence import services as evidence
from dunwell.kernel import times
from dunwell.kernel.actor import Actor
from dunwell.payments.models import Payment, Reversal
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import AccountRole, Party

#: Roles that answer for the debt: such a person's data is needed as long as anybody's case on the account is open.
ANSWERS = (
    AccountRole.Role.PRIMARY,
    AccountRole.Role.GUARANTOR,
    AccountRole.Role.JOINT_DEBTOR,
    AccountRole.Role.COMPANY,
)
SPOKEN = ("call", "ai_call", "visit")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a person cannot be forgotten: a code (`case_open`, `hold`, `owes`, `retention`) and what it names.

    `until`: the last day on which it stands in the way, None when nobody knows.
    """

    code: str
    params: dict[str, str] = field(default_factory=dict)
    until: date | None = None


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
    roles = AccountRole.objects.filter(party=party, role__in=ANSWERS)
    answers_for = sorted(set(roles.values_list("account_no", flat=True)))
    debtors = AccountRole.objects.filter(
        account_no__in=answers_for, role=AccountRole.Role.PRIMARY, party__entity_id=party.entity_id
    ).values("party_id")
    for case in Case.objects.filter(Q(party=party) | Q(party_id__in=debtors), closed_on=None).order_by("case_no"):
        yield Obstacle("case_open", {"case_no": case.case_no})
    lasting = Hold.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), lift=None)
    for hold in lasting.filter(Q(party=party) | Q(account__account_no__in=answers_for)).order_by("pk"):
        yield Obstacle("hold", {"kind": hold.kind}, hold.ends_at and times.business_date(hold.ends_at))
    states = AccountState.objects.filter(
        Q(balance__gt=0) | Q(past_due__gt=0), account__account_no__in=answers_for, account__entity_id=party.entity_id
    )
    for state in states.select_related("account").order_by("account__account_no"):
        yield Obstacle(
            "owes",
            {"account_no": state.account.account_no, "amount": str(state.balance), "currency": state.account.currency},
        )
    yield from _retained(party, answers_for, times.business_date(now))


def _retained(party: Party, account_nos: list[str], today: date) -> Iterator[Obstacle]:
    periods, pack = retention.periods(today), in_force(today)
    for kind, last in _last_records(party, account_nos).items():
        period = _at_least(periods.get(kind), pack)
        if last is not None and period is not None and today <= period.ends(last):
            yield Obstacle(
                "retention",
                {"kind": kind, "last": str(last), "rule": period.rule, "confidence": period.confidence},
                period.ends(last),
            )


def _at_least(period: retention.Period | None, pack: Pack) -> retention.Period | None:
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
    messages = Message.objects.filter(party=party).aggregate(last=Max("contact__local_date"))["last"]
    days = [
        cases["closed"],
        cases["opened"],
        contacts.aggregate(last=Max("local_date"))["last"],
        messages,
        payments.aggregate(last=Max("posting_date"))["last"],
        Reversal.objects.filter(payment__in=payments).aggregate(last=Max("posting_date"))["last"],
        PromisePart.objects.filter(promise__party=party).aggregate(last=Max("due_date"))["last"],
    ]
    return {
        "case_record": max((day for day in days if day is not None), default=None),
        "recording": contacts.filter(channel__in=SPOKEN).aggregate(last=Max("local_date"))["last"],
        "message_log": messages,
    }
