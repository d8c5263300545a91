"""A person's rights over his data: a copy, and the restriction of processing while a period of retention runs."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import transaction

from dunwell.compliance import services as compliance
from dunwell.compliance.models import ListEntry
from dunwell.evidence import documents
from dunwell.evidence import services as evidence
from dunwell.evidence.rules import plain
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, business_date
from dunwell.legal.queries import personal
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party

FORMS = {"json": "application/json", "pdf": "application/pdf"}


@transaction.atomic
def copy_for_person(*, party_id: int, form: str, language: str, reason: str, by: Actor, now: datetime) -> bytes:
    """Everything held about a person, for him: `json`, or `pdf` with the bank's signature. Logged.

    ReasonMissing without a reason (who asked, and how he was known), Erased when he was erased.
    """
    party = Party.objects.select_related("entity").get(pk=party_id)
    identity = portfolio.reveal_identity(party_id=party_id, by=by, reason=reason, now=now)
    told = personal.copy(party, identity, language=language, now=now, on=business_date(now))
    if form == "pdf":
        made = documents.pdf(
            room="legal", name="personal", language=language, now=now,
            data={"author": party.entity.name(language), "head": party.entity.name(language), "copy": told,
                  "made": now.astimezone(BANK_ZONE).strftime("%Y-%m-%d %H:%M:%S %z")},
        )  # fmt: skip
        data = documents.signed(made, reason=reason, now=now)
    else:
        data = (json.dumps(plain(told), ensure_ascii=False, indent=1) + "\n").encode()
    evidence.write(
        kind="party.copied", now=now, by=by, entity_id=party.entity_id, party_id=party.pk,
        data={"what": form, "reason": reason.strip()[:200], "bytes": len(data)},
    )  # fmt: skip
    return data


@transaction.atomic
def restrict(*, party_id: int, reason: str, by: Actor, now: datetime) -> ListEntry:
    """Stop processing but for storage (个人信息保护法 Art 47): the gate refuses demands, reminders and searches by any channel.

    Still in force, it is the same. It ends when its entry is taken off the list.
    """
    if not reason.strip():
        raise portfolio.ReasonMissing("say who asked for it")
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)
    known = personal.restrictions(party, now=now)
    if known:
        return known[0]
    return compliance.add_to_list(
        list=personal.RESTRICTED, party_id=party_id, reason=f"CN-PI-RIGHTS: {reason.strip()}"[:200], by=by, now=now
    )
