"""Looking at people's data: always by somebody, for a reason, in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import queries, reference, rules
from dunwell.portfolio.models import ContactPoint, Party, PartyIdentity
from dunwell.portfolio.services.people import Erased, open_many, open_text


class ReasonMissing(ValueError):
    """Nothing is shown without a reason."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A party's name and identity number in clear."""

    name: str
    id_kind: str
    id_no: str


def _given(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing("say why this has to be seen")
    return reason.strip()


@transaction.atomic
def reveal_contact_point(
    *, contact_point_id: int, by: Actor, reason: str, now: datetime, case_id: int | None = None
) -> str:
    """The number or address in clear; who saw it and why stands in the log. Erased when the key is gone.

    Whether it may be used now is the gate's to say: callers that show it to dial ask `decide` first.
    """
    reason = _given(reason)
    point = ContactPoint.objects.select_related("party").get(pk=contact_point_id)
    value = open_text(party_id=point.party_id, sealed=point.value_sealed)
    evidence.write(
        kind="party.revealed",
        now=now,
        by=by,
        entity_id=point.party.entity_id,
        party_id=point.party_id,
        case_id=case_id,
        data={"what": point.kind, "contact_point": point.pk, "masked": point.masked, "reason": reason},
    )
    return value


@transaction.atomic
def reveal_identity(*, party_id: int, by: Actor, reason: str, now: datetime, case_id: int | None = None) -> Identity:
    """Name and identity number in clear; who saw them and why stands in the log. Erased when the key is gone."""
    reason = _given(reason)
    party = Party.objects.get(pk=party_id)
    row = PartyIdentity.objects.filter(pk=party_id).first()
    if row is None:
        raise Erased(f"party {party_id} has no identity here")
    sealed = [(party_id, row.name_sealed)] + ([(party_id, row.id_sealed)] if row.id_sealed else [])
    name, *number = open_many(items=sealed)
    evidence.write(
        kind="party.revealed",
        now=now,
        by=by,
        entity_id=party.entity_id,
        party_id=party_id,
        case_id=case_id,
        data={"what": "identity", "masked": party.id_masked, "reason": reason},
    )
    return Identity(name=name, id_kind=row.id_kind, id_no=number[0] if number else "")


@transaction.atomic
def search(*, text: str, entity_id: int, by: Actor, now: datetime) -> list[queries.Found]:
    """Find parties and log that somebody searched: by which kinds of value and how many came, never the text."""
    found = queries.find_parties(text, entity_id=entity_id)
    kinds = sorted({one.by for one in found}) or sorted({t.kind for t in rules.terms(text, reference.tables())})
    evidence.write(kind="party.searched", now=now, by=by, entity_id=entity_id, data={"by": kinds, "found": len(found)})
    return found
