"""The gate's answers, kept with everything needed to give them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Unpack
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from dunwell.compliance import shipped
from dunwell.compliance.models import GateDecision, PackText
from dunwell.compliance.queries.facts import About, Asking, Known, gather
from dunwell.compliance.queries.packs import in_force, pack_of
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.values import Facts
from dunwell.engine.statements import insert_rows
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Decision, Reason, Verdict
from dunwell.kernel.times import business_date


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with what it was given on."""

    known: Known
    pack: Pack
    decision: Decision


def answer(asking: Asking, *, by: Actor, now: datetime) -> Answered:
    """Decide from the facts as they stand; writes nothing."""
    (answered,) = answers([asking], by=by, now=now)
    return answered


def answers(askings: Sequence[Asking], *, by: Actor, now: datetime) -> list[Answered]:
    """Decide many, from facts gathered at once; writes nothing."""
    pack = in_force(business_date(now))
    return decided(gather(askings, now=now, entity_id=by.entity_id, pack=pack, user_id=by.user_id), pack, now=now)


def decided(known: Sequence[Known], pack: Pack, *, now: datetime) -> list[Answered]:
    """The gate's answer to each, from the facts that were gathered."""
    return [
        Answered(
            one,
            pack,
            decide(now=now, pack=pack, attempt=one.facts.attempt, history=one.facts.history, flags=one.facts.flags),
        )
        for one in known
    ]


@transaction.atomic
def ask(*, by: Actor, now: datetime, **about: Unpack[About]) -> Decision:
    """Advisory: may this contact be made now? A refusal is kept; an ALLOW reserves nothing and is not kept."""
    answered = answer(Asking.about(**about), by=by, now=now)
    if not answered.decision.allowed:
        keep(answered, by=by, now=now)
    return answered.decision


@transaction.atomic
def judge(*, by: Actor, now: datetime, **about: Unpack[About]) -> tuple[GateDecision, Decision]:
    """As `ask`, but every answer is kept: for a message that the gate lets pass and that cannot leave."""
    answered = answer(Asking.about(**about), by=by, now=now)
    return keep(answered, by=by, now=now), answered.decision


def keep(answered: Answered, *, by: Actor, now: datetime) -> GateDecision:
    """Write an answer down. What was refused, or needs review, stands in the log too."""
    keep_texts(answered.pack, now)
    (row,) = keep_many([answered], by=by, now=now)
    return row


def keep_many(
    answers: Sequence[Answered],
    *,
    by: Actor,
    now: datetime,
    numbered: Sequence[int] | None = None,
    keys: Sequence[str] | None = None,
) -> list[GateDecision]:
    """Write many answers down, in two statements; their rows in the same order.

    With numbers that were taken before (`numbered`) nothing is waited for. `keys` are of refusals that are to be
    answered again. The texts of the packs are kept already (`keep_texts`).
    """
    rows = [
        _row(answered, by=by, now=now, number=number, key=key)
        for answered, number, key in zip(answers, numbered or repeat(None), keys or repeat(None), strict=False)
    ]
    insert_rows(rows)
    refused = [
        _refusal(answered, row, by=by, now=now)
        for answered, row in zip(answers, rows, strict=True)
        if not answered.decision.allowed
    ]
    if refused:
        evidence.write_many(refused)
    return rows


def _row(answered: Answered, *, by: Actor, now: datetime, number: int | None, key: str | None) -> GateDecision:
    known, decision = answered.known, answered.decision
    asking = known.asking
    return GateDecision(
        id=number,
        entity_id=known.entity_id if by.entity_id is None else by.entity_id,
        party_id=asking.party_id,
        contact_point_id=asking.contact_point_id,
        case_id=asking.case_id,
        channel=asking.channel,
        purpose=asking.purpose,
        decided_at=now,
        actor_id=by.user_id,
        verdict=decision.verdict,
        primary_rule=decision.primary.rule,
        reasons=[_reason_json(reason) for reason in decision.reasons],
        retry_after=decision.retry_after,
        pack_id=decision.pack_id,
        pack_version=decision.pack_version,
        pack_sha256=answered.pack.sha256,
        facts=known.facts.as_json(),
        holds=list(known.holds),
        key=None if decision.allowed else key,
    )


def _refusal(answered: Answered, row: GateDecision, *, by: Actor, now: datetime) -> evidence.Entry:
    decision = answered.decision
    return evidence.Entry(
        kind="gate.decided",
        now=now,
        by=by,
        entity_id=row.entity_id,
        party_id=row.party_id,
        case_id=row.case_id,
        data={
            "decision": row.pk,
            "verdict": str(decision.verdict),
            "rules": [reason.rule for reason in decision.reasons],
            "channel": row.channel,
            "purpose": row.purpose,
            "retry_after": decision.retry_after.isoformat() if decision.retry_after else None,
            "contact_point": row.contact_point_id,
            "pack": decision.pack_version,
            "pack_sha256": row.pack_sha256,
        },
        rows=(row,),
    )


_kept: set[tuple[str, str]] = set()  # databases and packs of which this process knows that the text is kept


def keep_text(pack: Pack, now: datetime) -> PackText:
    """The whole text of a shipped pack, kept once: its file may change with the next version of the program."""
    text, parts = shipped.text_of(pack)
    row, _ = PackText.objects.get_or_create(
        sha256=pack.sha256, defaults={"version": pack.version, "text": text, "parts": parts, "recorded_at": now}
    )
    return row


def keep_texts(pack: Pack, now: datetime) -> None:
    """The shipped text behind a decision is kept with it."""
    place = (str(connection.settings_dict["NAME"]), pack.version.split("+")[0])
    if place in _kept:
        return
    base = next((one for one in shipped.packs() if one.version == place[1] and not one.over), None)
    if base is not None:
        keep_text(base, now)
        transaction.on_commit(lambda: _kept.add(place))


def decision_of(row: GateDecision) -> Decision:
    """The decision as it was given, with the texts of that day."""
    return Decision(
        verdict=Verdict(row.verdict),
        reasons=tuple(_reason(data) for data in row.reasons),
        retry_after=_on_his_clock(row),
        pack_id=row.pack_id,
        pack_version=row.pack_version,
    )


def _on_his_clock(row: GateDecision) -> datetime | None:
    """The moment as it was answered: the database keeps moments without their clock."""
    zones = row.facts["attempt"]["zones"]
    return row.retry_after.astimezone(ZoneInfo(zones[0])) if row.retry_after and zones else row.retry_after


def decided_again(row: GateDecision) -> Decision:
    """The same question to the same pack on the same facts. PackError when the pack's text is not at hand."""
    facts = Facts.from_json(row.facts)
    pack = pack_of(row.pack_version, row.pack_sha256)
    return decide(now=row.decided_at, pack=pack, attempt=facts.attempt, history=facts.history, flags=facts.flags)


def _reason_json(reason: Reason) -> dict[str, str | None]:
    return {
        "rule": reason.rule,
        "verdict": str(reason.verdict),
        "text_zh": reason.text_zh,
        "text_en": reason.text_en,
        "citation": reason.citation,
        "confidence": reason.confidence,
        "retry_after": reason.retry_after.isoformat() if reason.retry_after else None,
    }


def _reason(data: Mapping[str, str | None]) -> Reason:
    after = data["retry_after"]
    return Reason(
        **{
            **data,
            "verdict": Verdict(data["verdict"]),
            "retry_after": datetime.fromisoformat(after) if after else None,
        }  # type: ignore[arg-type]
    )
