"""A pack's life: drafted, tried on what was decided, approved by a second person, in force from a day, superseded."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import transaction

from dunwell.compliance.models import GateDecision, PackConfirmation, PackDraft, PackStep
from dunwell.compliance.queries.facts import earlier
from dunwell.compliance.queries.packs import approved_on, changes_after, in_force, opened, pack_of, stacked
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.pack import InForce, Pack
from dunwell.compliance.rules.reading import PackError, read
from dunwell.compliance.rules.values import Facts
from dunwell.compliance.services.asking import keep_text
from dunwell.compliance.shipped import pack_on, part
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date

KEPT_DAYS = 7  # that the facts of a decision surely reach back (queries.facts.gather)
TRIAL_DAYS, SHOWN = 31, 2000  # how far back a trial goes, and how many differences it keeps


class PackRefused(ValueError):
    """A step that a draft cannot take; the sentence says why, `code` names it for a page."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Difference:
    """One old decision that the draft would have given otherwise, and by which rule."""

    decision: int
    decided_at: str
    channel: str
    was: str
    was_rule: str
    would: str
    would_rule: str
    why_zh: str
    why_en: str


@transaction.atomic
def draft(*, text: str, by: Actor, now: datetime, parts: Mapping[str, str] | None = None) -> PackDraft:
    """Keep a draft, with the parts that it includes. PackError names the line of what cannot be used, or of what an
    overlay would loosen in the law.

    The same text again is the same draft; another text under a version that is taken raises PackRefused.
    """
    parts = dict(parts or {})
    pack = _read(text, business_date(now), parts)
    own = pack.version.rpartition("+")[2]
    sha256 = hashlib.sha256("".join((text, *(parts[name] for name in sorted(parts)))).encode()).hexdigest()
    known = PackDraft.objects.filter(version=own).first()
    if known is not None:
        if known.sha256 != sha256:
            raise PackRefused(
                "version", f"version {own} stands with another text: give the changed one another version"
            )
        return known
    row = PackDraft.objects.create(
        pack_id=pack.id, of=pack.over, version=own, text=text, parts=parts, sha256=sha256, recorded_at=now,
        drafted_by=by.user_id,
    )  # fmt: skip
    _log("pack.drafted", row, by=by, now=now)
    return row


@transaction.atomic
def try_on(*, draft_id: int, by: Actor, now: datetime, days: int = TRIAL_DAYS) -> PackStep:
    """Decide the decisions of the last `days` days again under the draft, and keep what would have been different.

    The contacts that were made have their decisions too, so what the draft would have stopped is among them. The
    pack, with every other overlay, is taken as in force already; everything else is as it was.
    """
    row = PackDraft.objects.get(pk=draft_id)
    pack = _with(row, business_date(now))
    asked = (
        GateDecision.objects.filter(decided_at__gte=now - timedelta(days=days), decided_at__lte=now)
        .order_by("id")
        .select_related("contact_point")
    )
    seen, unreadable, differences = 0, [], []
    changes: Counter[str] = Counter()
    for kept in asked.iterator(chunk_size=2000):
        seen += 1
        try:
            found = _difference(kept, pack)
        except (PackError, LookupError, TypeError, ValueError) as problem:
            unreadable.append(f"{kept.pk}: {problem}")
            continue
        if found is not None:
            changes[f"{found.was} → {found.would}"] += 1
            if len(differences) < SHOWN:
                differences.append({name: getattr(found, name) for name in Difference.__slots__})
    data = {
        "days": days,
        "decisions": seen,
        "different": sum(changes.values()),
        "unreadable": len(unreadable),
        "unreadable_first": unreadable[:5],
        "changes": dict(sorted(changes.items())),
        "differences": differences,
    }
    step = PackStep.objects.create(
        draft=row, step=PackStep.Step.TRIED, data=data, recorded_at=now, recorded_by=by.user_id
    )
    _log("pack.tried", row, by=by, now=now, decisions=seen, different=data["different"])
    return step


@transaction.atomic
def approve(*, draft_id: int, from_day: date, by: Actor, now: datetime) -> PackStep:
    """Bring a draft into force from a coming day: after a trial, and by another person than the drafter.

    From that day it takes the place of the pack, or of the overlay, of its id. PackRefused says what is missing.
    """
    row = PackDraft.objects.get(pk=draft_id)
    steps = {step.step for step in row.steps.all()}
    if PackStep.Step.WITHDRAWN in steps:
        raise PackRefused("withdrawn", "the draft was withdrawn")
    if PackStep.Step.APPROVED in steps:
        raise PackRefused("approved", "the draft is approved already")
    if PackStep.Step.TRIED not in steps:
        raise PackRefused("untried", "a draft is tried on last month's contacts before it is approved")
    if by.user_id is None or by.user_id == row.drafted_by:
        raise PackRefused("own", "a draft is approved by another person than the one who wrote it")
    if from_day <= business_date(now):
        raise PackRefused("past", "a pack comes into force on a coming day")
    if not opened(row, _below(row, from_day)).effective.on(from_day):
        raise PackRefused("not_in_force", f"the text says that it is not in force on {from_day}")
    _with(row, from_day)
    for day in changes_after(from_day):  # what begins later has to fit on this one, too
        if all(later.pack_id != row.pack_id for later in approved_on(day) if later.pk > row.pk):
            _with(row, day)
    step = PackStep.objects.create(
        draft=row, step=PackStep.Step.APPROVED, from_day=from_day, recorded_at=now, recorded_by=by.user_id
    )
    _log("pack.approved", row, by=by, now=now, from_day=from_day.isoformat())
    return step


