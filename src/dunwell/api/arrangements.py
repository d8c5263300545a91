"""Instructions to the host for a bank whose host asks instead of reading files: what waits, and the answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.arrangements import queries, services
from dunwell.arrangements.models import InstructionAnswer
from dunwell.arrangements.services.instructing import Told

router = Router(tags=["arrangements"])
MOST = 500  # in one call


class InstructionOut(Schema):
    """One thing to book. `instruction` is its number for good: booked once, however often it is fetched."""

    instruction: int
    kind: str
    account_no: str
    currency: str
    amount: Decimal
    business_date: date
    arrangement: int | None
    payload: dict[str, object]


class AnswerIn(Schema):
    """What became of one. A rejection names its reason."""

    instruction: int = Field(ge=1)
    confirmed: bool
    booked_on: date
    reason: str = Field("", max_length=200)
    host_ref: str = Field("", max_length=64)


class NotTaken(Schema):
    instruction: int
    code: str
    found: str
    expected: str


class TakenOut(Schema):
    """How many answers are new, and those that were not taken."""

    answered: int
    refused: list[NotTaken]


@router.get("/instructions", response=list[InstructionOut], url_name="instructions")
def instructions(request: HttpRequest, after: int = 0) -> list[dict[str, object]]:
    """What the host has not answered, by number, at most 500 `after` a number."""
    by = permitted(request, "host.answer")
    return [
        {
            "instruction": one.pk, "kind": one.kind, "account_no": one.account.account_no, "currency": one.currency,
            "amount": one.amount, "business_date": one.business_date, "arrangement": one.arrangement_id,
            "payload": one.payload,
        }
        for one in queries.open_instructions(entity_id=by.entity_id, after=after)[:MOST]
    ]  # fmt: skip


@router.post("/instructions/answers", response=TakenOut, url_name="instruction_answers")
def answers(request: HttpRequest, payload: list[AnswerIn]) -> dict[str, object]:
    """Answers, at most 500 at once. Told again they change nothing; told otherwise they are refused, row by row."""
    by = permitted(request, "host.answer")
    if len(payload) > MOST:
        raise HttpError(422, f"{len(payload)} at once; at most {MOST}")
    if any(not one.confirmed and not one.reason.strip() for one in payload):
        raise HttpError(422, "a rejection names its reason")
    taken = services.take_answers(
        told=[Told(one.instruction, one.confirmed, one.booked_on, one.reason, one.host_ref) for one in payload],
        source=InstructionAnswer.Source.API, entity_id=by.entity_id, by=by, now=timezone.now(),
    )  # fmt: skip
    return {
        "answered": taken.answered,
        "refused": [
            {"instruction": row.key[0], "code": row.code, "found": row.found, "expected": row.expected}
            for row in taken.refused
        ],
    }
