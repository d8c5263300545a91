"""Why people's records are still needed: for many people at once, in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Max, Q

from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case, RetentionLock
from dunwell.compliance.models import Hold
from dunwell.kernel import times
from dunwell.payments.models import Payment
from dunwell.portfolio.models import AccountRole, Party

#: Roles that answer for the debt: such a person's data is needed as long as anybody's case on the account is open.
ANSWERS = (
    AccountRole.Role.PRIMARY,
    AccountRole.Role.GUARANTOR,
    AccountRole.Role.JOINT_DEBTOR,
    AccountRole.Role.COMPANY,
)
Account = tuple[int, str]  # entity, account number


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why records may not go: a code (`case_open`, `hold`, `owes`, `locked`, `retention`) and what it names.

    `until`: the last day on which it stands in the way, None when nobody knows.
    """

    code: str
    params: dict[str, str] = field(default_factory=dict)
    until: date | None = None


def answers_for(party_ids: Collection[int]) -> dict[int, set[Account]]:
    """The accounts that each of these people answers for."""
    return _roles(party_ids)[0]


def _roles(party_ids: Collection[int]) -> tuple[dict[int, set[Account]], dict[Account, set[int]]]:
    """The accounts that each answers for, and under whose case each account is worked."""
    own = AccountRole.objects.filter(party__in=party_ids, role__in=ANSWERS)
    roles = AccountRole.objects.filter(account_no__in=own.values("account_no"), role__in=ANSWERS)
    accounts: dict[int, set[Account]] = {party: set() for party in party_ids}
    owners: dict[Account, set[int]] = defaultdict(set)
    for party, entity, account_no, role in roles.values_list("party_id", "party__entity_id", "account_no", "role"):
        if party in accounts:
            accounts[party].add((entity, account_no))
        if role == AccountRole.Role.PRIMARY:
            owners[entity, account_no].add(party)
    return accounts, owners


def needed(party_ids: Collection[int], *, now: datetime, kind: str = "") -> dict[int, list[Obstacle]]:
    """Of each of these people: cases open, holds in force, balances owed, retention locks (of a `kind` of records those
    on it, else any). Five queries, however many people."""
    accounts, owners = _roles(party_ids)
    numbers = {account_no for found in accounts.values() for _entity, account_no in found}
    obstacles: dict[int, list[Obstacle]] = {party: [] for party in party_ids}
    debtors = {party: {party}.union(*(owners[account] for account in found)) for party, found in accounts.items()}
    cases = Case.objects.filter(party__in=set().union(*debtors.values()), closed_on=None).order_by("case_no")
    for case_no, debtor in cases.values_list("case_no", "party_id"):
        for party in (party for party, found in debtors.items() if debtor in found):
            obstacles[party].append(Obstacle("case_open", {"case_no": case_no}))
    lasting = Hold.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), lift=None).select_related("account")
    for hold in lasting.filter(Q(party__in=party_ids) | Q(account__account_no__in=numbers)).order_by("pk"):
        about = (hold.account.entity_id, hold.account.account_no) if hold.account else None
        found = Obstacle("hold", {"kind": hold.kind}, hold.ends_at and times.business_date(hold.ends_at))
        for party in (party for party in party_ids if hold.party_id == party or about in accounts[party]):
            obstacles[party].append(found)
    states = AccountState.objects.filter(Q(balance__gt=0) | Q(past_due__gt=0), account__account_no__in=numbers)
    for state in states.select_related("account").order_by("account__account_no"):
        told = state.account
        found = Obstacle(
            "owes", {"account_no": told.account_no, "amount": str(state.balance), "currency": told.currency}
        )
        for party in (party for party in party_ids if (told.entity_id, told.account_no) in accounts[party]):
            obstacles[party].append(found)
    theirs = Party.objects.filter(pk__in=party_ids).values("entity")
    for lock in locks(Q(party__in=party_ids) | Q(party=None, entity__in=theirs), kind=kind):
        for party in party_ids if lock.party_id is None else (lock.party_id,):
            obstacles[party].append(locked(lock))
    return obstacles


def locks(whose: Q, *, kind: str = "") -> list[RetentionLock]:
    """The retention locks in force: on a `kind` of records and on all, or any of them."""
    found = RetentionLock.objects.filter(whose, release=None).order_by("pk")
    return list(found.filter(kind__in=("", kind)) if kind else found)


def locked(lock: RetentionLock) -> Obstacle:
    """What a lock forbids. Nobody knows when it ends."""
    return Obstacle("locked", {"cause": lock.cause, "reference": lock.reference})


def settled_on(party_ids: Iterable[int]) -> dict[int, date]:
    """Of each person whose debt was worked on or paid: the last case's closing or the last money, whichever is later.

    It means something only of people of whom nothing is `needed` any more. One query.
    """
    people = list(party_ids)
    closed = Case.objects.filter(party__in=people).values_list("party_id").annotate(last=Max("closed_on")).order_by()
    paid = Payment.objects.filter(account__party__in=people).values_list("account__party_id")
    days: dict[int, date] = {}
    for party, day in closed.union(paid.annotate(last=Max("posting_date")).order_by()):
        if day is not None:
            days[party] = max(day, days.get(party, day))
    return days
