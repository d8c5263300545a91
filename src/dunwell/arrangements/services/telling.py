"""Telling somebody of what he agreed to: by the first text that can carry it. The gate decides when it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from dunwell.channels import services as channels
from dunwell.channels.lines import connected
from dunwell.channels.rules import TextError
from dunwell.channels.services.queueing import POINT_KINDS
from dunwell.channels.services.texts import template_for
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account, Card, ContactPoint, Party

AFTER = timedelta(seconds=1)  # it waits as a planned message does: refused for the hour, it leaves when they begin


def tell(
    party: Party,
    texts: Sequence[str],
    *,
    said: Mapping[str, str],
    key: str,
    by: Actor,
    now: datetime,
    account_id: int | None = None,
    case_id: int | None = None,
    payer: Party | None = None,
) -> int | None:
    """The number of the message, queued once a key; None where no text is in force or can be filled, or none can reach him.

    With a `payer` it goes to him, who promised beside the party, and to nobody else.
    """
    to = payer or party
    for code in texts:
        try:
            template = template_for(code, to.language, business_date(now))
            point = ContactPoint.objects.filter(
                party=to, kind__in=POINT_KINDS[template.channel], status=ContactPoint.Status.VALID
            ).order_by("id")
            chosen = point.first() if connected(template.channel) else None
            if chosen is None:
                continue
            message = channels.queue_message(
                party_id=party.pk, contact_point_id=chosen.pk, template_code=code, account_id=account_id, case_id=case_id,
                not_before=now + AFTER, said=said, by=by, now=now, key=key, person_id=to.pk,
            )  # fmt: skip
        except TextError:
            continue
        return message.pk
    return None


def figures(accounts: Sequence[Account], amounts: Mapping[str, Decimal], *, due_date: date, on: date) -> dict[str, str]:
    """What a text says of an agreement: amounts by currency, its date, the cards of the accounts that it is about."""
    told = {
        "amount": ", ".join(f"{currency} {amount:,.2f}" for currency, amount in amounts.items()),
        "due_date": due_date.isoformat(), "as_of": on.isoformat(),
    }  # fmt: skip
    tails = []
    for account in accounts:
        cards = Card.objects.filter(account_no=account.account_no, entity_id=account.entity_id)
        card = cards.order_by("kind", "-id").first()
        tails.append(card.last4 if card else account.account_no[-4:])
    return told | ({"last4": ", ".join(tails)} if tails else {})
