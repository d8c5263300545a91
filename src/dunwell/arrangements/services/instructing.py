"""Instructions to the host: asked once, handed over in files or fetched, answered once; then an arrangement is in force."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from duckdb import DuckDBPyConnection

from dunwell.arrangements.models import (
    Arrangement,
    ArrangementEnd,
    ArrangementForce,
    Instruction,
    InstructionAnswer,
    InstructionBatch,
    InstructionSending,
)
from dunwell.arrangements.rules.offers import OVER
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date, end_of
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account

Kind = Instruction.Kind
COLUMNS = ("instruction_id", "kind", "account_no", "currency", "amount", "business_date", "arrangement_id", "payload")
HOST = Actor.program("host")
LAST = 5_000  # instructions in one file
TAKES_BACK = {
    Kind.WAIVER: Kind.WAIVER_REVERSAL,
    Kind.PLAN_BOOKING: Kind.PLAN_CANCELLATION,
    Kind.STOP_OF_INTEREST: Kind.RESUMPTION_OF_INTEREST,
    Kind.CARD_BLOCK: Kind.CARD_RELEASE,
}


class Contradicted(ValueError):
    """An answer that says otherwise than the first one did."""


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of the host's: `confirmed`, or rejected with its reason; its own reference and the day of its books."""

    instruction_id: int
    confirmed: bool
    booked_on: date
    reason: str = ""
    host_ref: str = ""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row of the host's answers that is not taken: its key, the column, and what fills the sentence of `code`."""

    key: tuple[int]
    column: str
    code: str
    found: str
    expected: str


@dataclass(slots=True)
class Taken:
    """What became of a file of answers: how many are new, and the rows that were not taken."""

    answered: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


@transaction.atomic
def instruct(
    *,
    account_id: int,
    kind: str,
    amount: Decimal,
    payload: dict[str, object],
    by: Actor,
    now: datetime,
    key: str,
    arrangement: Arrangement | None = None,
) -> Instruction:
    """Ask the host to book something. The same key again answers the same instruction."""
    known = Instruction.objects.filter(key=key).first()
    if known is not None:
        return known
    account = arrangement.account if arrangement else Account.objects.get(pk=account_id)
    made = Instruction.objects.create(
        entity_id=account.entity_id, account=account, arrangement=arrangement, kind=Kind(kind), amount=amount,
        currency=account.currency, payload=payload, business_date=business_date(now), recorded_at=now,
        recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="instruction.asked", now=now, by=by, entity_id=account.entity_id, party_id=account.party_id,
        account_id=account.pk, case_id=arrangement.case_id if arrangement else None,
        data={
            "instruction": made.pk, "kind": made.kind, "amount": str(amount), "currency": made.currency,
            "arrangement": arrangement.pk if arrangement else None,
        },
        rows=[made],
    )  # fmt: skip
    return made


def ask_for(arrangement: Arrangement, kind: Kind, *, by: Actor, now: datetime) -> Instruction:
    """Ask for one thing that an arrangement takes, or takes back; asked before and not taken back, it is the same."""
    pair = {kind, TAKES_BACK.get(kind), *(k for k, back in TAKES_BACK.items() if back == kind)} - {None}
    asked = list(Instruction.objects.filter(arrangement=arrangement, kind__in=pair).order_by("id"))
    if asked and asked[-1].kind == kind:
        return asked[-1]
    number = sum(one.kind == kind for one in asked) + 1
    amount, payload = _payload(arrangement, kind)
    return instruct(
        account_id=arrangement.account_id, kind=kind, amount=amount, payload=payload, by=by, now=now,
        key=f"arrangement-{arrangement.pk}-{kind}-{number}", arrangement=arrangement,
    )  # fmt: skip


def take_back(arrangement: Arrangement, kinds: Iterable[Kind], *, by: Actor, now: datetime) -> list[Instruction]:
    """Ask for the opposite of what the host has booked of these; what it rejected or was never asked is left alone."""
    asked = list(Instruction.objects.filter(arrangement=arrangement).select_related("answer").order_by("id"))
    made = []
    for kind in kinds:
        of_kind = [one for one in asked if one.kind in (kind, TAKES_BACK[kind])]
        if of_kind and of_kind[-1].kind == kind and _confirmed(of_kind[-1]):
            made.append(ask_for(arrangement, TAKES_BACK[kind], by=by, now=now))
    return made


def _confirmed(instruction: Instruction) -> bool:
    answer = getattr(instruction, "answer", None)
    return answer is not None and answer.confirmed


