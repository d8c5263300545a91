"""The host's answers in bulk: a file through intake, or a call of the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from duckdb import DuckDBPyConnection

from dunwell.arrangements.models import Instruction, InstructionAnswer
from dunwell.arrangements.services.instructing import HOST, Contradicted, Told, answer_instruction
from dunwell.kernel.actor import Actor


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
