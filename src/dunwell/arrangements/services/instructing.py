"""Instructions to the host: asked once, handed over in files or fetched, answered once; then an arrangement is in force."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from dunwell.arrangements.models import (
    Arrangement,
    ArrangementEnd,
    ArrangementForce,
    Instruction,
    InstructionAnswer,
    InstructionBatch,
    InstructionSending,
)
from dunwell.arrangements.queries.agreements import parts_of
from dunwell.arrangements.queries.repaid import repaid_among
from dunwell.arrangements.rules.offers import OVER
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Hold
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date, end_of
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account

Kind = Instruction.Kind
COLUMNS = ("instruction_id", "kind", "account_no", "currency", "amount", "business_date", "arrangement_id", "payload")
HOST = Actor.program("host")
Standing = Arrangement.Standing
LASTING = (Kind.STOP_OF_INTEREST, Kind.CARD_BLOCK)  # of the account: they outlast a change of plan
LAST = 5_000  # instructions in one file
TAKES_BACK = {
    Kind.WAIVER: Kind.WAIVER_REVERSAL,
    Kind.PLAN_BOOKING: Kind.PLAN_CANCELLATION,
    Kind.PLAN_REPLACEMENT: Kind.PLAN_CANCELLATION,
    Kind.STOP_OF_INTEREST: Kind.RESUMPTION_OF_INTEREST,
    Kind.CARD_BLOCK: Kind.CARD_RELEASE,
}


def undone_at(standing: Standing) -> tuple[Kind, ...]:
    """Which instructions are taken back of an arrangement that stands so, those that are in effect."""
    if standing == Standing.BREACHED:
        return (Kind.WAIVER,)
    if standing == Standing.ENDED:  # it was performed: what was waived stays so
        return (Kind.CARD_BLOCK,)
    if standing == Standing.TERMINATED:  # the card stays blocked: he is late
        return tuple(kind for kind in TAKES_BACK if kind != Kind.CARD_BLOCK)
    return tuple(TAKES_BACK)


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


def asked_by(arrangement: Arrangement) -> list[Kind]:
    """What the host is asked to do for an arrangement; one that changes a running plan leaves what lasts as it is."""
    wanted = dict.fromkeys((*arrangement.terms["instructions"], *(["waiver"] if arrangement.waived else [])))
    kinds = [Kind(kind) for kind in wanted]
    if arrangement.replaces is None:
        return kinds
    lasts = [kind for kind in kinds if kind in LASTING and _in_effect(arrangement.replaces, kind)]
    return [Kind.PLAN_REPLACEMENT if kind == Kind.PLAN_BOOKING else kind for kind in kinds if kind not in lasts]


def take_back(arrangement: Arrangement, kinds: Iterable[Kind], *, by: Actor, now: datetime) -> list[Instruction]:
    """Ask for the opposite of what the host has booked of these; what it rejected or was never asked is left alone.

    Of a change that never came into force the plan that it took the place of is put back.
    """
    made, replaced = [], arrangement.replaces
    in_force = ArrangementForce.objects.filter(pk=arrangement.pk).exists()
    for kind in kinds:
        if not _in_effect(arrangement, kind, inherited=in_force):
            continue
        if kind == Kind.PLAN_REPLACEMENT and not in_force and replaced is not None and replaced.standing not in OVER:
            made.append(_put_back(replaced, instead_of=arrangement, by=by, now=now))
        else:
            made.append(ask_for(arrangement, TAKES_BACK[kind], by=by, now=now))
    return made


def ask_again(arrangement: Arrangement, *, by: Actor, now: datetime) -> list[Instruction]:
    """Ask again for what was taken back when it had ended: it has not. Whether the host has answered that or not."""
    made = []
    for kind in undone_at(Standing.ENDED):
        asked = Instruction.objects.filter(arrangement=arrangement, kind__in=(kind, TAKES_BACK[kind])).order_by("-id")
        last = asked.first()
        if last is not None and last.kind == TAKES_BACK[kind]:
            made.append(ask_for(arrangement, kind, by=by, now=now))
    return made


def _in_effect(arrangement: Arrangement, kind: Kind, *, inherited: bool = True) -> bool:
    """Whether the host has booked it for this arrangement, or for one that it took the place of and it lasts."""
    pair = (kind, TAKES_BACK[kind])
    asked = Instruction.objects.filter(arrangement=arrangement, kind__in=pair).select_related("answer")
    last = asked.order_by("-id").first()
    if last is not None:
        return last.kind == kind and _confirmed(last)
    replaced = arrangement.replaces
    return inherited and kind in LASTING and replaced is not None and _in_effect(replaced, kind)


def _put_back(running: Arrangement, *, instead_of: Arrangement, by: Actor, now: datetime) -> Instruction:
    """The host booked a change that fell through: it is asked to book the plan that runs on in its place."""
    amount, payload = _payload(running, Kind.PLAN_BOOKING)
    return instruct(
        account_id=running.account_id, kind=Kind.PLAN_REPLACEMENT, amount=amount,
        payload={**payload, "replaces": instead_of.pk}, by=by, now=now, arrangement=running,
        key=f"arrangement-{running.pk}-instead-of-{instead_of.pk}",
    )  # fmt: skip


def _confirmed(instruction: Instruction) -> bool:
    answer = getattr(instruction, "answer", None)
    return answer is not None and answer.confirmed


def _payload(arrangement: Arrangement, kind: Kind) -> tuple[Decimal, dict[str, object]]:
    waived = sum(map(Decimal, arrangement.waived.values()), Decimal("0.00"))
    if kind in (Kind.WAIVER, Kind.WAIVER_REVERSAL):
        return waived, {"waived": arrangement.waived}
    if kind in (Kind.PLAN_BOOKING, Kind.PLAN_REPLACEMENT):
        rows = arrangement.instalments.order_by("position")
        return arrangement.financed, {
            "product": arrangement.product,
            "annual_rate_percent": arrangement.terms["rate"],
            **({"replaces": arrangement.replaces_id} if kind == Kind.PLAN_REPLACEMENT else {}),
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

    With the last confirmation an arrangement comes into force, and demands stop in the same transaction; a combined plan with
    the last one of all its parts. What is confirmed of one that ended meanwhile is asked to be taken back.
    """
    instruction = Instruction.objects.select_related(
        "account", "arrangement__account", "arrangement__replaces__account"
    ).get(pk=told.instruction_id)
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
    if arrangement is not None and told.confirmed and instruction.kind not in TAKES_BACK.values():
        _come_into_force(arrangement, by=by, now=now)
    return answer


