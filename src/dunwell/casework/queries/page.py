"""Everything that the case page shows, in a dozen queries however much there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet

from dunwell.arrangements import queries as arrangement_queries
from dunwell.casework import words
from dunwell.casework.models import Case
from dunwell.casework.queries.statements import rows, told
from dunwell.casework.queries.timeline import Timeline, opened, sealed_page, with_texts
from dunwell.identity.models import User
from dunwell.kernel import times
from dunwell.portfolio.rules import IN_INSTALMENTS, INTEREST, PRINCIPAL


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with its state; amounts are None where it is not in work."""

    id: int
    account_no: str
    currency: str
    cards: tuple[str, ...]
    values: Mapping[str, object]

    @property
    def words(self) -> str:
        """The tail by which it is called: a card's, else the account's."""
        return self.cards[0] if self.cards else self.account_no[-4:]

    @property
    def components(self) -> dict[str, Decimal] | None:
        """What is owed by kind; they sum to the balance at the close, `paid_since` not taken off."""
        value = self.values
        if value["balance"] is None:
            return None
        return {
            "principal": sum(value[name] for name in (*PRINCIPAL, *IN_INSTALMENTS)),
            "interest": sum(value[name] for name in INTEREST),
            "late_charge": value["late_charge"],
            "other_fees": value["other_fees"],
            "credit_balance": -value["credit_balance"],
            "paid_since": -value["paid_since"],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class PointRow:
    """A person's contact point; `dials` of today to the number, by whomever."""

    id: int
    party_id: int
    role: str
    relation: str
    name_masked: str
    kind: str
    label: str
    source: str
    masked: str
    timezone: str
    status: str
    status_reason: str
    status_on: date | None
    dials: int
    last_outcome: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class CasePage:
    """What there is to show. JSON values as they stand in the tables; amounts inside them are texts."""

    case: Case
    accounts: tuple[AccountRow, ...]
    people: tuple[tuple[int, str, str, str], ...]  # party, role, relation, masked name; without the cardholder
    points: tuple[PointRow, ...]
    holds: list[dict]
    lists: list[dict]
    wishes: list[dict]
    promises: list[dict]
    planned: list[dict]
    reminders: list[dict]
    findings: list[dict]
    care: list[dict]  # who needs care: kind, last day
    pinned: tuple[tuple[str, datetime, int | None], ...]  # text, when, by whom
    open_contact: dict | None  # a call reserved by this collector, its outcome not written yet
    terms: arrangement_queries.Terms
    draft: dict[str, object] | None
    draft_saved_at: datetime | None
    timeline: Timeline
    reason: str
    viewer_id: int
    held: bool  # by whomever, and not lapsed

    @property
    def mine(self) -> bool:
        """Whether the viewer has the case; else the page is read-only."""
        return self.held and self.case.held_by_id == self.viewer_id


def whole(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Cases read with all that the page needs of them."""
    return cases.select_related("party", "entity", "owner", "held_by")


def case_page(case_id: int, user: User, now: datetime, *, read: Case | None = None) -> CasePage:
    """Everything for one page, in six queries, one fewer with the case just `read` by `whole`. Raises Case.DoesNotExist."""
    case = read or whole(Case.objects.all()).get(pk=case_id)
    facts = {key: told(value) for key, value in rows("case_facts", case=case_id, user=user.pk, now=now)[0].items()}
    people, points = _points(case, now)
    line, sealed_notes = sealed_page(case.party_id, (), None, limit=50, with_counts=True)
    notes, draft = facts.pop("pinned"), facts.pop("draft")
    accounts = _accounts(case)
    case.reckoned(max((row.values["business_date"] for row in accounts if row.values["business_date"]), default=None))
    sealed = {-place: bytes.fromhex(note["sealed"]) for place, note in enumerate(notes, start=1)}
    if draft is not None:
        sealed[0] = bytes.fromhex(draft["sealed"])
    texts = opened(case.party_id, sealed | sealed_notes)
    return CasePage(
        case=case,
        accounts=accounts,
        people=people,
        points=points,
        pinned=tuple(
            (texts[-place], datetime.fromisoformat(note["at"]), note["by"])
            for place, note in enumerate(notes, start=1)
            if -place in texts
        ),
        terms=arrangement_queries.terms(past_due=case.past_due, currency=case.currency, now=now),
        draft=told(texts[0]) if 0 in texts else None,
        draft_saved_at=datetime.fromisoformat(draft["at"]) if draft is not None else None,
        timeline=with_texts(line, texts),
        reason=_reason(case, facts["reminders"], now=now),
        viewer_id=user.pk,
        held=case.held_until is not None and case.held_until > now,
        **facts,
    )


def _accounts(case: Case) -> tuple[AccountRow, ...]:
    return tuple(
        AccountRow(row["id"], row["account_no"], row["currency"], tuple(row["cards"] or ()), row)
        for row in rows("case_accounts", party=case.party_id)
    )


def _points(case: Case, now: datetime) -> tuple[tuple, tuple[PointRow, ...]]:
    found = rows("case_points", case=case.pk, today=times.business_date(now))
    people = {
        (row["party_id"], row["role"]): (row["party_id"], row["role"], row["relation"], row["name_masked"])
        for row in found
        if row["party_id"] != case.party_id
    }
    points = tuple(
        PointRow(
            id=row["id"],
            party_id=row["party_id"],
            role=row["role"],
            relation=row["relation"],
            name_masked=row["name_masked"],
            kind=row["kind"],
            label=row["label"],
            source=row["source"],
            masked=row["masked"],
            timezone=row["timezone"] or row["party_timezone"],
            status=row["status"],
            status_reason=row["status_reason"],
            status_on=row["status_on"],
            dials=row["dials"],
            last_outcome=row["last_outcome"] or "",
            last_at=row["last_at"],
        )
        for row in found
        if row["id"] is not None
    )
    return tuple(people.values()), points


def _reason(case: Case, reminders: list[dict], *, now: datetime) -> str:
    """Why this case, in words: a task or a call-back that is due before what the night says."""
    for reminder in reminders:
        due = datetime.fromisoformat(reminder["due_at"])
        if reminder["kind"] == "task" and due <= now:
            return words.reason({"code": reminder["reason"], "params": {}})
        if reminder["kind"] == "call_back" and due <= now:
            return words.reason({"code": "call_back_due", "params": {"at": due}})
    return words.reason(case.next_reason)
