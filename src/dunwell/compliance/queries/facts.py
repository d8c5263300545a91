"""Facts for the gate, gathered from the database: two queries, however many contacts are asked about."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Required, TypedDict, Unpack

from dunwell.compliance.models import GateDecision
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.queries.texts import domains, scanned, tails_of
from dunwell.compliance.rules.circumstances import KINDS
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.lost import RULE as LOST
from dunwell.compliance.rules.lost import Criteria, lost_contact
from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.values import DEMAND, Attempt, Event, Facts
from dunwell.engine.statements import Answer, send, together
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date

THIRD_PARTIES = ("third_unrelated", "employer", "spouse_related", "heir")
ROLE_AS_PARTY = {  # the strongest first: who is guarantor and declared contact is a guarantor
    "primary": "debtor",
    "company": "debtor",
    "joint_debtor": "joint_debtor",
    "guarantor": "guarantor",
    "guardian": "guardian",
    "representative": "attorney",
    "supplementary": "supplementary",
    "declared_contact": "third_unrelated",
}
HOLD_AS_FLAG = {
    "dispute": "dispute",
    "hardship": "hardship",
    "illness": "illness",
    "bereavement": "bereavement",
    "disaster": "disaster",
    "death": "death",
    "complaint": "complaint",
    "art70": "art70",
    "fraud": "fraud_txn",
    "incapacity": "incapacity",
    "bankruptcy": "bankruptcy",
    "legal": "court",
    "risk": "risk",
    "representative": "attorney",
    "recalled": "claim",
    "sold": "claim",
    "minor": "incapacity",
    "court": "court",
    "adviser": "adviser",
    "plan": "hold",  # an ordinary plan being performed: demands stop
}
LEGAL_TEAM = "legal"  # a role of identity: before a court the legal team contacts him
PERFORMED = ("art70", "plan")  # holds of plans that are performed
REMINDER = "reminder"
OF_AN_AMOUNT = ("dispute", "fraud")  # holds of a part of what is owed
GUARDED = ("staff", "sensitive")  # opened and contacted by named officers only
REACHED = ("connected_rpc", "sent", "delivered")  # outcomes after which a contact is not the first
POINT_DIGITS = 24  # of a number's keyed hash: enough to tell numbers apart, and no number


class About(TypedDict, total=False):
    """A contact as callers name it: `Asking.about`."""

    party_id: Required[int]
    contact_point_id: Required[int | None]
    channel: Required[str]
    purpose: str
    case_id: int | None
    person_id: int | None
    stated: Mapping[str, str] | None
    account_id: int | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Asking:
    """One contact somebody asks about.

    `stated` are facts only the asker knows (collectors at a visit). `account_id` narrows it to one account: what
    concerns another account only does not stop it. `text` is what would leave, scanned for what it may not say.
    """

    party_id: int
    person_id: int
    contact_point_id: int | None
    channel: str
    purpose: str = DEMAND
    case_id: int | None = None
    stated: Mapping[str, str] = field(default_factory=dict)
    account_id: int | None = None
    text: str | None = None

    @classmethod
    def about(cls, **named: Unpack[About]) -> Asking:
        """The asking for a contact with the party himself, where no other person is named."""
        return cls(**{
            **named, "person_id": named.get("person_id") or named["party_id"], "stated": named.get("stated") or {},
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What was found for one asking."""

    asking: Asking
    entity_id: int
    digest: bytes | None
    facts: Facts
    holds: tuple[int, ...] = ()  # in force for him: a release answers for these and for no later one


