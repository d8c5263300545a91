"""Closing a contact: outcome, result, promise, note, call-back and release in one transaction with one key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from dunwell.arrangements import queries as arrangement_queries
from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Promise
from dunwell.arrangements.rules.promises import Part
from dunwell.casework import words
from dunwell.casework.models import Case, Note, PlannedAction, Reminder
from dunwell.casework.rules import findings
from dunwell.casework.rules.codes import Code, action_of, codes, mistakes
from dunwell.casework.services import drafts, identity, notes
from dunwell.casework.services.findings import record_findings
from dunwell.casework.services.queue import hold, release
from dunwell.casework.services.registers import knows, open_entry
from dunwell.channels.services import calling
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.compliance.queries.budget import budget
from dunwell.compliance.rules.purposes import OUTSIDE
from dunwell.identity.models import User


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps the contact from being saved: the field of the form, and why."""

    field: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence, in the reader's language."""
        return words.problem(self.code, self.params)


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written, or the problems for which nothing was. `again`: the same key had been saved before."""

    problems: tuple[Problem, ...] = ()
    outcome: ContactOutcome | None = None
    promise: Promise | None = None
    note: Note | None = None
    reminder: Reminder | None = None
    again: bool = False

    @property
    def ok(self) -> bool:
        return not self.problems


@transaction.atomic
def save_contact(
    *,
    case_id: int,
    contact_id: int | None,
    code: str,
    user: User,
    now: datetime,
    key: str,
    disclosures: Collection[str] = (),
    parts: Sequence[Part] = (),
    call_back_at: datetime | None = None,
    note: str = "",
    pinned: bool = False,
    seconds: int | None = None,
    found_out: Mapping[str, str] | None = None,
    entry: str = "",
) -> Saved:
    """Write what came of a call, and what was agreed in it, or nothing of it.

    `key` is made once by the page: a double click or a resend after a lost connection answers what was saved the
    first time. `contact_id` is the dial that the gate reserved, or the call that came in (`answer_call`); `parts` are
    dates and amounts of a promise in the case's currency. Whether he was identified the checks of this contact say
    (services.identity); `found_out` are findings by kind, with the note as what was heard.
    `entry` is the kind of the register's entry that the result opens (rules.codes: opens); empty: the usual one.
    With problems nothing is written and they say which field and why; the page keeps what was typed. The case is
    released; a hold that had lapsed meanwhile does not lose the result of a call that was made.
    """
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    saved = _saved(key)
    if saved is not None:
        return saved
    contact = Contact.objects.filter(pk=contact_id).first() if contact_id else None
    identified = contact is not None and identity.passed(contact.pk)
    action = action_of(direction=contact.direction, party=contact.party_type) if contact else "call"
    found = [
        Problem(mistake.field, mistake.code)
        for mistake in mistakes(
            action=action,
            code=code,
            identified=identified,
            disclosures=disclosures,
            has_parts=bool(parts),
            call_back_at=call_back_at,
            note=note,
            now=now,
        )
    ]
    found += _belongs(contact, case=case, user=user)
    if any(
        code and code not in getattr(findings.kinds().get(kind), "codes", ())
        for kind, code in (found_out or {}).items()
    ):
        found.append(Problem("found", "no_such_finding"))
    chosen = codes().actions[action].find(code)
    if entry and chosen is not None and chosen.opens and not knows(chosen.opens[0], entry):
        found.append(Problem("code", "does_not_fit"))
    if parts and chosen is not None and "promise" in chosen.asks:
        found += _promise_problems(case, parts, now=now)
    if found or chosen is None or contact is None:
        return Saved(problems=tuple(found))
    return _write(
        case, contact, chosen, user=user, now=now, key=key, identified=identified, parts=parts,
        call_back_at=call_back_at, note=note, pinned=pinned, seconds=seconds, found_out=found_out or {},
        entry=entry,
    )  # fmt: skip


@transaction.atomic
def answer_call(
    *, case_id: int, user: User, now: datetime, key: str, person_id: int | None, contact_point_id: int | None = None
) -> Contact:
    """Somebody rings about a case: whoever answers may write what came of it, whoever has the case.

    He gets the case when it is free. `person_id` is the person of the case or one with a part in his accounts, None for
    anybody else; `contact_point_id` the number of the case that the call comes from, where it is one.
    """
    case = Case.objects.get(pk=case_id)
    if case.closed_on is None:
        hold(case_id=case_id, user=user, now=now)
    return compliance.take_call(
        party_id=case.party_id, person_id=person_id, contact_point_id=contact_point_id, case_id=case_id,
        by=user.actor, now=now, key=key,
    )  # fmt: skip


def _write(
    case: Case,
    contact: Contact,
    chosen: Code,
    *,
    user: User,
    now: datetime,
    key: str,
    identified: bool,
    parts: Sequence[Part],
    call_back_at: datetime | None,
    note: str,
    pinned: bool,
    seconds: int | None,
    found_out: Mapping[str, str],
    entry: str,
) -> Saved:
    by = user.actor
    outcome = compliance.record_outcome(
        contact_id=contact.pk,
        outcome=chosen.counted_as(identified),
        identified=identified,
        seconds=calling.talked(contact.pk) if seconds is None else seconds,
        result=chosen.result,
        by=by,
        now=now,
        key=key,
    )
    promise = reminder = written = None
    if "promise" in chosen.asks:
        promise = arrangements.make_promise(
            party_id=case.party_id,
            case_id=case.pk,
            parts=parts,
            currency=case.currency,
            contact_id=contact.pk,
            by=by,
            now=now,
            key=f"{key}:promise",
        )
    if note.strip():
        written = notes.write_note(case_id=case.pk, text=note, pinned=pinned, by=by, now=now, key=f"{key}:note")
    if any(found_out.values()):
        record_findings(
            case_id=case.pk, found=found_out, heard=note, contact_id=contact.pk, by=by, now=now, key=f"{key}:f"
        )
    if chosen.opens is not None:
        register, usual = chosen.opens
        open_entry(
            case_id=case.pk, register=register, kind=entry or usual, text=note, by=by,
            now=now, key=f"{key}:e",
        )  # fmt: skip
    notes.finish(case, now=now)
    case.ready_at = max(now + chosen.again_after, _callable_from(case, now=now))
    case.save(update_fields=["ready_at"])
    if call_back_at is not None:
        reminder = notes.call_back(case_id=case.pk, at=call_back_at, by=by, now=now, key=f"{key}:reminder")
    if chosen.group == "reached" and contact.party_type not in OUTSIDE:
        PlannedAction.objects.filter(case=case, channel=contact.channel, state=PlannedAction.State.PLANNED).update(
            state=PlannedAction.State.DONE, state_reason=chosen.code
        )
    release(case_id=case.pk, user=user, now=now)
    drafts.drop_draft(case_id=case.pk, user=user)
    return Saved(outcome=outcome, promise=promise, note=written, reminder=reminder)


def _belongs(contact: Contact | None, *, case: Case, user: User) -> list[Problem]:
    """Whether this collector may say what came of this dial."""
    if contact is None:
        return [Problem("contact", "no_contact")]
    if contact.party_id != case.party_id:
        return [Problem("contact", "other_case")]
    if contact.by_id != user.pk:
        return [Problem("contact", "other_collector")]
    if contact.outcomes.exists():
        return [Problem("contact", "recorded")]
    return []


def _callable_from(case: Case, *, now: datetime) -> datetime:
    """When one of his numbers may be dialled again, this call counted; `now` when one may, or when nobody can say."""
    points = [point for point in budget(case.party_id, now, case_id=case.pk).points if point.channel == "call"]
    moments = [moment for point in points if (moment := point.next_allowed(now)) is not None]
    return min(moments, default=now)


def _promise_problems(case: Case, parts: Sequence[Part], *, now: datetime) -> list[Problem]:
    if case.closed_on is not None:
        return [Problem("parts", "closed")]
    found = arrangement_queries.problems_with(parts=parts, party_id=case.party_id, currency=case.currency, now=now)
    return [
        Problem("parts" if problem.part is None else f"parts.{problem.part}", problem.code, problem.params)
        for problem in found
    ]


def _saved(key: str) -> Saved | None:
    outcome = ContactOutcome.objects.filter(key=key).first()
    if outcome is None:
        return None
    return Saved(
        outcome=outcome,
        promise=Promise.objects.filter(key=f"{key}:promise").first(),
        note=Note.objects.filter(key=f"{key}:note").first(),
        reminder=Reminder.objects.filter(key=f"{key}:reminder").first(),
        again=True,
    )
