"""The gate once more, when a call that was reserved is about to be dialled."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from dunwell.compliance.models import Contact
from dunwell.compliance.queries import Asking, in_force
from dunwell.compliance.queries.facts import gather
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.services.asking import Answered, keep
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date


@transaction.atomic
def decide_at_dial(*, contact_id: int, by: Actor, now: datetime) -> Decision | None:
    """Decide anew what was decided at the click, the contact's own slot left out; a refusal is kept. None: its token is over.

    Between click and dial money may have come, a hold may have been placed, the hours may have ended.
    """
    contact = Contact.objects.get(pk=contact_id)
    if contact.expires_at <= now or contact.outcomes.exists():
        return None
    asking = Asking(
        contact.party_id, contact.person_id, contact.contact_point_id, contact.channel, contact.purpose, contact.case_id,
        account_id=contact.account_id,
    )  # fmt: skip
    pack = in_force(business_date(now))
    (known,) = gather([asking], now=now, entity_id=contact.entity_id, pack=pack, user_id=contact.by_id)
    facts = known.facts
    if facts.history is not None:
        own = next(
            (
                nr
                for nr, event in enumerate(facts.history)
                if event.at == contact.reserved_at and event.outcome == "pending" and event.channel == contact.channel
            ),
            None,
        )
        history = tuple(event for nr, event in enumerate(facts.history) if nr != own)
        known = replace(known, facts=replace(facts, history=history))
    decision = decide(
        now=now, pack=pack, attempt=known.facts.attempt, history=known.facts.history, flags=known.facts.flags
    )
    if not decision.allowed:
        keep(Answered(known, pack, decision), by=by, now=now)
    return decision
