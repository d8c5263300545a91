"""What an outgoing text says, before it leaves."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.rules.content import Finding, Outgoing, flags_of, scan
from dunwell.compliance.rules.pack import Pack
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account, Card


def domains() -> tuple[str, ...]:
    """The domains to which a text may link: those registered with the carrier, else the bank's own of its mail."""
    return tuple(getattr(settings, "LINK_DOMAINS", ())) or (settings.DEFAULT_FROM_EMAIL.rpartition("@")[2],)


def findings(*, text: str, channel: str, now: datetime, party: str = "debtor", party_id: int | None = None,
             purpose: str = "demand", pack: Pack | None = None) -> tuple[Finding, ...]:  # fmt: skip
    """Everything wrong with a text under the pack in force, each with its rule, article and the words found.

    With `party_id` the numbers in it are held against the party's own cards and accounts.
    """
    outgoing = Outgoing(text, channel, party, purpose, _tails(party_id), domains())
    return scan(outgoing, pack or in_force(business_date(now)))


def scanned(*, text: str, channel: str, party: str, purpose: str, party_id: int, pack: Pack) -> dict[str, str]:
    """The flags that a text raises."""
    return flags_of(scan(Outgoing(text, channel, party, purpose, _tails(party_id), domains()), pack))


def _tails(party_id: int | None) -> tuple[str, ...]:
    if party_id is None:
        return ()
    numbers = list(Account.objects.filter(party_id=party_id).values_list("account_no", flat=True))
    cards = Card.objects.filter(account_no__in=numbers).values_list("last4", flat=True)
    return tuple(sorted({number[-4:] for number in numbers} | set(cards)))