@cache
def statement(name: str) -> str:
    return (files("dunwell.compliance") / "sql" / f"{name}.sql").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Askings whose statements are under way."""

    askings: Sequence[Asking]
    now: datetime
    facts: Answer
    ledger: Answer


def gather(
    askings: Sequence[Asking], *, now: datetime, entity_id: int | None, pack: Pack, user_id: int | None = None
) -> list[Known]:
    """The facts of each asking, in their order. A party or person that does not exist raises LookupError."""
    if not askings:
        return []
    with together():
        inquiry = inquire(askings, now=now, entity_id=entity_id, pack=pack, user_id=user_id)
    return known(inquiry, pack=pack)


def inquire(
    askings: Sequence[Asking], *, now: datetime, entity_id: int | None, pack: Pack, user_id: int | None = None
) -> Inquiry:
    """Send what `known` reads: two statements, however many are asked about."""
    return Inquiry(
        askings,
        now,
        facts=send(
            statement("facts"),
            {
                "parties": [asking.party_id for asking in askings],
                "persons": [asking.person_id for asking in askings],
                "points": [asking.contact_point_id for asking in askings],
                "accounts": [asking.account_id for asking in askings],
                "channels": [asking.channel for asking in askings],
                "purposes": [asking.purpose for asking in askings],
                "cases": [asking.case_id for asking in askings],
                "entity": entity_id,
                "user": user_id,
                "now": now,
                "today": business_date(now),
            },
        ),
        ledger=_ledger(
            persons={p for asking in askings for p in (asking.person_id, asking.party_id)},
            points={asking.contact_point_id for asking in askings if asking.contact_point_id is not None},
            third_parties=THIRD_PARTIES,
            since=business_date(now) - timedelta(days=max(pack.longest_count, pack.number(LOST, "days")) + 2),
        ),
    )


def _ledger(*, persons: Collection[int], points: Collection[int], third_parties: Sequence[str], since: date) -> Answer:
    return send(
        statement("ledger"),
        {"persons": sorted(persons), "points": sorted(points), "third_parties": list(third_parties), "since": since},
    )


def known(inquiry: Inquiry, *, pack: Pack) -> list[Known]:
    """The facts of each asking, in their order."""
    askings, now = inquiry.askings, inquiry.now
    found, ledger = inquiry.facts.named(), inquiry.ledger.named()
    if len(found) != len(askings):
        raise LookupError("a party or person that was asked about does not exist")
    said = {asking.party_id for asking in askings if asking.text is not None}
    tails = tails_of(said) if said else {}
    linked = domains(now) if said else ()
    by_person, by_digest = defaultdict(list), defaultdict(list)
    for at, contact in enumerate(ledger):
        by_person[contact["person_id"]].append(at)
        if contact["point_digest"] is not None:
            by_digest[bytes(contact["point_digest"])].append(at)

    def his(asking: Asking, row: dict) -> list[dict]:
        """The ledger's rows of the person, of the debtor and of the number, in its order."""
        mine = {*by_person[asking.person_id], *by_person[asking.party_id]}
        mine |= set(by_digest[bytes(row["point_digest"])]) if row["point_digest"] is not None else set()
        return [ledger[at] for at in sorted(mine)]

    return [
        _known(asking, row, his(asking, row), now, pack, tails, linked)
        for asking, row in zip(askings, found, strict=True)
    ]


def earlier(kept: GateDecision, *, days: int) -> list[Event]:
    """The contacts before those that a decision's facts hold, as they are known now: for rules that count longer."""
    history = kept.facts["history"] or ()
    oldest = min((datetime.fromisoformat(event["at"]) for event in history), default=kept.decided_at)
    found = _ledger(
        persons=[int(kept.facts["attempt"]["person"])],
        points=[] if kept.contact_point_id is None else [kept.contact_point_id],
        third_parties=[],
        since=business_date(kept.decided_at) - timedelta(days=days + 2),
    ).named()
    return [event_of(row) for row in found if row["reserved_at"] < oldest]


def previews(askings: Sequence[Asking], *, now: datetime, entity_id: int | None = None) -> list[Decision]:
    """What the gate would say to each; nothing is written and nothing is reserved."""
    pack = in_force(business_date(now))
    return [
        decide(now=now, pack=pack, attempt=k.facts.attempt, history=k.facts.history, flags=k.facts.flags)
        for k in gather(askings, now=now, entity_id=entity_id, pack=pack)
    ]


def rows(name: str, **values: object) -> list[dict[str, object]]:
    """The rows of a statement of this room, by column."""
    return send(statement(name), values).named()


