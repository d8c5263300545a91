"""Reads of arrangements: what is known of an account when one is proposed, and how those that were made stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Exists, Prefetch, Q, Subquery

from dunwell.arrangements.models import Arrangement, CertificateAccount, CertificateRequest
from dunwell.arrangements.queries.agreements import Agreement, agreements_among, parts_of
from dunwell.arrangements.queries.repaid import repaid_among, repaid_early
from dunwell.arrangements.rules.offers import OVER, Owed, Situation, together
from dunwell.arrears import queries as arrears
from dunwell.arrears.models import AccountState, PublishedDay
from dunwell.compliance.models import Hold
from dunwell.portfolio.models import Account
from dunwell.portfolio.rules import FEES, IN_INSTALMENTS, INTEREST, PRINCIPAL

Standing = Arrangement.Standing
WAITING = (Standing.PROPOSED, Standing.APPROVED, Standing.AGREED)
PERFORMED = (Standing.IN_FORCE, Standing.MISSED, Standing.BREACHED)
BINDING = (*WAITING, *PERFORMED)


def owed_on(state: AccountState) -> Owed:
    """What is owed on an account by the published columns, payments of today not yet taken off."""
    return Owed(
        principal=_sum(state, PRINCIPAL),
        in_instalments=_sum(state, IN_INSTALMENTS),
        interest=_sum(state, INTEREST),
        fees=_sum(state, FEES),
        credit=state.credit_balance + state.paid_since,
    )


def surplus(state: AccountState) -> Decimal:
    """What was there by the host's books beyond what was owed; below nothing where something was."""
    return -(owed_on(state).whole + state.paid_since)


def _sum(state: AccountState, columns: Sequence[str]) -> Decimal:
    return sum((getattr(state, column) for column in columns), Decimal(0))


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
    made = made.annotate(repaid=repaid_early())
    earlier = list(made.values_list("product", "proposed_on", "standing", "force", "repaid"))
    days = arrears.days_on(state.published, days=state.days_delinquent, of=state.business_date)
    return Situation(
        owed=owed_on(state),
        past_due=state.past_due,
        days_delinquent=days,
        left=left,
        known=known | (frozenset({"disaster"}) if state.disaster else frozenset()),
        earlier=tuple((product, day) for product, day, _, force, _ in earlier if force),  # those that came into force
        running=any(standing not in OVER and not repaid for _, _, standing, _, repaid in earlier),
        differs=state.differs,
        died=state.died,
        changing=changes is not None,
        days_then=int(changes.terms["days_delinquent"]) if changes else 0,
        to_pay=None if changes is None else _wanted(changes, state.published or state.business_date),
        account_no=account.account_no,
    )


def situation_together(
    accounts: Sequence[Account],
    *,
    left: Decimal | None,
    known: frozenset[str],
    changes: Sequence[Arrangement] = (),
) -> Situation | None:
    """What is known of the accounts of one agreement, taken together; None where nothing is published of one of them. `changes`
    are the parts of a running one that another shall take the place of."""
    parts = {part.account_id: part for part in changes}
    found = [situation_of(account, left=left, known=known, changes=parts.get(account.pk)) for account in accounts]
    return None if None in found else together(found)


def may_be_combined(accounts: Sequence[Account]) -> bool:
    """Whether one agreement may be about them: different accounts of one person, one issuer and one currency."""
    same = {(one.party_id, one.entity_id, one.currency) for one in accounts}
    return len(same) == 1 and len({one.pk for one in accounts}) == len(accounts)


def _wanted(running: Arrangement, on: date) -> Decimal:
    """What a plan wants next: what is due and not paid, and the next instalment."""
    unpaid = list(running.instalments.filter(paid_on=None).order_by("due_date"))
    due = [row for row in unpaid if row.due_date <= on]
    return sum((row.amount - row.received for row in unpaid[: len(due) + 1]), Decimal(0))


def running(*, party_id: int, arrangement_id: int) -> list[Arrangement]:
    """What runs on of an agreement of the party that is to be changed, an arrangement for each account in the order of these: the
    parts of a combined plan that were not repaid early. Empty where it is performed no more or somebody ended it."""
    named = Arrangement.objects.select_related("account", "party").filter(pk=arrangement_id, party_id=party_id).first()
    parts = parts_of(named) if named else []
    if any(part.standing not in PERFORMED or hasattr(part, "end") for part in parts):
        return []
    repaid = repaid_among(parts)
    return sorted((part for part in parts if part.pk not in repaid), key=lambda part: part.account_id)


def waiting_for_approval(*, entity_id: int, hidden: Q, limit: int) -> list[Agreement]:
    """What waits for somebody's approval, the oldest first, without what is `hidden`."""
    found = Arrangement.objects.filter(entity_id=entity_id, standing=Standing.PROPOSED, end=None)
    return agreements_among(found.exclude(answers__approved=False).exclude(hidden).order_by("id"), limit=limit)


def late(*, entity_id: int, hidden: Q, limit: int) -> list[Agreement]:
    """Plans of which an instalment is missed or that are breached, the longest first, without what is `hidden`."""
    found = Arrangement.objects.filter(entity_id=entity_id, standing__in=(Standing.MISSED, Standing.BREACHED))
    return agreements_among(found.exclude(hidden).order_by("standing_on", "id"), limit=limit)


def certificates_of(*, party_id: int, limit: int = 20) -> list[CertificateRequest]:
    """The certificates asked for about the party's accounts, the newest first, with what became of them (two queries)."""
    found = CertificateRequest.objects.filter(account__party_id=party_id)
    found = found.select_related("account", "answer", "certificate__revocation", "instruction__answer")
    others = Prefetch(
        "others", CertificateAccount.objects.select_related("account", "instruction__answer").order_by("id")
    )
    return list(found.prefetch_related(others).order_by("-id")[:limit])
