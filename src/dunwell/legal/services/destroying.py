"""Records past their period: proposed for destruction, approved by another person, destroyed, and put on protocol.

From the approval on each record is destroyed in a transaction of its own: what forbids it is asked once more, the key or
the sealed value goes, the log says so. Then the file is taken off the disk. Broken off anywhere it goes on where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.db import connection, transaction
from django.db.models import Max, Model

from dunwell.casework.services import forgetting
from dunwell.channels.models import Message
from dunwell.channels.rules import whole_text
from dunwell.evidence import services as evidence
from dunwell.evidence.destroyed import KIND
from dunwell.evidence.models import StoredFile
from dunwell.identity.models import User
from dunwell.intake.models import QuarantinedRow
from dunwell.kernel.actor import Actor
from dunwell.legal.models import Destruction, DestructionAnswer, DestructionItem, DestructionOutcome
from dunwell.legal.queries import due as queries
from dunwell.legal.services.protocols import write_protocol
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party, PartyKey

MOST = 1000  # records of one proposal: a protocol that a person can read through
PROGRAM = Actor.program("destruction")


class NotProposed(ValueError):
    """`code` says why: kind, reason, mandate, nothing, own, answered."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _mandate(by: Actor, permission: str) -> User:
    user = User.objects.filter(pk=by.user_id).first()
    if user is None or not user.may(permission):
        raise NotProposed("mandate")
    return user


@transaction.atomic
def propose(*, kind: str, entity_id: int, reason: str, by: Actor, now: datetime, key: str) -> Destruction:
    """Propose what is due of a kind and not forbidden, at most 1,000 records. The same key is the same proposal."""
    known = Destruction.objects.filter(key=key).first()
    if known is not None:
        return known
    _mandate(by, "destruction.propose")
    if kind not in queries.KINDS:
        raise NotProposed("kind")
    if not reason.strip():
        raise NotProposed("reason")
    with connection.cursor() as cursor:  # two proposals at once never name the same record
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.destruction.propose'))")
    chosen = list(islice(_free(kind, entity_id, now), MOST))
    if not chosen:
        raise NotProposed("nothing")
    made = Destruction.objects.create(
        entity_id=entity_id, kind=kind, reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id, key=key
    )
    hashes = _hashes(kind, [one.found for one in chosen])
    items = DestructionItem.objects.bulk_create(
        DestructionItem(
            destruction=made, model=one.found.model, row=one.found.row, party_id=one.found.party_id,
            file_id=one.found.file_id, about=one.found.about, day=one.found.day, kept_until=one.kept_until,
            rule=one.rule, sha256=sha256,
        )
        for one, sha256 in zip(chosen, hashes, strict=True)
    )  # fmt: skip
    evidence.write(
        kind="retention.proposed", now=now, by=by, entity_id=entity_id, rows=[made, *items],
        data={"destruction": made.pk, "records": kind, "count": len(items), "reason": made.reason},
    )  # fmt: skip
    return made


def _free(kind: str, entity_id: int, now: datetime) -> Iterator[queries.Due]:
    after = 0
    while found := queries.due(kind, entity_id=entity_id, now=now, after=after, limit=500):
        yield from (one for one in found if not one.obstacles)
        after = found[-1].found.row


def _hashes(kind: str, found: Sequence[queries.Found]) -> list[str]:
    """By which a record can be told later: a file's content, a message's text as sent, a person's wrapped key."""
    if kind == "message_log":
        rows = Message.objects.in_bulk([one.row for one in found])
        sealed = [
            (rows[one.row].party_id, bytes(part))
            for one in found
            for part in (rows[one.row].subject_sealed, rows[one.row].text_sealed)
            if part
        ]
        opened = iter(portfolio.open_many(items=sealed))
        return [
            hashlib.sha256(whole_text(next(opened) if rows[one.row].subject_sealed else "", next(opened))).hexdigest()
            for one in found
        ]
    if kind == "case_record":
        keys = PartyKey.objects.in_bulk([one.row for one in found])
        return [hashlib.sha256(bytes(keys[one.row].wrapped)).hexdigest() for one in found]
    return [one.sha256 for one in found]


