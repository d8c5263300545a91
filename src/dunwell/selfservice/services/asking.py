"""What he arranges himself: a promise, a plan, how he is contacted, a copy of what is held about him."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.rules.promises import PromiseRefused
from dunwell.casework.models import Case
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Consent, Contact
from dunwell.kernel.actor import Actor
from dunwell.legal.services.personal import FORMS, copy_for_person
from dunwell.selfservice.models import Request
from dunwell.selfservice.services.agreed import sealed_for
from dunwell.selfservice.services.replies import Reply, refused
from dunwell.selfservice.services.telling import keep_words
from dunwell.selfservice.wishes import CHANNELS, HOURS, NO_THIRD_PARTY, OPT_OUT, wished


def promise(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """A promise to pay, under the policy of the desk."""
    parts = [(date.fromisoformat(day), Decimal(amount)) for day, amount in body["parts"]]
    try:
        made = arrangements.make_promise(
            party_id=asked.party_id, parts=parts, currency=body["currency"], case_id=case.pk if case else None,
            contact_id=contact.pk if contact else None, by=by, now=now, key=f"page/{asked.pk}",
        )  # fmt: skip
    except PromiseRefused as problem:
        return refused(
            "promise",
            problems=[
                {"code": one.code, "part": one.part, "params": {name: str(value) for name, value in one.params.items()}}
                for one in problem.problems
            ],
        )
    return Reply(data={"promise": made.pk})


def plan(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """He asks for an arrangement, in his words: it stands in the timeline of his case."""
    keep_words(asked, "ask_plan", body.get("text", ""), by=by, now=now)
    return Reply(data={"what": "ask_plan"})


def wishes(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """By which channels, in which hours, and whether others are left alone. Only what differs is written."""
    before = wished(Consent.objects.filter(party_id=asked.party_id).order_by("pk"), now=now)
    common = {"party_id": asked.party_id, "by": by, "now": now}
    for channel in CHANNELS:
        wanted = channel in body["channels"]
        if wanted and channel in before.opted_out:
            compliance.withdraw_consent(kind=OPT_OUT, channel=channel, **common)
        elif not wanted and channel not in before.opted_out:
            compliance.record_consent(kind=OPT_OUT, channel=channel, **common)
    hours = tuple(time.fromisoformat(one) for one in body["hours"]) if body.get("hours") else None
    if hours != before.hours:
        if hours is None:
            compliance.withdraw_consent(kind=HOURS, **common)
        else:
            compliance.record_consent(kind=HOURS, window=(hours[0], hours[1]), **common)
    alone = bool(body.get("no_third_party"))
    if alone != before.no_third_party:
        (compliance.record_consent if alone else compliance.withdraw_consent)(kind=NO_THIRD_PARTY, **common)
    return Reply()


def copy(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """Everything held about him, sealed under the key that his browser's session gave: nobody else can open it."""
    form = body.get("form", "")
    if form not in FORMS:
        return refused("form")
    data = copy_for_person(
        party_id=asked.party_id, form=form, language=asked.party.language,
        reason=f"asked for by himself on his page, request {asked.pk}", by=by, now=now,
    )  # fmt: skip
    return Reply(data={"form": form}, sealed=sealed_for(body["key"], data, asked.pk))
