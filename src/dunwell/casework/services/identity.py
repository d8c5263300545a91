"""Checking the identity of somebody who is on the line, and what may be said to him by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dunwell.casework.models import Case, IdentityCheck
from dunwell.casework.rules import identity as rules
from dunwell.casework.rules.identity import Question
from dunwell.compliance.models import Contact, Hold
from dunwell.compliance.rules.purposes import OUTSIDE
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, Card, ContactPoint, PartyIdentity

QUESTIONS, CALLER = "questions", "caller"
_OWN_SOURCES = ("contract", "left_by_debtor")


class CheckRefused(Exception):
    """Why no check can be made: `locked` (with until when), `too_little` on file, `outside`, `recorded`, `changed`."""

    def __init__(self, code: str, until: datetime | None = None) -> None:
        super().__init__(code)
        self.code, self.until = code, until


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the identity check of a contact stands. `questions` is empty when it has passed or cannot be made."""

    passed: bool
    level: str
    questions: tuple[Question, ...]
    failures: int  # in this contact
    refusal: str = ""  # a code of CheckRefused
    until: datetime | None = None


def passed(contact_id: int) -> bool:
    """Whether he was identified in this contact: by the facts alone."""
    return IdentityCheck.objects.filter(contact_id=contact_id, passed=True).exists()


def standing(*, contact: Contact, now: datetime) -> Standing:
    """What to ask him now, or why nothing can be asked. The same questions until an answer was given."""
    if contact.party_type in OUTSIDE:
        return Standing(False, "", (), 0, "outside")
    checks = list(IdentityCheck.objects.filter(party_id=contact.party_id).order_by("recorded_at"))
    mine = [one for one in checks if one.contact_id == contact.pk]
    if any(one.passed for one in mine):
        return Standing(True, mine[-1].level, (), 0)
    policy = rules.policy(business_date(now))
    failed = [one.recorded_at for one in checks if not one.passed]
    until = rules.locked_until(failed, now, policy)
    if until is not None:
        return Standing(False, "", (), len(mine), "locked", until)
    known, fresh = on_file(contact=contact, now=now)
    level = rules.level(
        rules.Risk(
            incoming=contact.direction == "in",
            own_point=_own(contact),
            fresh_point=fresh,
            failed_lately=any(now - at <= policy.failed for at in failed if at < contact.reserved_at),
            identity_disputed=Hold.objects.filter(party_id=contact.party_id, kind="fraud", lift=None).exists(),
        )
    )
    asked = rules.chosen(
        on_file=known, shown=_shown(contact, now, policy), level=level, seed=f"{contact.pk}/{len(mine)}", policy=policy
    )  # fmt: skip
    return Standing(False, level, asked, len(mine), "" if asked else "too_little")


@transaction.atomic
def check(
    *, case_id: int, contact_id: int, answers: Mapping[str, str], by: Actor, now: datetime, key: str
) -> IdentityCheck:
    """Compare what he said with what is on file, and keep whether he passed. The same key again answers the same.

    `answers` are by question code; they must be those that `standing` puts (`changed` when it puts others by now).
    """
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)  # two answers at once are one after the other
    kept = IdentityCheck.objects.filter(key=key).first()
    if kept is not None:
        return kept
    contact = Contact.objects.select_related("contact_point").get(pk=contact_id, party_id=case.party_id)
    stands = _open(contact, now)
    if {question.code for question in stands.questions} != set(answers):
        raise CheckRefused("changed")
    known, _ = on_file(contact=contact, now=now)
    judged = {one.code: rules.right(one, known[one.code], answers[one.code]) for one in stands.questions}
    ok = rules.passed(judged, stands.questions)
    return _keep(case, contact, QUESTIONS, stands.level, judged, passed=ok, by=by, now=now, key=key)