@transaction.atomic
def answer(
    *, destruction_id: int, entity_id: int, approve: bool, reason: str, by: Actor, now: datetime
) -> DestructionAnswer:
    """Approve a proposal, which gives its protocol the next number, or refuse it with a reason.

    NotProposed with `own` from who proposed it, `mandate` from who may not, `answered` when it was answered otherwise.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.destruction.answer'))")
    proposed = Destruction.objects.get(pk=destruction_id, entity_id=entity_id)
    _mandate(by, "destruction.approve")
    if proposed.recorded_by == by.user_id:
        raise NotProposed("own")
    known = DestructionAnswer.objects.filter(pk=proposed.pk).first()
    if known is not None:
        if (known.number is not None) != approve:
            raise NotProposed("answered")
        return known
    if not approve and not reason.strip():
        raise NotProposed("reason")
    last = DestructionAnswer.objects.filter(entity_id=entity_id).aggregate(last=Max("number"))["last"] or 0
    made = DestructionAnswer.objects.create(
        destruction=proposed, entity_id=entity_id, number=last + 1 if approve else None,
        reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    evidence.write(
        kind="retention.approved" if approve else "retention.refused", now=now, by=by, entity_id=entity_id, rows=[made],
        data={"destruction": proposed.pk, "protocol": made.number, "reason": made.reason},
    )  # fmt: skip
    return made


def destroy_due(*, now: datetime, limit: int = 500) -> int:
    """The worker's: carry out what was approved, at most so many records; how many were decided on."""
    done = 0
    approved = Destruction.objects.filter(answer__number__isnull=False, protocol=None)
    for destruction in approved.select_related("answer").order_by("answer__recorded_at", "pk"):
        waiting = destruction.items.filter(outcome=None).order_by("pk").values_list("pk", flat=True)
        for item_id in waiting[: limit - done]:
            done += _carry_out(item_id, destruction, now)
        gone = destruction.items.filter(outcome__kept_because="", file__isnull=False)
        evidence.remove_content(file_ids=gone.values_list("file_id", flat=True))
        if not destruction.items.filter(outcome=None).exists():
            write_protocol(destruction, now=now)
        if done >= limit:
            break
    return done


@transaction.atomic
def _carry_out(item_id: int, destruction: Destruction, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.destruction'), %s)", [destruction.pk])
    item = DestructionItem.objects.get(pk=item_id)
    if DestructionOutcome.objects.filter(pk=item_id).exists():
        return False
    beside = [item]
    if item.file_id is not None:
        beside = list(destruction.items.filter(file_id=item.file_id).order_by("pk"))
    people = sorted({one.party_id for one in beside if one.party_id is not None})
    list(Party.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk"))
    kept, rows = _forbidden(beside, destruction, now), []
    number = destruction.answer.number
    if not kept:
        try:
            rows = _destroy(item, number, now)
        except forgetting.MayNotErase as refused:
            kept = refused.obstacles[0].code
    outcome = DestructionOutcome.objects.create(item=item, kept_because=kept, recorded_at=now)
    data = {"protocol": number, "records": destruction.kind, "row": f"{item.model} {item.row}", "sha256": item.sha256}
    if kept:
        data["because"] = kept
    evidence.write(
        kind="retention.kept" if kept else KIND, now=now, by=PROGRAM, entity_id=destruction.entity_id,
        party_id=item.party_id, rows=[outcome, *rows], data=data,
    )  # fmt: skip
    return True


def _forbidden(beside: Sequence[DestructionItem], destruction: Destruction, now: datetime) -> str:
    """The code of what forbids it; of a file that several records of it have, what forbids any of them."""
    found = queries.obstacles(destruction.kind, beside, entity_id=destruction.entity_id, now=now)
    if any(found):
        return next(one[0].code for one in found if one)
    file_id = beside[0].file_id
    return "shared" if file_id is not None and _needed_elsewhere(file_id, beside) else ""


def _needed_elsewhere(file_id: int, beside: Sequence[DestructionItem]) -> bool:
    """Whether a row that is not to be destroyed with these has the same content."""
    for relation in StoredFile._meta.get_fields(include_hidden=True):
        model = relation.related_model
        if not relation.auto_created or relation.concrete or model is DestructionItem:
            continue
        own = [one.row for one in beside if one.model == model._meta.label_lower]
        if model.objects.filter(**{relation.field.attname: file_id}).exclude(pk__in=own).exists():
            return True
    return False


def _destroy(item: DestructionItem, number: int, now: datetime) -> list[Model]:
    """Make a record unreadable for good; the rows that stay, and are other than the log held them before."""
    if item.file_id is not None:
        evidence.destroy_key(file_id=item.file_id, protocol=number)
    if item.model == "intake.intakefile":
        QuarantinedRow.objects.filter(file_id=item.row).delete()
    if item.model == "channels.message":
        Message.objects.filter(pk=item.row).update(text_sealed=b"", subject_sealed=None)
        return [Message.objects.get(pk=item.row)]
    if item.model == "portfolio.party":
        forgetting.forget(party_id=item.row, by=PROGRAM, reason=f"protocol {number}", now=now)
    return []
