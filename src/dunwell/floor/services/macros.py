"""Macros: several gated steps in one click, all or none; and saved views of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from dunwell.casework.models import Case
from dunwell.evidence import services as evidence
from dunwell.floor.models import Macro, SavedView
from dunwell.floor.rules.steps import macro
from dunwell.floor.services.bulk import do_step
from dunwell.identity.models import User


class StepRefused(Exception):
    """A step of a macro was refused, and so none was done: its place, counted from 1, and why (a rule, or a code)."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(f"step {place}: {why}")
        self.place, self.why = place, why


@transaction.atomic
def save_macro(
    *, code: str, names: Mapping[str, str], steps: Sequence[Mapping[str, object]], user: User, now: datetime
) -> Macro:
    """Keep a macro for the user's entity; no steps: it is gone. StepWrong says what a step lacks."""
    if steps:
        macro(steps)
    made = Macro.objects.create(
        entity_id=user.entity_id, code=code, names=dict(names), steps=[dict(one) for one in steps], recorded_at=now,
        recorded_by=user.pk,
    )  # fmt: skip
    evidence.write(kind="macro.saved", now=now, by=user.actor, data={"code": code, "steps": len(steps)})
    return made


def macros_of(entity_id: int) -> list[Macro]:
    """The macros of an entity as they stand, by code."""
    last = Macro.objects.filter(entity_id=entity_id).order_by("code", "-pk").distinct("code")
    return [one for one in last if one.steps]


@transaction.atomic
def run_macro(*, macro_id: int, case: Case, user: User, now: datetime, key: str) -> None:
    """Do every step of a macro on a case, or, when one is refused, none (StepRefused says which and why)."""
    chosen = Macro.objects.get(pk=macro_id, entity_id=user.entity_id)
    for place, one in enumerate(macro(chosen.steps), start=1):
        why = do_step(step=one, case=case, user=user, now=now, key=f"{key}:{place}")
        if why:
            raise StepRefused(place, why)


@transaction.atomic
def save_view(*, name: str, query: str, shared: bool, user: User, now: datetime) -> SavedView:
    """Keep a list's address under a name; the same name again is that view with another address."""
    kept, _ = SavedView.objects.update_or_create(
        user=user, name=name.strip()[:60],
        defaults={"entity_id": user.entity_id, "query": query[:500], "shared": shared, "saved_at": now},
    )  # fmt: skip
    return kept


def drop_view(*, view_id: int, user: User) -> None:
    """Forget one of one's own views."""
    SavedView.objects.filter(pk=view_id, user=user).delete()