@transaction.atomic
def vouch(*, case_id: int, contact_id: int, by: Actor, now: datetime, key: str) -> IdentityCheck:
    """The bank's other system (a soft-phone, its own app) identified him; CheckRefused while nobody can pass."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    contact = Contact.objects.select_related("contact_point").get(pk=contact_id, party_id=case.party_id)
    known = IdentityCheck.objects.filter(contact=contact, passed=True).first()
    if known is not None:
        return known
    if contact.party_type in OUTSIDE:
        raise CheckRefused("outside")
    stands = standing(contact=contact, now=now)
    if stands.refusal == "locked":
        raise CheckRefused("locked", stands.until)
    return _keep(case, contact, CALLER, "", {}, passed=True, by=by, now=now, key=key)


def _open(contact: Contact, now: datetime) -> Standing:
    if contact.outcomes.exists():
        raise CheckRefused("recorded")
    stands = standing(contact=contact, now=now)
    if stands.passed or stands.refusal:
        raise CheckRefused(stands.refusal or "recorded", stands.until)
    return stands


def _keep(
    case: Case,
    contact: Contact,
    method: str,
    level: str,
    judged: Mapping[str, bool],
    *,
    passed: bool,
    by: Actor,
    now: datetime,
    key: str,
) -> IdentityCheck:
    row = IdentityCheck.objects.create(
        party_id=case.party_id, contact=contact, method=method, level=level, asked=dict(judged), passed=passed,
        recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="identity.passed" if passed else "identity.failed", now=now, by=by, entity_id=case.entity_id,
        party_id=case.party_id, case_id=case.pk,
        data={"check": row.pk, "contact": contact.pk, "method": method, "level": level, "asked": sorted(judged)},
        rows=[row],
    )  # fmt: skip
    return row


def _own(contact: Contact) -> bool:
    point = contact.contact_point
    return point is not None and point.party_id == contact.party_id and point.source in _OWN_SOURCES


def on_file(*, contact: Contact, now: datetime) -> tuple[dict[str, tuple[str, ...]], bool]:
    """The right answers by question, and whether a number of his came here only lately.

    Read by the program, for the comparison alone; nobody is shown them.
    """
    party = contact.party_id
    identity = PartyIdentity.objects.filter(pk=party).first()
    points = list(
        ContactPoint.objects.filter(party_id=party, kind__in=("address", "mobile"))
        .exclude(status="invalid")
        .order_by("id")
    )
    today = business_date(now)
    fresh = any(
        p.known_since and today - p.known_since < rules.policy(today).fresh_point for p in points if _is(contact, p)
    )
    home = next((point for point in points if point.kind == "address"), None)
    other = next((p for p in points if p.kind == "mobile" and not _is(contact, p)), None)
    sealed: list[tuple[str, bytes]] = []
    if identity is not None and identity.id_sealed:
        sealed.append(("id", identity.id_sealed))
    sealed += [
        (name, point.value_sealed) for name, point in (("address", home), ("mobile", other)) if point is not None
    ]
    try:
        texts = portfolio.open_many(items=[(party, value) for _, value in sealed]) if sealed else []
    except portfolio.Erased:
        texts = []
    opened = dict(zip((name for name, _ in sealed), texts, strict=False))
    found: dict[str, tuple[str, ...]] = {}
    number = opened.get("id", "")
    if len(number) >= 4:
        found["id_last4"] = (number[-4:],)
    if identity is not None and identity.id_kind in ("", "resident_id") and len(number) == 18:
        found |= {"birth_year": (number[6:10],), "birth_day": (number[10:14],)}
    if any(letter.isdigit() for letter in opened.get("address", "")):
        found["address"] = (opened["address"],)
    if "mobile" in opened:
        found["other_mobile"] = (opened["mobile"][-4:],)
    accounts = list(Account.objects.filter(party_id=party).order_by("account_no"))
    if accounts:
        found["cycle_day"] = tuple(f"{one.cycle_day:02}" for one in accounts)
        opened_on = tuple(f"{one.open_date:%Y%m}" for one in accounts if one.open_date is not None)
        cards = Card.objects.filter(
            entity_id=accounts[0].entity_id, account_no__in=[one.account_no for one in accounts], status="active"
        )
        last4 = tuple(cards.order_by("id").values_list("last4", flat=True))
        found |= {code: values for code, values in (("opened_on", opened_on), ("card_last4", last4)) if values}
    return found, fresh


def _is(contact: Contact, point: ContactPoint) -> bool:
    return contact.contact_point_id == point.pk


def _shown(contact: Contact, now: datetime, policy: rules.Policy) -> set[str]:
    """What of him was shown or sent just now: whoever saw it can answer from the screen."""
    recent = Log.objects.filter(
        party_id=contact.party_id, recorded_at__gte=now - policy.shown, kind__in=("party.revealed", "message.sent")
    ).exclude(data__reason="dial")
    return {
        "message" if kind == "message.sent" else str(data.get("what", ""))
        for kind, data in recent.values_list("kind", "data")
    }