def _payload(arrangement: Arrangement, kind: Kind) -> tuple[Decimal, dict[str, object]]:
    waived = sum(map(Decimal, arrangement.waived.values()), Decimal("0.00"))
    if kind in (Kind.WAIVER, Kind.WAIVER_REVERSAL):
        return waived, {"waived": arrangement.waived}
    if kind == Kind.PLAN_BOOKING:
        rows = arrangement.instalments.order_by("position")
        return arrangement.financed, {
            "product": arrangement.product,
            "annual_rate_percent": arrangement.terms["rate"],
            "instalments": [
                [row.position, row.due_date.isoformat(), str(row.principal), str(row.interest)] for row in rows
            ],
        }
    if kind == Kind.PLAN_CANCELLATION:
        return arrangement.financed, {"product": arrangement.product}
    return Decimal("0.00"), {"product": arrangement.product}


@transaction.atomic
def answer_instruction(*, told: Told, source: str, by: Actor, now: datetime) -> InstructionAnswer:
    """The host's answer. Told again it is the same; told otherwise Contradicted; Instruction.DoesNotExist when unknown.

    With the last confirmation an arrangement comes into force, and demands stop in the same transaction. What is
    confirmed of one that ended meanwhile is asked to be taken back.
    """
    instruction = Instruction.objects.select_related("account", "arrangement__account").get(pk=told.instruction_id)
    account, arrangement = instruction.account, instruction.arrangement
    portfolio.touch(party_id=account.party_id, now=now)
    known = InstructionAnswer.objects.filter(pk=instruction.pk).first()
    if known is not None:
        if known.confirmed == told.confirmed:
            return known
        raise Contradicted(f"instruction {instruction.pk} was {'confirmed' if known.confirmed else 'rejected'} before")
    answer = InstructionAnswer.objects.create(
        instruction=instruction, confirmed=told.confirmed, reason=told.reason.strip()[:200],
        host_ref=told.host_ref.strip()[:64], booked_on=told.booked_on, source=source, recorded_at=now,
        recorded_by=by.user_id,
    )  # fmt: skip
    evidence.write(
        kind="instruction.confirmed" if told.confirmed else "instruction.rejected", now=now, by=by,
        entity_id=instruction.entity_id, party_id=account.party_id, account_id=account.pk,
        case_id=arrangement.case_id if arrangement else None,
        data={
            "instruction": instruction.pk, "kind": instruction.kind, "reason": answer.reason,
            "host_ref": answer.host_ref, "booked_on": told.booked_on.isoformat(),
            "arrangement": arrangement.pk if arrangement else None,
        },
        rows=[answer],
    )  # fmt: skip
    if arrangement is not None and told.confirmed:
        _come_into_force(arrangement, by=by, now=now)
    return answer


def _come_into_force(arrangement: Arrangement, *, by: Actor, now: datetime) -> None:
    asked = list(Instruction.objects.filter(arrangement=arrangement).select_related("answer").order_by("id"))
    if ArrangementEnd.objects.filter(pk=arrangement.pk).exists() or arrangement.standing in OVER:
        take_back(arrangement, TAKES_BACK, by=by, now=now)
        return
    if ArrangementForce.objects.filter(pk=arrangement.pk).exists() or not all(map(_confirmed, asked)):
        return
    booked_on = max(one.answer.booked_on for one in asked)
    force = ArrangementForce.objects.create(arrangement=arrangement, in_force_on=booked_on, recorded_at=now)
    place_hold(arrangement, by=by, now=now)
    evidence.write(
        kind="arrangement.in_force", now=now, by=by, entity_id=arrangement.entity_id, party_id=arrangement.party_id,
        account_id=arrangement.account_id, case_id=arrangement.case_id,
        data={"arrangement": arrangement.pk, "product": arrangement.product, "in_force_on": booked_on.isoformat()},
        rows=[force],
    )  # fmt: skip


def place_hold(arrangement: Arrangement, *, by: Actor, now: datetime) -> None:
    """No demand about the account while the plan is performed (Art 70); a disaster's pause ends with its last due date."""
    last = arrangement.instalments.aggregate(last=Max("due_date"))["last"]
    ends_at = end_of(last) if arrangement.terms["hold"] == "disaster" else None
    if ends_at is not None and ends_at <= now:
        return
    compliance.place_hold(
        party_id=arrangement.party_id, account_id=arrangement.account_id, kind=arrangement.terms["hold"],
        reason=hold_reason(arrangement), ends_at=ends_at, by=by, now=now,
    )  # fmt: skip


