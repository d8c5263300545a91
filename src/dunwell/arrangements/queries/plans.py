"""Reads of arrangements: what is known of an account when one is proposed, and how those that were made stand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import Exists, Prefetch, QuerySet, Subquery

from dunwell.arrangements.models import Arrangement, CertificateRequest, Instalment, Instruction
from dunwell.arrangements.rules.offers import OVER, Owed, Situation
from dunwell.arrears import queries as arrears
from dunwell.arrears.models import AccountState, PublishedDay
from dunwell.compliance.models import Hold
from dunwell.portfolio.models import Account

Standing = Arrangement.Standing
WAITING = (Standing.PROPOSED, Standing.APPROVED, Standing.AGREED)
PERFORMED = (Standing.IN_FORCE, Standing.MISSED, Standing.BREACHED)
BINDING = (*WAITING, *PERFORMED)


def owed_on(state: AccountState) -> Owed:
    """What is owed on an account by the published columns, payments of today not yet taken off."""
    return Owed(
        principal=state.principal_retail + state.principal_cash,
        in_instalments=state.principal_instalment_billed + state.principal_instalment_unbilled,
        interest=state.interest_on_balance + state.interest_off_balance,
        fees=state.late_charge + state.other_fees,
        credit=state.credit_balance + state.paid_since,
    )


def situation_of(
    account: Account, *, left: Decimal | None, known: frozenset[str], changes: Arrangement | None = None
) -> Situation | None:
    """What is known of an account, for the rules of what may be offered; None where nothing is published of it.

    `left` and `known` are what the person told. `changes` is a running plan that another shall take the place of: it does
    not stand in the way, and he is as late as when it was agreed to.
    """
    holds = Hold.objects.filter(party_id=account.party_id, lift=None, kind__in=("death", "disaster"))
    state = (
        AccountState.objects.filter(account=account)
        .annotate(
            published=Subquery(PublishedDay.objects.filter(entity_id=account.entity_id).values("business_date")[:1]),
            differs=Exists(arrears.unexplained(entity_id=account.entity_id).filter(account__party_id=account.party_id)),
            died=Exists(holds.filter(kind="death")),
            disaster=Exists(holds.filter(kind="disaster")),
        )
        .first()
    )
    if state is None:
        return None
    made = Arrangement.objects.filter(account=account).exclude(pk=changes.pk if changes else None)
    earlier = list(made.values_list("product", "proposed_on", "standing", "force"))
    days = arrears.days_on(state.published, days=state.days_delinquent, of=state.business_date)
    return Situation(
        owed=owed_on(state),
        past_due=state.past_due,
        days_delinquent=days,
        left=left,
        known=known | (frozenset({"disaster"}) if state.disaster else frozenset()),
        earlier=tuple((product, day) for product, day, _, force in earlier if force),  # those that came into force
        running=any(standing not in OVER for *_, standing, _ in earlier),
        differs=state.differs,
        died=state.died,
        changing=changes is not None,
        days_then=int(changes.terms["days_delinquent"]) if changes else 0,
        to_pay=None if changes is None else _wanted(changes, state.published or state.business_date),
    )


def _wanted(running: Arrangement, on: date) -> Decimal:
    """What a plan wants next: what is due and not paid, and the next instalment."""
    unpaid = list(running.instalments.filter(paid_on=None).order_by("due_date"))
    due = [row for row in unpaid if row.due_date <= on]
    return sum((row.amount - row.received for row in unpaid[: len(due) + 1]), Decimal(0))


def _whole(found: QuerySet[Arrangement]) -> QuerySet[Arrangement]:
    return found.select_related("account", "consent", "force", "end").prefetch_related(
        Prefetch("instalments", Instalment.objects.order_by("position")),
        Prefetch("instructions", Instruction.objects.select_related("answer", "sending__batch").order_by("id")),
        "answers",
    )


def arrangements_of(*, party_id: int, limit: int = 20) -> list[Arrangement]:
    """The party's last arrangements, the newest first, with all that belongs to them (four queries)."""
    return list(_whole(Arrangement.objects.filter(party_id=party_id).order_by("-id"))[:limit])


def arrangement_of(*, arrangement_id: int, entity_id: int) -> Arrangement:
    """One arrangement with all that belongs to it; DoesNotExist when there is none of the entity."""
    return _whole(Arrangement.objects.filter(entity_id=entity_id)).get(pk=arrangement_id)


def running(account: Account, arrangement_id: int) -> Arrangement | None:
    """An arrangement of the account that is performed and that nobody ended, such as one that is to be changed."""
    return Arrangement.objects.filter(pk=arrangement_id, account=account, standing__in=PERFORMED, end=None).first()


def waiting_for_approval(*, entity_id: int) -> QuerySet[Arrangement]:
    """What waits for somebody's approval, the oldest first."""
    found = Arrangement.objects.filter(entity_id=entity_id, standing=Standing.PROPOSED, end=None)
    return found.exclude(answers__approved=False).select_related("account", "party").order_by("id")


def late(*, entity_id: int) -> QuerySet[Arrangement]:
    """Plans of which an instalment is missed or that are breached, the longest first."""
    found = Arrangement.objects.filter(entity_id=entity_id, standing__in=(Standing.MISSED, Standing.BREACHED))
    return found.select_related("account", "party").order_by("standing_on", "id")


def certificates_of(*, party_id: int, limit: int = 20) -> list[CertificateRequest]:
    """The certificates asked for about the party's accounts, the newest first, with what became of them (one query)."""
    found = CertificateRequest.objects.filter(account__party_id=party_id)
    return list(found.select_related("account", "answer", "certificate", "instruction__answer").order_by("-id")[:limit])
