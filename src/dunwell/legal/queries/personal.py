"""What is held about a person and why, and the copy of it that he may ask for (个人信息保护法 Art 45)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.db import connection

from dunwell.arrangements.models import Promise
from dunwell.compliance.models import ListEntry
from dunwell.evidence import retention
from dunwell.legal.queries import proof
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, Correction, Party

RESTRICTED = ListEntry.List.NO_CONTACT
EVER = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Held:
    """One category: how many records, the last day, what for, where from, on which basis, and until when at least."""

    id: str
    name: str
    records: int
    last: date | None
    why: str
    source: str
    basis: str
    rule: str
    until: date | None


@cache
def _categories() -> list[dict[str, Any]]:
    return yaml.safe_load((files("dunwell.legal") / "personal.yaml").read_text(encoding="utf-8"))


@cache
def _statement() -> str:
    return (files("dunwell.legal") / "sql" / "held.sql").read_text(encoding="utf-8")


def held(party: Party, *, language: str, on: date) -> list[Held]:
    """By category, in the order of `personal.yaml`. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"party": party.pk})
        found = {category: (records, last) for category, records, last in cursor.fetchall()}
    periods, word = retention.periods(on), "en" if language == "en" else "zh"
    rows = []
    for one in _categories():
        records, last = found[one["id"]]
        period = periods[one["keeps"]]
        rows.append(
            Held(
                one["id"], one["name"][word], records, last, one["why"][word], one["source"][word], one["basis"],
                period.rule, period.ends(last) if last else None,
            )
        )  # fmt: skip
    return rows


def restrictions(party: Party, *, now: datetime) -> list[ListEntry]:
    """What restricts processing now: entries on the list of whom nobody contacts."""
    entries = ListEntry.objects.filter(party=party, list=RESTRICTED, removal=None).order_by("pk")
    return [one for one in entries if one.ends_at is None or one.ends_at > now]


def copy(party: Party, identity: portfolio.Identity, *, language: str, now: datetime, on: date) -> dict[str, object]:
    """Everything about him in clear, for him alone: as JSON, and as the data of a document."""
    ever = proof.Period(EVER, on)
    accounts = list(Account.objects.filter(party=party).order_by("account_no"))
    promises = Promise.objects.filter(party=party).prefetch_related("parts").order_by("made_on", "pk")
    heard = proof.recordings(contacts := proof.contacts(party, ever))
    return {
        "made_at": now.isoformat(),
        "customer_number": party.party_no,
        "name": identity.name,
        "identity": [identity.id_kind, identity.id_no],
        "held": [asdict(one) for one in held(party, language=language, on=on)],
        "contact_points": [
            {"kind": point.kind, "value": value, "source": point.source, "known_since": point.known_since,
             "status": point.status}
            for point, value in proof.points(party)
        ],
        "accounts": [
            {"account_no": one.account_no, "currency": one.currency, "product": one.product, "opened": one.open_date}
            for one in accounts
        ],
        "payments": [
            {"account_no": one.account.account_no, "on": one.posting_date, "kind": one.kind, "amount": one.amount,
             "currency": one.currency}
            for one in proof.payments(accounts, ever)
        ],
        "promises": [
            {"made_on": one.made_on, "currency": one.currency,
             "parts": [{"due": part.due_date, "amount": part.amount} for part in one.parts.all()]}
            for one in promises
        ],
        "contacts": [
            {"at": one.local_at, "channel": one.channel, "direction": one.direction, "with": one.party_type,
             "by": one.by, "outcome": one.outcome}
            for one in contacts
        ],
        "messages": [
            {"at": one.at, "channel": one.channel, "to": one.to, "text": f"{one.subject} {one.text}".strip()}
            for one in proof.messages_to(party, ever)
        ],
        "recordings": [{"contact": one.contact_id, "seconds": one.seconds, "sha256": one.file.sha256} for one in heard],
        "corrections": [
            {"at": one.recorded_at, "what": one.what, "source": one.source}
            for one in Correction.objects.filter(party=party).order_by("pk")
        ],
    }  # fmt: skip
