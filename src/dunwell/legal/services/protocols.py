"""The protocol of a destruction: what, how many, which hashes, on which basis, by whom, when; signed and kept."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from dunwell.evidence import documents
from dunwell.evidence import services as evidence
from dunwell.identity.models import User
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, business_date
from dunwell.legal import words
from dunwell.legal.models import Destruction, DestructionItem, DestructionProtocol
from dunwell.legal.queries import due

LANGUAGE = "zh-hans"  # of the record that an inspection reads


@transaction.atomic
def write_protocol(destruction: Destruction, *, now: datetime) -> DestructionProtocol:
    """Sign and keep the protocol of a destruction that was carried out whole; once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.destruction'), %s)", [destruction.pk])
    known = DestructionProtocol.objects.filter(pk=destruction.pk).first()
    if known is not None:
        return known
    items = list(destruction.items.select_related("outcome", "party").order_by("pk"))
    results = Counter(item.outcome.kept_because for item in items)
    number, listed = destruction.answer.number, hash_list(items)
    with override(LANGUAGE):
        made = documents.pdf(
            room="legal", name="destruction", language=LANGUAGE, now=now, data=_said(destruction, items, listed, now)
        )
        signed = documents.signed(made, reason=_("Destruction protocol"), now=now)
    with tempfile.NamedTemporaryFile(suffix=".pdf") as draft:
        draft.write(signed)
        draft.flush()
        kept = evidence.keep_file(path=Path(draft.name), name=f"destruction-{number}.pdf", now=now)
    protocol = DestructionProtocol.objects.create(
        destruction=destruction, file=kept, destroyed=results[""], kept=len(items) - results[""], recorded_at=now
    )
    evidence.write(
        kind="retention.protocol", now=now, by=Actor.program("destruction"), entity_id=destruction.entity_id,
        rows=[protocol],
        data={"destruction": destruction.pk, "protocol": number, "destroyed": protocol.destroyed, "kept": protocol.kept,
              "sha256": kept.sha256, "hash_list": listed},
    )  # fmt: skip
    return protocol


def hash_list(items: list[DestructionItem]) -> str:
    """The SHA-256 over the list of what was destroyed: a line each, `record sha256`, in the protocol's order."""
    gone = [f"{item.model} {item.row} {item.sha256}\n" for item in items if not item.outcome.kept_because]
    return hashlib.sha256("".join(gone).encode()).hexdigest()


def _said(destruction: Destruction, items: list[DestructionItem], listed: str, now: datetime) -> dict[str, object]:
    bank, answer = destruction.entity.name(LANGUAGE), destruction.answer
    people = {user.pk: user for user in User.objects.filter(pk__in=(destruction.recorded_by, answer.recorded_by))}
    period = due.periods(business_date(now))[destruction.kind]
    gone = sum(not item.outcome.kept_because for item in items)

    def who(user_id: int, at: datetime) -> str:
        user = people[user_id]
        return f"{user.staff_no} {user.name(LANGUAGE)} {_moment(at)}"

    return {
        "author": bank,
        "head": bank,
        "title": _("Destruction protocol %(number)s") % {"number": answer.number},
        "about": [
            [_("Kind of record"), f"{words.KINDS[destruction.kind]}: {period.text_zh}"],
            [_("Legal basis"), f"{period.rule} ({period.confidence}) {period.instrument}"],
            [_("Reason"), destruction.reason],
            [_("Records"), _("%(gone)s destroyed, %(kept)s kept") % {"gone": gone, "kept": len(items) - gone}],
            [_("Proposed by"), who(destruction.recorded_by, destruction.recorded_at)],
            [_("Approved by"), who(answer.recorded_by, answer.recorded_at)],
            [_("Carried out"), f"{_moment(min(item.outcome.recorded_at for item in items))} – {_moment(now)}"],
            [_("SHA-256 of the list"), listed],
        ],
        "items": [
            [
                number,
                f"{item.model} {item.row} {item.party.party_no if item.party else item.about}".strip(),
                item.day,
                item.kept_until,
                item.sha256,
                words.kept_because(item.outcome.kept_because) if item.outcome.kept_because else _("destroyed"),
            ]
            for number, item in enumerate(items, start=1)
        ],
    }


def _moment(at: datetime) -> str:
    return at.astimezone(BANK_ZONE).strftime("%Y-%m-%d %H:%M:%S")
