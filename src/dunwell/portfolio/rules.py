"""Under what a value is found, how it is masked, and what a party's columns say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dunwell.kernel import masks, numbers, sealing
from dunwell.kernel.numbers import Tables

#: The kinds of identity document that have a number we can check; others are taken as written.
CHECKED_ID_KINDS = {"resident_id": "resident_id", "uscc": "uscc", "": "resident_id"}
#: What an account's balance is made of, by kind: the host's columns. What is owed is all of them less a credit balance.
PRINCIPAL = ("principal_retail", "principal_cash")
IN_INSTALMENTS = ("principal_instalment_billed", "principal_instalment_unbilled")
INTEREST = ("interest_on_balance", "interest_off_balance")
FEES = ("late_charge", "other_fees")
COMPONENTS = (*PRINCIPAL, *IN_INSTALMENTS, *INTEREST, *FEES)
LANGUAGES = {"": "zh-hans", "zh": "zh-hans", "zh-cn": "zh-hans", "zh_cn": "zh-hans", "zh-hans": "zh-hans", "en": "en"}


@dataclass(frozen=True, slots=True)
class Term:
    """One way in which what somebody typed may be meant: a kind of value and the value in its one way of writing."""

    kind: str  # mobile, landline, email, id, card, last4, account_no, party_no, name
    value: str


@dataclass(frozen=True, slots=True)
class Point:
    """A contact point as it is kept: one way of writing, masked, with the zone of its area where known."""

    value: str
    masked: str
    timezone: str


def digest(keys: Mapping[int, bytes], kind: str, value: str) -> tuple[bytes, int]:
    """The keyed hash of a normalised value under the key in force, and that key's version."""
    version = max(keys)
    return sealing.digest(keys[version], f"{kind}:{value}"), version


def digests(keys: Mapping[int, bytes], kind: str, value: str) -> list[bytes]:
    """The keyed hashes of a value under every version: what a search compares with."""
    return [sealing.digest(key, f"{kind}:{value}") for key in keys.values()]


def token(keys: Mapping[int, bytes], card_no: str) -> str:
    """The name a card goes by in our tables and lake: always under the first key, so that it never changes."""
    return sealing.token(keys[min(keys)], "card", card_no)


def whole_name(name: str) -> str:
    """A name as it is searched: full-width made half-width, small letters, single blanks."""
    return " ".join(numbers.narrow(name).casefold().split())


def identity_number(id_kind: str, id_no: str, tables: Tables) -> str:
    """An identity number in its one way of writing."""
    if not id_no:
        return ""
    kind = CHECKED_ID_KINDS.get(id_kind)
    return numbers.check(kind, id_no, tables).normalised if kind else numbers.narrow(id_no).upper()


def point(kind: str, value: str, tables: Tables) -> Point:
    """A contact point's value normalised and masked."""
    checked = numbers.check(kind, value, tables)
    return Point(
        value=checked.normalised,
        masked=masks.mask(kind, checked.normalised)[:80],
        timezone=checked.place.timezone if checked.place else "",
    )


def terms(text: str, tables: Tables) -> list[Term]:
    """All ways in which a search text may be meant, the surest first. An empty text means nothing."""
    text = numbers.narrow(text)
    if not text:
        return []
    found = []
    for kind in ("mobile", "resident_id", "uscc", "card", "email", "landline"):
        checked = numbers.check(kind, text, tables)
        if checked.valid:
            found.append(Term("id" if kind in ("resident_id", "uscc") else kind, checked.normalised))
    if len(text) == 4 and text.isdecimal():
        found.append(Term("last4", text))
    if not any(character.isspace() for character in text) and len(text) <= 40:
        found += [Term("account_no", text), Term("party_no", text)]
    if not text.isdecimal():
        found.append(Term("name", whole_name(text)))
    return found