def _known(
    asking: Asking,
    row: dict,
    ledger: list[dict],
    now: datetime,
    pack: Pack,
    tails: Mapping[int, tuple[str, ...]],
    linked: tuple[str, ...],
) -> Known:
    digest = None if row["point_digest"] is None else bytes(row["point_digest"])
    attempt = Attempt(
        channel=asking.channel,
        actor=row["actor"] or "bank",
        party=party_type(asking, row["roles"], row["circumstances"]),
        person=str(asking.person_id),
        point=digest.hex()[:POINT_DIGITS] if digest else "",
        debt=_debt(asking.case_id, asking.party_id),
        zones=_zones(row),
        purpose=asking.purpose,
        collector=str(row["collector"] or ""),
    )
    history = tuple(
        event_of(e) for e in ledger if e["person_id"] == asking.person_id or _same(e["point_digest"], digest)
    )
    flags = _flags(asking, row, attempt, ledger, now, pack) | dict(asking.stated)
    if "amount_scope" in flags and not _rest(row):
        flags["amount_scope"] = "nothing_left"  # all of it is held, whatever the asker says
    if asking.text is not None:
        flags |= scanned(
            text=asking.text, channel=asking.channel, party=attempt.party, purpose=asking.purpose,
            tails=tails[asking.party_id], pack=pack, first=not _reached(history, asking.person_id), linked=linked,
        )  # fmt: skip
    holds = json.loads(row["holds"])
    released = _released(json.loads(row["released"]), holds, pack)
    if released:
        flags["released"] = ",".join(sorted(released))
    return Known(
        asking=asking, entity_id=row["entity_id"], digest=digest, facts=Facts(attempt, history, flags),
        holds=tuple(sorted(hold["id"] for hold in holds)),
    )  # fmt: skip


def _reached(history: Sequence[Event], person_id: int) -> bool:
    """Whether something of ours has reached the person, as far back as the history goes."""
    return any(e.person == str(person_id) and e.direction == "out" and e.outcome in REACHED for e in history)


def _rest(row: dict) -> bool:
    """Whether something is owed beside the amounts that are disputed or fraudulent."""
    parts = [hold["amount"] for hold in json.loads(row["holds"]) if hold["kind"] in OF_AN_AMOUNT]
    if any(part is None for part in parts):
        return False
    return row["balance"] is None or sum(map(Decimal, parts), Decimal()) < Decimal(row["balance"])


def _released(releases: Sequence[Mapping], holds: Sequence[Mapping], pack: Pack) -> set[str]:
    """The rules that releases in force lift: each only while nothing stands behind it that its decision did not see."""
    found = set()
    for release in releases:
        for rule in release["rules"]:
            read = {gate.flag for gate in pack.gates if gate.rule == rule}
            behind = {hold["id"] for hold in holds if HOLD_AS_FLAG.get(hold["kind"], "hold") in read}
            if behind <= set(release["holds"]):
                found.add(rule)
    return found


def _zones(row: dict) -> tuple[str, ...]:
    """The clocks he may live by: his address's, the number's, the one he stated; none when his own is not known."""
    stated = [wish["value"] for wish in json.loads(row["consents"]) if wish["kind"] == "stated_zone"]
    known = (row["person_zone"], row["point_zone"], *stated)
    return tuple(dict.fromkeys(filter(None, known))) if row["person_zone"] else ()


def party_type(asking: Asking, roles: Sequence[str], circumstances: Sequence[str] = ()) -> str:
    """What the person is to the debt; empty when nothing says so (the gate then answers G-UNKNOWN)."""
    if asking.person_id == asking.party_id:
        return "debtor"
    known = dict(role.split("/", 1) for role in roles)
    party = next((party for role, party in ROLE_AS_PARTY.items() if role in known), "")
    if party in ("", "third_unrelated"):  # a declared contact may have become an heir, or be his employer
        party = next((KINDS[kind].party for kind in KINDS if KINDS[kind].party and kind in circumstances), party)
    return "spouse_related" if party == "third_unrelated" and known["declared_contact"] == "spouse" else party


