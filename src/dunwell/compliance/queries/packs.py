"""Which rules are in force on a day: the shipped packs and what was approved here, an overlay on its pack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from django.db.models import Q

from dunwell.compliance import shipped
from dunwell.compliance.models import PackDraft, PackStep, PackText
from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.reading import PackError, read
from dunwell.engine.statements import fetch

HOME = "CN"  # the jurisdiction in which the bank collects
_read: dict[tuple[str, str], Pack] = {}  # (hash of the text, hash below it): packs are immutable, and slow to read


@dataclass(frozen=True, slots=True)
class Life:
    """A draft and where it stands: `draft`, `tried`, `approved`, `in_force`, `superseded` or `withdrawn`."""

    draft: PackDraft
    state: str
    from_day: date | None
    to_day: date | None  # from which a running one is withdrawn
    trial: dict | None
    approved_by: int | None
    approved_at: datetime | None


def in_force(day: date, pack_id: str = HOME) -> Pack:
    """The pack in force on a day with every approved overlay on it, in one query.

    An approved pack of the same id takes the shipped one's place from its day. What was approved never stops the
    gate: an overlay that no longer fits the pack below it is laid on as it was approved, every row of both speaks, and
    the pack's `warnings` say what it says in vain.
    """
    return stacked(approved_on(day), day, pack_id)


def stacked(drafts: Sequence[PackDraft], day: date, pack_id: str = HOME, *, strict: bool = False) -> Pack:
    """The pack that these drafts, in the order in which they came into force, make on a day.

    With `strict` (before an approval) an overlay that does not fit what lies below it raises PackError.
    """
    whole = [draft for draft in drafts if draft.pack_id == pack_id and not draft.of]
    pack = opened(whole[-1]) if whole else shipped.pack_on(day, pack_id)
    overlays: dict[str, PackDraft] = {}
    for draft in drafts:
        if draft.of == pack_id:
            overlays[draft.pack_id] = draft  # the newest of an overlay's id supersedes the ones before it
    for name in sorted(overlays):
        laid = opened(overlays[name], pack) if strict else kept(overlays[name], pack)
        if laid.effective.on(day) or not pack.effective.on(day):
            pack = laid  # one whose own last day has passed binds no more
    return pack


def opened(draft: PackDraft, below: Pack | None = None) -> Pack:
    """A draft as a pack; an overlay on `below`, or on the shipped pack of its time. PackError when it is malformed."""
    below = below if below is not None or not draft.of else shipped.pack_on(draft.recorded_at.date(), draft.of)
    place = (draft.sha256, below.sha256 if below else "")
    if place not in _read:
        _read[place] = read(
            draft.text,
            f"{draft.version}.yaml",
            beside=_parts(draft),
            base=lambda _: below,  # type: ignore[arg-type,return-value]
        )
    return _read[place]


def kept(draft: PackDraft, below: Pack) -> Pack:
    """An approved overlay on a pack that may have changed since: never PackError for what was approved.

    Rows that refer to a rule which the pack below has no more find it in the pack of the overlay's own time.
    """
    place = (draft.sha256, f"{below.sha256} as approved")  # and no answer to who asks whether it fits
    if place in _read:
        return _read[place]
    try:
        return opened(draft, below)
    except PackError:
        pass
    then = shipped.pack_on(draft.recorded_at.date(), draft.of)
    rules = MappingProxyType({**then.rules, **below.rules})
    instruments = MappingProxyType({**then.instruments, **below.instruments})
    on = replace(below, rules=rules, instruments=instruments)
    _read[place] = read(draft.text, f"{draft.version}.yaml", base=lambda _: on, approved=True)
    return _read[place]


def _parts(draft: PackDraft) -> Callable[[str], str]:
    """The parts that a draft brought with it, else those that are shipped."""

    def text(name: str) -> str:
        return draft.parts[name] if name in draft.parts else shipped.part(name)

    return text


def pack_of(version: str, sha256: str) -> Pack:
    """The very pack an old decision was made with, shipped or approved here; PackError when it is not at hand."""
    try:
        return shipped.pack_of(version, sha256)
    except PackError:
        pass
    first, *rest = version.split("+")
    known = {draft.version: draft for draft in PackDraft.objects.filter(version__in=version.split("+"))}
    candidates = [p for p in shipped.packs() if p.version == first]
    if first in known:
        candidates.append(opened(known[first]))
    candidates += [_as_kept(row) for row in PackText.objects.filter(version=first)]
    for pack in candidates:
        for name in rest:
            if name not in known:
                break
            pack = kept(known[name], pack)
        if pack.sha256 == sha256:
            return pack
    raise PackError(f"Pack {version} with hash {sha256[:12]}… is not at hand.")


def _as_kept(row: PackText) -> Pack:
    """A shipped pack as it was when something was first decided by it."""
    place = (row.sha256, "kept")
    if place not in _read:
        _read[place] = read(row.text, f"{row.version}.yaml", beside=row.parts.__getitem__)
    return _read[place]


def lives(today: date) -> list[Life]:
    """Every draft with its state, the newest first."""
    drafts = PackDraft.objects.order_by("-id").prefetch_related("steps")
    running = {draft.pk for draft in _running(today)}
    return [_life(draft, today, running) for draft in drafts]


def _life(draft: PackDraft, today: date, running: set[int]) -> Life:
    steps = sorted(draft.steps.all(), key=lambda step: step.pk)
    by_step = {step.step: step for step in steps}
    approval, trial = by_step.get(PackStep.Step.APPROVED), by_step.get(PackStep.Step.TRIED)
    end = by_step.get(PackStep.Step.WITHDRAWN)
    if end is not None and (end.from_day is None or end.from_day <= today):
        state = "withdrawn"
    elif approval is None:
        state = "tried" if trial else "draft"
    elif approval.from_day > today:
        state = "approved"
    else:
        state = "in_force" if draft.pk in running else "superseded"
    return Life(
        draft=draft,
        state=state,
        from_day=approval.from_day if approval else None,
        to_day=end.from_day if end else None,
        trial=trial.data if trial else None,
        approved_by=approval.recorded_by if approval else None,
        approved_at=approval.recorded_at if approval else None,
    )


def _running(day: date) -> list[PackDraft]:
    newest: dict[str, PackDraft] = {}
    for draft in approved_on(day):
        newest[draft.pack_id] = draft
    return list(newest.values())


def approved_on(day: date) -> list[PackDraft]:
    """Approved by `day` and not withdrawn from it, in the order in which they came into force."""
    if not fetch("SELECT 1 FROM compliance_packstep LIMIT 1", {}):  # asked at every contact; most banks have none
        return []
    withdrawn = PackStep.objects.filter(Q(from_day=None) | Q(from_day__lte=day), step=PackStep.Step.WITHDRAWN).values(
        "draft_id"
    )
    steps = (
        PackStep.objects.filter(step=PackStep.Step.APPROVED, from_day__lte=day)
        .exclude(draft_id__in=withdrawn)
        .select_related("draft")
        .order_by("from_day", "id")
    )
    return [step.draft for step in steps]


def changes_after(day: date) -> list[date]:
    """The later days on which what is in force changes: an approval's first day, a withdrawal's."""
    found = PackStep.objects.filter(from_day__gt=day).order_by("from_day").values_list("from_day", flat=True)
    return list(dict.fromkeys(found))
