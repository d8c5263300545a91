"""Promises, written and taken back. What became of one is judged by payments alone, in sql/settle_promises.sql."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from dunwell.arrangements.models import Promise, PromisePart, PromiseWithdrawal
from dunwell.arrangements.queries import promises as queries
from dunwell.arrangements.rules.promises import Part, Problem, PromiseRefused
from dunwell.evidence import services as evidence
from dunwell.kernel import times
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party


@transaction.atomic
def make_promise(
    *,
    party_id: int,
    parts: Sequence[Part],
    by: Actor,
    now: datetime,
    key: str,
    currency: str = "CNY",
    case_id: int | None = None,
    contact_id: int | None = None,
) -> Promise:
    """Write a promise to pay: amounts in `currency`, each by a date, some perhaps by a joint payer (`Part.payer`). The same
    key again answers the same promise.

    PromiseRefused with everything that is wrong: the policy of the day, or another promise that is still open.
    """
    party = Party.objects.select_for_update(no_key=True).get(pk=party_id)
    known = Promise.objects.filter(key=key).first()
    if known is not None:
        return known
    parts = [Part(day, amount, *(payer for payer in rest if payer != party_id)) for day, amount, *rest in parts]
    problems = queries.problems_with(parts=parts, party_id=party_id, currency=currency, now=now)
    if problems:
        raise PromiseRefused(problems)
    promise = Promise.objects.create(
        entity_id=party.entity_id,
        party=party,
        case_id=case_id,
        currency=currency,
        contact_id=contact_id,
        made_on=times.business_date(now),
        recorded_at=now,
        recorded_by=by.user_id,
        key=key,
    )
    made = PromisePart.objects.bulk_create(
        PromisePart(promise=promise, position=position, due_date=part.day, amount=part.amount, payer_id=part.payer)
        for position, part in enumerate(parts, start=1)
    )
    joint = any(part.payer is not None for part in parts)
    beside = {one.party_id: one for one in (queries.payers(party_id=party_id, on=promise.made_on) if joint else ())}
    evidence.write(
        kind="promise.made",
        now=now,
        by=by,
        entity_id=party.entity_id,
        party_id=party_id,
        case_id=case_id,
        data={
            "promise": promise.pk,
            "currency": currency,
            "parts": [_told(part, beside) for part in parts],
            "contact": contact_id,
        },
        rows=[promise, *made],
    )
    portfolio.touch(party_id=party_id, now=now)
    return promise


def _told(part: Part, beside: Mapping[int, queries.Payer]) -> dict[str, object]:
    said: dict[str, object] = {"due_date": part.day.isoformat(), "amount": str(part.amount)}
    if part.payer is None:
        return said
    payer = beside[part.payer]
    return said | {"payer": payer.party_id, "payer_name": payer.name_masked, "payer_role": payer.role}


@transaction.atomic
def withdraw(*, promise_id: int, reason: str, by: Actor, now: datetime) -> PromiseWithdrawal:
    """Take a promise back (made by mistake, or replaced by another). The first withdrawal stands.

    What payments have judged in all its parts cannot be taken back: PromiseRefused with `judged`.
    """
    promise = Promise.objects.get(pk=promise_id)
    Party.objects.select_for_update(no_key=True).get(pk=promise.party_id)
    withdrawn = PromiseWithdrawal.objects.filter(promise=promise).exists()
    if not withdrawn and not promise.parts.filter(state=Promise.State.OPEN).exists():
        raise PromiseRefused([Problem("judged")])
    taken_back, created = PromiseWithdrawal.objects.get_or_create(
        promise=promise, defaults={"reason": reason[:200], "recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        evidence.write(
            kind="promise.withdrawn",
            now=now,
            by=by,
            entity_id=promise.entity_id,
            party_id=promise.party_id,
            case_id=promise.case_id,
            data={"promise": promise.pk, "reason": reason[:200]},
            rows=[taken_back],
        )
        portfolio.touch(party_id=promise.party_id, now=now)
    return taken_back