def _flags(
    asking: Asking, row: dict, attempt: Attempt, ledger: list[dict], now: datetime, pack: Pack
) -> dict[str, str]:
    """Facts by name, as the rule packs read them. Only what is so stands there."""
    flags: dict[str, str] = {"recording": "yes"}  # the bank's telephone system records; a caller may state otherwise
    flags["paid"] = _paid(row)
    if asking.contact_point_id is not None:
        flags["point_source"] = row["point_source"]
        flags["point_status"] = row["point_status"] if row["point_is_his"] else "not_his"
    flags |= {f"list_{name}": "yes" for name in row["lists"]}
    guarded = {name for name in row["lists"] if name in GUARDED}
    if guarded and guarded <= set(row["officer_of"]):
        flags["officer"] = "yes"
    for hold in json.loads(row["holds"]):
        name = HOLD_AS_FLAG.get(hold["kind"], "hold")
        ends = hold["ends_at"]
        if name in flags and (f"{name}_until" not in flags or ends is None):
            flags.pop(f"{name}_until", None)
        elif ends is not None:
            flags[f"{name}_until"] = max(ends, flags.get(f"{name}_until", ends))
        flags[name] = hold["kind"]
        if hold["kind"] in PERFORMED and asking.purpose == REMINDER and flags["paid"] == "yes":
            flags["paid"] = "no"  # an instalment of a plan is still to come, though nothing is past due
    for wish in json.loads(row["consents"]):
        match wish["kind"]:
            case "debtor_window":
                hours = f"{wish['window_from'][:5]}-{wish['window_to'][:5]}"
                flags["debtor_window"] = ",".join(filter(None, (flags.get("debtor_window"), hours)))
            case "night_consent":
                flags["night_consent"] = wish["starts_at"][:10]
            case "stated_zone":
                continue  # a clock, beside his address's and the number's
            case _ if wish["account_id"] not in (None, asking.account_id):
                continue
            case "direct_consent":
                flags["direct_consent"] = wish["starts_at"][:10]
            case "opt_out":
                flags[f"opt_out_{wish['channel']}"] = "yes"
            case kind:
                flags[kind] = "yes"
    for kind in row["circumstances"]:
        if KINDS[kind].flag:
            flags[KINDS[kind].flag] = "yes"
    if row["team"] == LEGAL_TEAM:
        flags["team"] = "legal"
    if attempt.actor == "agency":
        flags["agency_listed"] = row["listed"] or "unknown"
        flags.setdefault("agency_notice", "no")
    if attempt.party in THIRD_PARTIES:
        refused = any(
            e["refused"] and (e["person_id"] == asking.person_id or _same(e["point_digest"], row["point_digest"]))
            for e in ledger
        )
        if (
            refused or "no_third_party" in flags
        ):  # by this person or at this number in whichever case, or the debtor's wish
            flags["tp_refused"] = "yes"
        calls = [
            event_of(e)
            for e in ledger
            if e["person_id"] == asking.party_id and e["party_type"] not in THIRD_PARTIES  # a stranger who rang
        ]
        numbers = dict(number.split("/", 1) for number in row["numbers"])
        zone = row["party_zone"] or "Asia/Shanghai"
        flags["lost_contact"] = lost_contact(now=now, zone=zone, numbers=numbers, calls=calls, test=Criteria.of(pack))
        if "death" in flags or "incapacity" in flags:  # GB/T 45251-2025: then his contacts may be asked too
            flags["lost_contact"] = "deceased" if "death" in flags else "no_capacity"
    return flags


def _paid(row: dict) -> str:
    if row["announced"]:
        return "provisional"
    if not row["accounts_in_work"]:
        return "unknown"
    return "no" if row["accounts_late"] else "yes"


def event_of(row: dict) -> Event:
    """A row of the ledger as the rules count it."""
    digest = row["point_digest"]
    return Event(
        at=row["reserved_at"],
        channel=row["channel"],
        direction=row["direction"],
        actor=row["actor"],
        party=row["party_type"],
        person=str(row["person_id"]),
        point="" if digest is None else bytes(digest).hex()[:POINT_DIGITS],
        outcome=row["outcome"],
        debt=_debt(row["case_id"], row["party_id"]),
        collector=str(row["entity_id"]),
    )


def _debt(case_id: int | None, party_id: int) -> str:
    return f"party-{party_id}" if case_id is None else f"case-{case_id}"


def _same(found: object, digest: bytes | None) -> bool:
    return found is not None and digest is not None and bytes(found) == digest  # type: ignore[call-overload]
