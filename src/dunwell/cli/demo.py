"""Loading the demo's portfolio, and what is printed when it stands."""

from __future__ import annotations

from dunwell.cli.environment import Refused
from dunwell.cli.progress import Shown

WORDS = {"nights": "Taking files in, running the nights"}


def _own_page() -> list[str]:
    """A link that opens the page of one of the demo's cardholders, and what he is asked there."""
    from datetime import UTC, datetime

    from django.conf import settings

    from dunwell.casework.models import Case
    from dunwell.kernel.actor import Actor
    from dunwell.portfolio import services as portfolio
    from dunwell.portfolio.models import PartyIdentity
    from dunwell.selfservice import rules, services

    case = (
        Case.objects.filter(closed_on=None, queue="call", past_due__gt=500, party__identity__id_sealed__isnull=False)
        .order_by("rank", "pk")
        .first()
    )
    if case is None or not settings.CARDHOLDER_URL:
        return []
    made = services.make_link(
        party_id=case.party_id, channel="hand", case_id=case.pk, by=Actor.program("demo"), now=datetime.now(UTC)
    )
    sealed = PartyIdentity.objects.get(pk=case.party_id).id_sealed
    number = portfolio.open_text(party_id=case.party_id, sealed=bytes(sealed))
    return [
        f"A cardholder's own page, once: {made.address}  ({number[-rules.KNOWN_LAST :]} is asked; case {case.case_no})"
    ]


def prepare(*, accounts: int | None) -> list[str]:
    """Load what is not loaded yet, up to yesterday. Answers the lines to print: each role's login, and the last date.

    Refused where the database holds another portfolio than the demo's.
    """
    from dunwell.demo import loading

    try:
        with Shown() as shown:
            loaded = loading.load(
                lambda part, done, of: shown.tell(WORDS[part], done, of), accounts=accounts, worked=True
            )
    except loading.NotTheDemo as error:
        raise Refused(str(error)) from None
    return [
        *_own_page(),
        *(f"{login.role:<14} {login.username:<16} {login.password}" for login in loaded),
        f"The demo's files end with {loading.last_date()}; started on a later day it takes in those of the days between.",
    ]