@transaction.atomic
def withdraw(*, draft_id: int, reason: str, by: Actor, now: datetime, from_day: date | None = None) -> PackStep:
    """Take back a draft that is not in force yet; one that is in force ends on `from_day`, today or later.

    The running one is withdrawn by another person than its drafter, with a reason; the one that it superseded is in
    force again. A second withdrawal of the same day answers the first.
    """
    row = PackDraft.objects.get(pk=draft_id)
    today = business_date(now)
    approval = row.steps.filter(step=PackStep.Step.APPROVED).first()
    running = approval is not None and approval.from_day <= today
    before = row.steps.filter(step=PackStep.Step.WITHDRAWN).order_by("id").first()
    if before is not None:
        return before
    if running:
        if from_day is None or from_day < today:
            raise PackRefused("running", "the pack is in force: say from which day it is not any more")
        if by.user_id is None or by.user_id == row.drafted_by:
            raise PackRefused("own", "a pack in force is withdrawn by another person than the one who wrote it")
        if not reason.strip():
            raise PackRefused("reason", "a withdrawal has a reason")
    step = PackStep.objects.create(
        draft=row, step=PackStep.Step.WITHDRAWN, from_day=from_day if running else None, data={"reason": reason},
        recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    _log("pack.withdrawn", row, by=by, now=now, reason=reason, from_day=from_day.isoformat() if running else None)
    return step


@transaction.atomic
def confirm(*, day: date, by: Actor, now: datetime) -> PackConfirmation:
    """A person of the bank takes the shipped pack of a day into use. A second confirmation answers the first."""
    if by.user_id is None:
        raise PackRefused("own", "a pack is taken into use by a person")
    text = keep_text(pack_on(day), now)
    row, created = PackConfirmation.objects.get_or_create(
        text=text, defaults={"recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        data = {"version": text.version, "sha256": text.sha256}
        evidence.write(kind="pack.confirmed", now=now, by=by, data=data)
    return row


def _with(row: PackDraft, day: date) -> Pack:
    """What will be in force on a day with this draft in its place; PackError names what does not fit on what."""
    others = [draft for draft in approved_on(day) if draft.pk != row.pk]
    return stacked([*others, row], day, row.of or row.pack_id, strict=True)


def _read(text: str, day: date, parts: Mapping[str, str]) -> Pack:
    def beside(name: str) -> str:
        return parts[name] if name in parts else part(name)

    return read(text, "draft.yaml", beside=beside, base=lambda name: _under(name, day))


def _under(name: str, day: date) -> Pack:
    """What an overlay lies on: the pack as the law gives it, without the bank's other overlays."""
    pack = in_force(day, name)
    if "+" not in pack.version:
        return pack
    first = pack.version.split("+")[0]
    shipped = pack_on(day, name)
    if shipped.version == first:
        return shipped
    base = PackDraft.objects.filter(version=first).first()
    return opened(base) if base else pack_of(pack.version, pack.sha256)


def _below(row: PackDraft, day: date) -> Pack | None:
    return _under(row.of, day) if row.of else None


def _difference(kept: GateDecision, pack: Pack) -> Difference | None:
    facts = Facts.from_json(kept.facts)
    history = facts.history
    if history is not None and pack.longest_count > KEPT_DAYS:
        history = tuple(earlier(kept, days=pack.longest_count)) + history
    found = decide(now=kept.decided_at, pack=_always(pack), attempt=facts.attempt, history=history, flags=facts.flags)
    if (found.verdict, found.primary.rule) == (kept.verdict, kept.primary_rule):
        return None
    return Difference(
        decision=kept.pk,
        decided_at=kept.decided_at.isoformat(),
        channel=kept.channel,
        was=kept.verdict,
        was_rule=kept.primary_rule,
        would=str(found.verdict),
        would_rule=found.primary.rule,
        why_zh=found.primary.text_zh,
        why_en=found.primary.text_en,
    )


def _always(pack: Pack) -> Pack:
    """The pack without its own first day: last month was before it."""
    return replace(pack, effective=InForce(None, None))


def _log(kind: str, row: PackDraft, *, by: Actor, now: datetime, **data: object) -> None:
    evidence.write(
        kind=kind, now=now, by=by, data={"draft": row.pk, "version": row.version, "sha256": row.sha256, **data}
    )
