"""What he disputed, complained of or told us, and what he was answered, in his own words and in ours: for him alone."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from dunwell.casework.models import Case, Complaint, Dispute
from dunwell.casework.queries.objecting import paths_of
from dunwell.casework.rules import objections
from dunwell.compliance.models import Contact
from dunwell.kernel.actor import Actor
from dunwell.kernel.sealing import Unsealable
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.selfservice.models import Request
from dunwell.selfservice.services.agreed import sealed_for
from dunwell.selfservice.services.replies import Reply, opened_body

SHOWN = 20  # of each register, the newest
OVER = ("closed", "withdrawn")


def heard(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """The entries of the registers with their answers, sealed under the key of his browser's session."""
    party = asked.party_id
    entries = [*_disputes(party), *_complaints(party), *_paths(party), *_plans(party)]
    entries.sort(key=lambda one: one["on"], reverse=True)
    said = json.dumps(entries, ensure_ascii=False).encode()
    return Reply(sealed=sealed_for(body["key"], said, asked.pk))


def _disputes(party_id: int) -> list[dict[str, Any]]:
    rows = Dispute.objects.filter(party_id=party_id).select_related("account").prefetch_related("steps__message")
    found = []
    for row in rows.order_by("-pk")[:SHOWN]:
        steps = sorted(row.steps.all(), key=lambda step: step.pk)
        outcome = objections.decision(step.kind for step in steps) or "open"
        asked_for = [_text(party_id, step.text_sealed) for step in steps if step.kind == "asked"]
        found.append({
            "register": "disputes", "kind": row.kind, "number": row.number, "on": row.received_on.isoformat(),
            "account": row.account_id, "due": row.due_on.isoformat(), "state": outcome,
            "words": _text(party_id, row.words_sealed), "wanted": [one for one in asked_for if one],
            **_answer(party_id, steps),
        })  # fmt: skip
    return found


def _complaints(party_id: int) -> list[dict[str, Any]]:
    rows = Complaint.objects.filter(party_id=party_id).prefetch_related("steps__message")
    found = []
    for row in rows.order_by("-pk")[:SHOWN]:
        steps = sorted(row.steps.all(), key=lambda step: step.pk)
        state = next((step.kind for step in steps if step.kind in OVER), "open")
        found.append({
            "register": "complaints", "kind": row.category, "number": row.number, "on": row.received_on.isoformat(),
            "state": state, "words": _text(party_id, row.words_sealed), "wanted": [], **_answer(party_id, steps),
        })  # fmt: skip
    return found


def _paths(party_id: int) -> list[dict[str, Any]]:
    return [
        {
            "register": "paths", "kind": row.kind, "number": "", "on": business_date(row.recorded_at).isoformat(),
            "state": "closed" if any(step.kind == "ended" for step in row.steps.all()) else "open",
            "words": _text(party_id, row.words_sealed), "wanted": [], "reply": "", "replied_on": "",
        }
        for row in paths_of(party_id)[:SHOWN]
    ]  # fmt: skip


def _plans(party_id: int) -> list[dict[str, Any]]:
    """Plans that he asked for in his own words: what became of them stands with his arrangements."""
    found = []
    for row in Request.objects.filter(party_id=party_id, kind="plan").order_by("-pk")[:SHOWN]:
        try:
            words = str(opened_body(row.kind, row.body).get("text", ""))
        except Unsealable:
            continue
        found.append({
            "register": "plans", "kind": "", "number": "", "on": business_date(row.recorded_at).isoformat(), "state": "open",
            "words": words, "wanted": [], "reply": "", "replied_on": "",
        })  # fmt: skip
    return found


def _answer(party_id: int, steps: list[Any]) -> dict[str, str]:
    """The letter that answered him, as it was sent: what the register holds besides is the bank's."""
    step = next((one for one in steps if one.kind == "answered"), None)
    if step is None or step.message is None:
        return {"reply": "", "replied_on": ""}
    return {
        "reply": _text(party_id, step.message.text_sealed),
        "replied_on": business_date(step.recorded_at).isoformat(),
    }


def _text(party_id: int, sealed: bytes | None) -> str:
    return portfolio.open_text(party_id=party_id, sealed=bytes(sealed)) if sealed else ""
