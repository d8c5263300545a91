"""What an outgoing text says, before it leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.conf import settings

from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.queries.registers import registered
from dunwell.compliance.rules.content import Finding, Outgoing, flags_of, scan
from dunwell.compliance.rules.pack import Pack
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account, Card


def domains(now: datetime) -> tuple[str, ...]:
    """The domains to which a text may link: those on the register, and the bank's own of its mail."""
    return (settings.DEFAULT_FROM_EMAIL.rpartition("@")[2], *(row.domain for row in registered(now)))


def findings(*, text: str, channel: str, now: datetime, party: str = "debtor", party_id: int | None = None,
             purpose: str = "demand", pack: Pack | None = None) -> tuple[Finding, ...]:  # fmt: skip
    """Everything wrong with a text under the pack in force, each with its rule, article and the words found.

    With `party_id` the numbers in it are held against the party's own cards and accounts. It is held to be the first
    message that he gets: any text may be.
    """
    tails = tails_of([party_id])[party_id] if party_id is not None else ()
    outgoing = Outgoing(text, channel, party, purpose, tails, domains(now))
    return scan(outgoing, pack or in_force(business_date(now)))


def scanned(
    *, text: str, channel: str, party: str, purpose: str, tails: tuple[str, ...], pack: Pack, linked: tuple[str, ...],
    first: bool,
) -> dict[str, str]:  # fmt: skip
    """The flags that a text raises; `tails` are the last digits that are his own, `linked` the domains it may link to,
    `first`: nothing of ours has reached him yet."""
    return flags_of(scan(Outgoing(text, channel, party, purpose, tails, linked, first), pack))


def tails_of(party_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The last four digits of each party's accounts and cards, in two queries."""
    owners: dict[str, set[int]] = defaultdict(set)
    for party_id, number in Account.objects.filter(party_id__in=party_ids).values_list("party_id", "account_no"):
        owners[number].add(party_id)
    found: dict[int, set[str]] = {party_id: set() for party_id in party_ids}
    cards = Card.objects.filter(account_no__in=owners).values_list("account_no", "last4")
    for number, last4 in [*((number, number[-4:]) for number in owners), *cards]:
        for party_id in owners[number]:
            found[party_id].add(last4)
    return {party_id: tuple(sorted(tails)) for party_id, tails in found.items()}