def hold_reason(arrangement: Arrangement) -> str:
    """By which an arrangement's own hold is known again."""
    return f"#{arrangement.pk}"


def take_answers(*, told: Iterable[Told], source: str, entity_id: int, by: Actor, now: datetime) -> Taken:
    """Many answers, each by itself: what is unknown or contradicts is told, and the others are taken."""
    taken, answers = Taken(), list(told)
    asked = Instruction.objects.filter(entity_id=entity_id, pk__in=[one.instruction_id for one in answers])
    party = dict(asked.values_list("pk", "account__party_id"))
    for one in sorted(
        answers, key=lambda each: (party.get(each.instruction_id, 0), each.instruction_id)
    ):  # as locks are
        if one.instruction_id not in party:
            found = str(one.instruction_id)
            taken.refused.append(RefusedRow((one.instruction_id,), "instruction_id", "unknown_instruction", found, ""))
            continue
        before = InstructionAnswer.objects.filter(pk=one.instruction_id).exists()
        try:
            answer_instruction(told=one, source=source, by=by, now=now)
        except Contradicted:
            found = "confirmed" if one.confirmed else "rejected"
            expected = "rejected" if one.confirmed else "confirmed"
            taken.refused.append(RefusedRow((one.instruction_id,), "answer", "answered_otherwise", found, expected))
            continue
        taken.answered += not before
    return taken


def keep_answers(connection: DuckDBPyConnection, table: str, *, entity_id: int, now: datetime) -> Taken:
    """The keeper of `instruction_answers`: a file of the host's that came in through intake."""
    rows = connection.execute(
        f"SELECT instruction_id, answer, booked_on, coalesce(reason, ''), coalesce(host_ref, '') FROM {table}"
        " ORDER BY instruction_id"
    ).fetchall()
    told = [Told(number, answer == "confirmed", day, reason, ref) for number, answer, day, reason, ref in rows]
    return take_answers(told=told, source=InstructionAnswer.Source.FILE, entity_id=entity_id, by=HOST, now=now)


def hand_over(*, now: datetime, folder: Path | None = None) -> int:
    """Write what the host has not been given into files below `folder`; answers how many instructions.

    Which instruction is in which file is committed first; then the file is written aside and renamed, under the name
    that it has at every attempt. Killed at any line and called again, each instruction is in one file, written once.
    """
    target = folder or settings.HOST_FOLDER / "out"
    entity = Entity.objects.filter(code=settings.BANK_ENTITY).first()
    if entity is None:
        return 0
    given = _gather(entity, now)
    for batch in InstructionBatch.objects.filter(entity=entity, written_at=None).order_by("id"):
        _write(batch, target)
        InstructionBatch.objects.filter(pk=batch.pk).update(written_at=now)
    return given


@transaction.atomic
def _gather(entity: Entity, now: datetime) -> int:
    """Put what is in no file into the next one of the day, under the lock of the bank's row."""
    Entity.objects.select_for_update(no_key=True).get(pk=entity.pk)
    waiting = Instruction.objects.filter(entity=entity, sending=None, answer=None).order_by("id")
    ids = list(waiting.values_list("pk", flat=True)[:LAST])
    if not ids:
        return 0
    day = business_date(now)
    of_the_day = InstructionBatch.objects.filter(entity=entity, business_date=day)
    number = (of_the_day.aggregate(last=Max("number"))["last"] or 0) + 1
    batch = InstructionBatch.objects.create(entity=entity, business_date=day, number=number, recorded_at=now)
    InstructionSending.objects.bulk_create(InstructionSending(instruction_id=pk, batch=batch) for pk in ids)
    evidence.write(
        kind="instructions.given", now=now, by=Actor.program("instructions"), entity_id=entity.pk,
        data={"file": batch.name, "instructions": len(ids)},
    )  # fmt: skip
    return len(ids)


def _write(batch: InstructionBatch, target: Path) -> None:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(COLUMNS)
    for one in Instruction.objects.filter(sending__batch=batch).select_related("account").order_by("id"):
        out.writerow(as_row(one))
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target / f".{batch.name}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target / batch.name)


def as_row(one: Instruction) -> list[object]:
    """An instruction as the host reads it, in the order of COLUMNS."""
    payload = json.dumps(one.payload, ensure_ascii=False, sort_keys=True)
    return [
        one.pk, one.kind, one.account.account_no, one.currency, one.amount, one.business_date.isoformat(),
        one.arrangement_id or "", payload,
    ]  # fmt: skip