def _come_into_force(arrangement: Arrangement, *, by: Actor, now: datetime) -> None:
    ended, repaid = ArrangementEnd.objects.filter(pk=arrangement.pk).exists(), bool(repaid_among([arrangement]))
    if ended or repaid or arrangement.standing in OVER:
        standing = Standing(arrangement.standing)
        if ended or repaid:  # the programs have not judged it yet
            standing = Standing.CANCELLED if ended else Standing.ENDED
        take_back(arrangement, undone_at(standing), by=by, now=now)
        return
    parts = parts_of(arrangement)
    asked = list(Instruction.objects.filter(arrangement__in=parts).select_related("answer").order_by("id"))
    if ArrangementForce.objects.filter(pk=arrangement.pk).exists() or not all(map(_confirmed, asked)):
        return
    booked_on = max(one.answer.booked_on for one in asked)
    forces = ArrangementForce.objects.bulk_create(
        ArrangementForce(arrangement=part, in_force_on=booked_on, recorded_at=now) for part in parts
    )
    _give_way(parts, by=by, now=now)
    for part in parts:
        place_hold(part, by=by, now=now)
    evidence.write(
        kind="arrangement.in_force", now=now, by=by, entity_id=arrangement.entity_id, party_id=arrangement.party_id,
        account_id=parts[0].account_id, case_id=arrangement.case_id,
        data={**named(parts), "in_force_on": booked_on.isoformat()}, rows=forces,
    )  # fmt: skip


def named(parts: Sequence[Arrangement]) -> dict[str, object]:
    """How an entry of the log names an agreement: by the part that speaks for it, and all parts of a combined plan."""
    lead = parts[0]
    said: dict[str, object] = {"arrangement": lead.pk, "product": lead.product}
    return said if lead.combined_id is None else {**said, "parts": [part.pk for part in parts]}


def _give_way(parts: Sequence[Arrangement], *, by: Actor, now: datetime) -> None:
    """The plan that was changed ends in the transaction in which its change comes into force: nobody sees neither hold."""
    ends: list[ArrangementEnd] = []
    for to in parts:
        replaced = to.replaces
        if replaced is None:
            continue
        end, _ = ArrangementEnd.objects.get_or_create(
            arrangement=replaced, defaults={"reason": f"#{to.pk}", "recorded_at": now, "recorded_by": by.user_id}
        )
        ends.append(end)
        lift_holds(replaced, reason=f"#{to.pk}", by=by, now=now)
        for kind in LASTING:
            wanted, there = kind in to.terms["instructions"], _in_effect(to, kind)
            if wanted and not there:  # it was taken back meanwhile
                ask_for(to, kind, by=by, now=now)
            elif there and not wanted:
                ask_for(to, TAKES_BACK[kind], by=by, now=now)
    if ends:
        old = parts_of(ends[0].arrangement)
        evidence.write(
            kind="arrangement.replaced", now=now, by=by, entity_id=old[0].entity_id, party_id=old[0].party_id,
            account_id=old[0].account_id, case_id=old[0].case_id, data={**named(old), "by": parts[0].pk}, rows=ends,
        )  # fmt: skip


def lift_holds(arrangement: Arrangement, *, reason: str, by: Actor, now: datetime) -> None:
    """Lift the arrangement's own holds that still stand."""
    own = Hold.objects.filter(
        party_id=arrangement.party_id, account_id=arrangement.account_id, reason=hold_reason(arrangement), lift=None
    )
    for hold in own:
        compliance.lift_hold(hold_id=hold.pk, reason=reason, by=by, now=now)


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
