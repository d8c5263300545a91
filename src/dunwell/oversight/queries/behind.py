"""The rows behind each figure of a day: for the page, and the same for download.

A figure's rows carry what it counts as columns of their own (1 or 0, an amount, a reversal below zero), so that adding a
column up gives the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum

from dunwell.arrangements.models import Promise
from dunwell.casework.models import Case
from dunwell.identity.models import User
from dunwell.oversight.queries import book, facts
from dunwell.oversight.queries.day import collectors, day
from dunwell.oversight.queries.facts import CALLS, CONNECTED, REACHED, Scope
from dunwell.portfolio.models import Party

Value = str | int | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Behind:
    """Rows under code names; `adds` are the columns that add up to the figure."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    adds: tuple[str, ...]

    def total(self, column: str) -> Decimal | int:
        """A column added up."""
        place = self.columns.index(column)
        return sum((row[place] or 0 for row in self.rows), 0)  # type: ignore[misc]


def _staff(ids: Iterable[int | None]) -> dict[int | None, str]:
    return dict(User.objects.filter(pk__in={one for one in ids if one is not None}).values_list("pk", "staff_no"))


def _cases(party_nos: Iterable[str]) -> dict[str, str]:
    """Party -> its latest case."""
    found = Case.objects.filter(party__party_no__in=set(party_nos)).order_by("id")
    return dict(found.values_list("party__party_no", "case_no"))


def calls(scope: Scope) -> Behind:
    """接通率, 本人接通率: the day's calls."""
    found = list(
        facts.attempts(scope)
        .filter(channel__in=CALLS)
        .order_by("-reserved_at", "-id")
        .values_list("reserved_at", "by_id", "party__party_no", "channel", "outcome")
    )
    staff = _staff(by for _, by, *_ in found)
    rows = [
        (at, staff.get(by, ""), party, channel, outcome or "", 1, int(outcome in CONNECTED), int(outcome == REACHED))
        for at, by, party, channel, outcome in found
    ]
    adds = ("calls", "connected", "reached")
    return Behind(("at", "staff_no", "party_no", "channel", "outcome", *adds), rows, adds)


def contacts(scope: Scope) -> Behind:
    """A collector's contacts by every channel, and those in which the person was reached."""
    found = list(
        facts.attempts(scope)
        .filter(by_id__isnull=False)
        .order_by("-reserved_at", "-id")
        .values_list("reserved_at", "by_id", "party__party_no", "channel", "outcome")
    )
    staff = _staff(by for _, by, *_ in found)
    rows = [
        (at, staff.get(by, ""), party, channel, outcome or "", 1, int(outcome == REACHED))
        for at, by, party, channel, outcome in found
    ]
    return Behind(
        ("at", "staff_no", "party_no", "channel", "outcome", "contacts", "reached"), rows, ("contacts", "reached")
    )


def received(scope: Scope) -> Behind:
    """Repayments, and reversals below zero; of one collector those of the parties whom he reached last."""
    party_of, last = "account__party__party_no", facts.attributed(scope)
    found = [
        (at, party, number, no, ref, "announced" if announced else "repayment", amount)
        for at, party, number, no, ref, announced, amount in facts.repayments(scope).values_list(
            "recorded_at", "account__party_id", party_of, "account__account_no", "host_ref", "provisional", "amount"
        )
    ]
    found += [
        (at, party, number, no, ref, "withdrawn" if source == "withdrawn" else "reversal", -amount)
        for at, party, number, no, ref, source, amount in facts.taken_back(scope).values_list(
            "recorded_at", "payment__account__party_id", f"payment__{party_of}", "payment__account__account_no",
            "payment__host_ref", "source", "amount",
        )
    ]  # fmt: skip
    if scope.collector is not None:
        found = [row for row in found if last.get(row[1]) == scope.collector]
    staff, cases = _staff(last.get(row[1]) for row in found), _cases(row[2] for row in found)
    rows = [
        (at, number, cases.get(number, ""), no, ref, what, staff.get(last.get(party), ""), amount)
        for at, party, number, no, ref, what, amount in sorted(
            found, key=lambda row: (row[0], row[3], row[4]), reverse=True
        )
    ]
    return Behind(
        ("at", "party_no", "case_no", "account_no", "host_ref", "booking", "staff_no", "amount"), rows, ("amount",)
    )


def promises(scope: Scope) -> Behind:
    """Promises made on the day, part by part; the first part of each counts the promise."""
    found = list(
        facts.promised(scope)
        .order_by("-promise_id", "position", "id")
        .values_list("promise_id", "promise__recorded_by", "promise__party__party_no", "due_date", "amount")
    )
    staff, cases = _staff(row[1] for row in found), _cases(row[2] for row in found)
    rows, seen = [], set()
    for promise, by, party, due, amount in found:
        rows.append((party, cases.get(party, ""), staff.get(by, ""), due, int(promise not in seen), amount))
        seen.add(promise)
    return Behind(
        ("party_no", "case_no", "staff_no", "due_date", "promises", "promised"), rows, ("promises", "promised")
    )


def kept(scope: Scope) -> Behind:
    """承诺兑现率: every part that was judged, with what came in."""
    rows = [
        (party, due, amount, came, state, 1, int(state == Promise.State.KEPT))
        for party, due, amount, came, state in facts.judged(scope)
        .order_by("-due_date", "id")
        .values_list("promise__party__party_no", "due_date", "amount", "received", "state")
    ]
    adds = ("promised", "received", "judged", "kept")
    return Behind(("party_no", "due_date", "promised", "received", "state", "judged", "kept"), rows, adds)


