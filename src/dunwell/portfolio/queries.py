"""Reading people and their accounts: masked, by whole values only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from dunwell.portfolio import reference, rules
from dunwell.portfolio.models import Account, AccountRole, Card, ContactPoint, Party, PartyIdentity, SearchKey
from dunwell.portfolio.services.people import open_many

MOST = 50  # rows that a search answers


@dataclass(frozen=True, slots=True)
class Found:
    """A party that a search found, masked; `by` says by which kind of value (a Term's kind)."""

    party_id: int
    party_no: str
    name_masked: str
    id_masked: str
    by: str
    account_nos: tuple[str, ...]


def digests(kind: str, value: str) -> list[bytes]:
    """The keyed hashes, under every key version, of a normalised value (`mobile`, `id`, `card`, `name` …)."""
    return rules.digests(settings.KEYS.search(), kind, value)


def _parties_of(term: rules.Term, entity_id: int) -> QuerySet[Party]:
    parties = Party.objects.filter(entity_id=entity_id)
    kind, value = term.kind, term.value
    if kind in ("mobile", "landline", "email"):
        points = ContactPoint.objects.filter(kind=kind, digest__in=digests(kind, value))
        return parties.filter(pk__in=points.values("party_id"))
    if kind in ("id", "name"):
        keys = SearchKey.objects.filter(kind=kind, digest__in=digests(kind, value))
        return parties.filter(pk__in=keys.values("party_id"))
    if kind == "party_no":
        return parties.filter(party_no=value)
    if kind == "account_no":
        account_nos: object = [value]
    else:
        cards = Card.objects.filter(entity_id=entity_id)
        cards = cards.filter(last4=value) if kind == "last4" else cards.filter(digest__in=digests("card", value))
        account_nos = cards.values("account_no")
    roles = AccountRole.objects.filter(
        account_no__in=account_nos, role__in=(AccountRole.Role.PRIMARY, AccountRole.Role.SUPPLEMENTARY)
    )
    return parties.filter(pk__in=roles.values("party_id"))


def find_parties(text: str, *, entity_id: int) -> list[Found]:
    """Parties by exactly what was typed, at most 50, masked, in order of customer number.

    A mobile number, landline, e-mail, identity number, card, last four digits, account number, customer number or
    whole name. Callers that show the answer to a person use `services.search`, which logs it.
    """
    found: dict[int, tuple[Party, str]] = {}
    for term in rules.terms(text, reference.tables()):
        for party in _parties_of(term, entity_id).order_by("party_no")[: MOST - len(found)]:
            found.setdefault(party.pk, (party, term.kind))
        if len(found) >= MOST:
            break
    account_nos: dict[int, list[str]] = defaultdict(list)
    for party_id, account_no in AccountRole.objects.filter(party_id__in=found).values_list("party_id", "account_no"):
        account_nos[party_id].append(account_no)
    return [
        Found(
            party_id=party.pk,
            party_no=party.party_no,
            name_masked=party.name_masked,
            id_masked=party.id_masked,
            by=by,
            account_nos=tuple(sorted(set(account_nos[party.pk]))),
        )
        for party, by in found.values()
    ]


def names(party_ids: Iterable[int]) -> Mapping[int, str]:
    """Names in clear for those who work on the parties' cases, with two queries. Erased parties are left out.

    The page that shows them logs `party.viewed`.
    """
    sealed = list(
        PartyIdentity.objects.filter(party_id__in=set(party_ids), party__key__isnull=False).values_list(
            "party_id", "name_sealed"
        )
    )
    opened = open_many(items=sealed)
    return {party_id: name for (party_id, _), name in zip(sealed, opened, strict=True)}


def accounts_of(party_id: int) -> QuerySet[Account]:
    """The accounts on which the party is the primary cardholder, in order of number."""
    return Account.objects.filter(party_id=party_id).order_by("account_no")


def people_of(account_nos: Iterable[str], *, entity_id: int) -> QuerySet[AccountRole]:
    """Who stands at the accounts, and as what, with each one's party; one query."""
    return (
        AccountRole.objects.filter(account_no__in=list(account_nos), party__entity_id=entity_id)
        .select_related("party")
        .order_by("account_no", "role", "party__party_no")
    )
