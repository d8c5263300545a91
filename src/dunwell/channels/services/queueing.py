"""Into the outbox: by a collector's hand, or by plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from types import MappingProxyType

from django.conf import settings
from django.db import transaction

from dunwell.arrears import queries as arrears
from dunwell.channels.lines import connected
from dunwell.channels.models import Message, Template
from dunwell.channels.rules import WRITTEN, TextError
from dunwell.channels.services.claiming import judged, refusal
from dunwell.channels.services.moving import Move, move, move_many
from dunwell.channels.services.texts import render, template_for, values_of, written
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, Party

POINT_KINDS = {"sms": ("mobile",), "email": ("email",), "im": ("im",), "letter": ("address",)}


class WrongPoint(ValueError):
    """A contact point that the text's channel cannot reach, or that is not the person's."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned message, as the planner says it: the action it comes from, the person, the text."""

    action_id: int
    party_id: int
    case_id: int
    case_no: str
    template_code: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What became of plans: the actions that have a message now, and those that cannot, with the reason."""

    queued: tuple[int, ...]
    impossible: dict[int, str]


@transaction.atomic
def queue_message(
    *,
    party_id: int,
    contact_point_id: int,
    template_code: str,
    by: Actor,
    now: datetime,
    key: str,
    case_id: int | None = None,
    case_no: str = "",
    account_id: int | None = None,
    not_before: datetime | None = None,
    planned_action_id: int | None = None,
    said: Mapping[str, str] = MappingProxyType({}),
    person_id: int | None = None,
) -> Message:
    """Put a message into the outbox, its text sealed. The same `key` again answers the same message.

    `person_id` is whom it goes to, where that is not the party whose debt it is about, such as a joint payer: the contact
    point is that person's, the gate is asked about him, and the text says what is `said` and nothing else of the debt.

    `said` stands in the text in place of the published figures: the amount and date of an instalment, say, or what
    somebody wrote to him, which is kept with the text alone.

    The gate is asked at once: what it refuses is kept as `refused` with the rule, but for a letter that it refuses for the
    hour alone, which waits; what it allows on a line that is not connected as `not_connected`. It is asked again when a
    message leaves. Raises TextError
    when the text is not in force or cannot be filled, WrongPoint when the point is not one of the person's.
    """
    before = Message.objects.filter(key=key).first()
    if before is not None:
        return before
    party = Party.objects.select_related("entity").get(pk=party_id)
    person = None if person_id in (None, party_id) else Party.objects.get(pk=person_id)
    template = template_for(template_code, (person or party).language, business_date(now))
    point = ContactPoint.objects.select_related("party").filter(pk=contact_point_id, party=person or party).first()
    if point is None or point.kind not in POINT_KINDS[template.channel]:
        raise WrongPoint(f"{template.code} goes by {template.channel}, and not to this contact point")
    if person is not None and template.channel == "letter":
        raise WrongPoint("a letter names its account: it goes to whose debt it is about")
    subject, text = render(party, template, case_no=case_no, account_id=account_id, said=said, person=person)
    message = _message(
        party, point, template, by=by, now=now, key=key, case_id=case_id, case_no=case_no, account_id=account_id,
        not_before=not_before or now, planned_action_id=planned_action_id, said=said,
    )  # fmt: skip
    message.subject_sealed = portfolio.seal_text(party_id=party.pk, text=subject) if subject else None
    message.text_sealed = portfolio.seal_text(party_id=party.pk, text=text)
    message.save(force_insert=True)
    move(message, Message.State.PLANNED, by=by, now=now)
    if planned_action_id is None and message.not_before <= now:
        _ask_at_once(message, by=by, now=now)
    return message


@transaction.atomic
def plan_messages(*, plans: Iterable[Plan], by: Actor, now: datetime) -> Planned:
    """Queue what a strategy planned, each once (by its action), in a few statements for all of them. A worker sends; the
    gate is asked then.

    Where one account of a person is late, the message is about that one: a hold on another does not stop it.
    """
    plans = list({plan.action_id: plan for plan in plans}.values())
    people = {plan.party_id for plan in plans}
    known = set(
        Message.objects.filter(key__in=[_key(plan) for plan in plans]).values_list("planned_action_id", flat=True)
    )
    parties = Party.objects.prefetch_related("entity").in_bulk(people)
    points = _first_points(people)
    about = arrears.only_late_accounts(people)
    doubtful = arrears.parties_in_doubt(people)
    text_of = cache(partial(template_for, on=business_date(now)))
    impossible: dict[int, str] = {}
    fit: list[tuple[Plan, Party, Template, ContactPoint]] = []
    for plan in plans:
        if plan.action_id in known:
            continue
        party = parties[plan.party_id]
        try:
            template = text_of(plan.template_code, party.language)
        except TextError:
            impossible[plan.action_id] = "no_text"
            continue
        found = (points.get((party.pk, kind)) for kind in POINT_KINDS[template.channel])
        point = next(filter(None, found), None)
        if point is None:
            impossible[plan.action_id] = "no_contact_point"
        elif template.channel == "letter" and party.pk in doubtful:
            impossible[plan.action_id] = "difference_unexplained"
        else:
            fit.append((plan, party, template, point))
    values = values_of([(party, text.language, plan.case_no, about.get(party.pk)) for plan, party, text, _ in fit])
    drafts: list[tuple[Message, str, str]] = []
    for (plan, party, template, point), said in zip(fit, values, strict=True):
        try:
            subject, text = written(template, said, party.entity)
        except TextError:
            impossible[plan.action_id] = "no_text"
            continue
        message = _message(
            party, point, template, by=by, now=now, key=_key(plan), case_id=plan.case_id, case_no=plan.case_no,
            account_id=about.get(party.pk), not_before=now, planned_action_id=plan.action_id,
        )  # fmt: skip
        drafts.append((message, subject, text))
    sealed = iter(portfolio.seal_many(items=[(m.party_id, part) for m, *parts in drafts for part in parts if part]))
    for message, subject, _ in drafts:
        message.subject_sealed = next(sealed) if subject else None
        message.text_sealed = next(sealed)
    messages = Message.objects.bulk_create([message for message, *_ in drafts])
    move_many(moves=[Move(message, Message.State.PLANNED) for message in messages], by=by, now=now)
    queued = (plan.action_id for plan in plans if plan.action_id not in impossible)
    return Planned(queued=tuple(queued), impossible=impossible)


def _key(plan: Plan) -> str:
    return f"action-{plan.action_id}"


def _first_points(party_ids: Iterable[int]) -> dict[tuple[int, str], ContactPoint]:
    """The oldest valid point of each person and kind; none of a person who was erased."""
    valid = ContactPoint.objects.filter(
        party__in=party_ids, party__key__isnull=False, status=ContactPoint.Status.VALID,
        kind__in={kind for kinds in POINT_KINDS.values() for kind in kinds},
    )  # fmt: skip
    return {(point.party_id, point.kind): point for point in valid.order_by("-id")}


@transaction.atomic
def cancel_messages(*, action_ids: Iterable[int], reason: str, by: Actor, now: datetime) -> int:
    """Cancel what still waits of cancelled actions; what is being sent or was sent stays as it is."""
    waiting = Message.objects.select_for_update(of=("self",), skip_locked=True).filter(
        planned_action_id__in=list(action_ids), state=Message.State.PLANNED
    )
    moves = [Move(message, Message.State.CANCELLED, reason) for message in waiting.prefetch_related("template")]
    move_many(moves=moves, by=by, now=now)
    return len(moves)


def _message(
    party: Party,
    point: ContactPoint,
    template: Template,
    *,
    by: Actor,
    now: datetime,
    key: str,
    case_id: int | None,
    case_no: str,
    account_id: int | None,
    not_before: datetime,
    planned_action_id: int | None,
    said: Mapping[str, str] = MappingProxyType({}),
) -> Message:
    """A message that waits, not yet kept; its texts are sealed by the caller."""
    return Message(
        entity_id=party.entity_id if by.entity_id is None else by.entity_id,
        party=party,
        contact_point=point,
        case_id=case_id,
        case_no=case_no,
        account_id=account_id,
        planned_action_id=planned_action_id,
        channel=template.channel,
        purpose=template.purpose,
        template=template,
        said={name: value for name, value in said.items() if name not in WRITTEN},
        state=Message.State.PLANNED,
        not_before=not_before,
        wanted_at=not_before,
        message_id=message_id(key),
        recorded_at=now,
        by_id=by.user_id,
        key=key,
    )


def message_id(key: str) -> str:
    """The Message-ID of an e-mail: the same at every attempt, so that a receiver can tell a repetition."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _ask_at_once(message: Message, *, by: Actor, now: datetime) -> None:
    kept, decision = judged(message, by=by, now=now)
    if not decision.allowed and message.channel == "letter":  # its hour is that of the job that it leaves with
        move_many(moves=[refusal(message, kept, decision, now=now)], by=by, now=now)
    elif not decision.allowed:
        rule = decision.primary.rule
        move(message, Message.State.REFUSED, detail=rule, by=by, now=now, decision=kept, refusal_rule=rule)
    elif not connected(message.channel):
        move(message, Message.State.NOT_CONNECTED, by=by, now=now, rows=(kept,), decision=kept)