def gate(scope: Scope) -> Behind:
    """What the gate refused and what it sent to review, with the rule."""
    rows = [
        (at, party, channel, verdict, rule, int(verdict == "BLOCK"), int(verdict == "REVIEW"))
        for at, party, channel, verdict, rule in facts.refused(scope)
        .order_by("-decided_at", "-id")
        .values_list("decided_at", "party__party_no", "channel", "verdict", "primary_rule")
    ]
    adds = ("blocked", "review")
    return Behind(("at", "party_no", "channel", "verdict", "rule", *adds), rows, adds)


def owned(scope: Scope) -> Behind:
    """The cases of the day's owners."""
    found = facts.owned(scope)
    staff = _staff(one.owner_id for one in found)
    rows = [(one.case_no, one.party_no, staff.get(one.owner_id, ""), one.opened_on, one.since, 1) for one in found]
    return Behind(("case_no", "party_no", "staff_no", "opened_on", "owned_since", "cases"), rows, ("cases",))


def productivity(scope: Scope) -> Behind:
    """人均产能: what was received of whom each collector reached, and who made a contact."""
    rows = [
        (one.staff_no, one.name_zh, one.name_en, int(one.contacts > 0), one.received)
        for one in collectors(scope)
        if one.contacts or one.received
    ]
    return Behind(("staff_no", "name_zh", "name_en", "working", "received"), rows, ("working", "received"))


def owners(scope: Scope) -> Behind:
    """件均: how many cases each owner had on the day."""
    rows = [(one.staff_no, one.name_zh, one.name_en, 1, one.cases) for one in collectors(scope) if one.cases]
    return Behind(("staff_no", "name_zh", "name_en", "owners", "cases"), rows, ("owners", "cases"))


def telephone(scope: Scope) -> Behind:
    """Who made calls on the day."""
    rows = [(one.staff_no, one.name_zh, one.name_en, one.calls, 1) for one in collectors(scope) if one.calls]
    return Behind(("staff_no", "name_zh", "name_en", "calls", "working"), rows, ("calls", "working"))


def holding(scope: Scope) -> Behind:
    """The cases that are open on somebody's desk now."""
    rows = [
        (case_no, party, staff, until, 1)
        for case_no, party, staff, until in Case.objects.filter(
            entity_id=scope.entity_id, held_by__isnull=False, held_until__gt=scope.now
        )
        .order_by("case_no")
        .values_list("case_no", "party__party_no", "held_by__staff_no", "held_until")
    ]
    return Behind(("case_no", "party_no", "staff_no", "held_until", "cases"), rows, ("cases",))


def _parties(found: Iterable[tuple[str, str]]) -> Behind:
    names = dict(sorted(set(found)))
    cases = _cases(names)
    return Behind(
        ("party_no", "name_masked", "case_no", "parties"),
        [(number, name, cases.get(number, ""), 1) for number, name in names.items()],
        ("parties",),
    )


def _amounts(found: Iterable[tuple[str, str, Decimal]]) -> Behind:
    rows = sorted(found)
    cases = _cases(number for number, _, _ in rows)
    return Behind(
        ("party_no", "name_masked", "case_no", "parties", "amount"),
        [(number, name, cases.get(number, ""), 1, amount) for number, name, amount in rows],
        ("parties", "amount"),
    )


PARTY = ("party__party_no", "party__name_masked")


def planned(scope: Scope) -> Behind:
    """The funnel's first step."""
    return _parties(facts.planned(scope).values_list(*PARTY).distinct())


def attempted(scope: Scope) -> Behind:
    """The funnel's second step."""
    return _parties(facts.attempts(scope).values_list(*PARTY).distinct())


def reached(scope: Scope) -> Behind:
    """The funnel's third step."""
    return _parties(facts.attempts(scope).filter(outcome=REACHED).values_list(*PARTY).distinct())


def promised(scope: Scope) -> Behind:
    """The funnel's fourth step."""
    found = facts.promised(scope).values_list("promise__party__party_no", "promise__party__name_masked")
    return _amounts(found.annotate(total=Sum("amount")).order_by())


def paid(scope: Scope) -> Behind:
    """The funnel's last step: what came of each party, less what was taken back."""
    amounts = facts.money(scope).paid
    found = Party.objects.filter(pk__in=list(amounts)).values_list("pk", "party_no", "name_masked")
    return _amounts((number, name, amounts[pk]) for pk, number, name in found)


def funnel(scope: Scope) -> Behind:
    """The funnel's steps."""
    rows = [(step.name, step.parties, step.of_before, step.amount) for step in day(scope).funnel]
    return Behind(("step", "parties", "share_of_before", "amount"), rows, ())


def stages(scope: Scope) -> Behind:
    """The stages as they stand now."""
    found = book.stages(scope.currency, entity_id=scope.entity_id)
    rows = [(one.stage, one.accounts, one.balance, one.past_due) for one in found]
    adds = ("accounts", "balance", "past_due")
    return Behind(("stage", *adds), rows, adds)


FIGURES: dict[str, Callable[[Scope], Behind]] = {
    "calls": calls,
    "contacts": contacts,
    "received": received,
    "promises": promises,
    "kept": kept,
    "gate": gate,
    "owned": owned,
    "productivity": productivity,
    "owners": owners,
    "telephone": telephone,
    "holding": holding,
    "planned": planned,
    "attempted": attempted,
    "reached": reached,
    "promised": promised,
    "paid": paid,
    "funnel": funnel,
    "stages": stages,
}


def behind(figure: str, scope: Scope) -> Behind:
    """The rows behind a figure (one of FIGURES; KeyError otherwise)."""
    return FIGURES[figure](scope)
