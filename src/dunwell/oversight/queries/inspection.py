"""What an inspector asks for of a period: contacts by chance with their recordings, what broke a rule, and who looked."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from dunwell.channels.models import RecordingMatch
from dunwell.compliance.models import Contact, ContactOutcome, ListEntry, ListRemoval, Release
from dunwell.compliance.queries import breaches
from dunwell.compliance.queries.facts import THIRD_PARTIES
from dunwell.compliance.rules.values import NOTHING_LEFT
from dunwell.evidence.models import Log
from dunwell.identity.models import User
from dunwell.kernel.times import BANK_ZONE, end_of, local
from dunwell.legal.models import DestructionAnswer
from dunwell.portfolio.models import Party

SAMPLE = 50
COLUMNS = (
    "section", "at", "number", "party_no", "party_type", "channel", "contact_point", "by", "approved_by", "outcome", "rule",
    "detail", "recordings",
)  # fmt: skip
SECTIONS = ("sample", "breaches", "third_parties", "releases", "looks", "lists", "destructions")
LOOKS = (  # kinds of the log by which people's data were seen or taken away
    "party.revealed", "party.copied", "bundle.made", "bundle.read", "paper.read", "recording.played", "letter.read",
    "report.exported", "list.exported", "export.alarm",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the report; `at` is the bank's clock but for contacts, whose hour is the debtor's."""

    section: str
    at: datetime | None = None
    number: str = ""
    party_no: str = ""
    party_type: str = ""
    channel: str = ""
    contact_point: str = ""
    by: str = ""
    approved_by: str = ""
    outcome: str = ""
    rule: str = ""
    detail: str = ""
    recordings: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """The bank's days, both included, of one entity's debtors."""

    first: date
    last: date
    entity_id: int

    @property
    def moments(self) -> tuple[datetime, datetime]:
        return datetime.combine(self.first, time(0), BANK_ZONE), end_of(self.last)


def inspection(period: Period, *, seed: str, size: int = SAMPLE) -> list[Line]:
    """All sections in order. The same seed draws the same contacts; a section without rows says `none`."""
    found: list[Line] = []
    for name, lines in (
        ("sample", _sample(period, seed, size)),
        ("breaches", _breaches(period)),
        ("third_parties", _third_parties(period)),
        ("releases", _releases(period)),
        ("looks", _looks(period)),
        ("lists", _lists(period)),
        ("destructions", _destructions(period)),
    ):
        rows = list(lines)
        found += rows or [Line(name, detail="none")]
    return found


def _contacts(period: Period) -> QuerySet[Contact]:
    begin, end = period.moments
    last = ContactOutcome.objects.filter(contact=OuterRef("pk")).order_by("-id").values("outcome")[:1]
    return (
        Contact.objects.filter(party__entity_id=period.entity_id, reserved_at__gte=begin, reserved_at__lt=end)
        .annotate(last_outcome=Subquery(last))
        .filter(Q(last_outcome=None) | ~Q(last_outcome=NOTHING_LEFT))
    )


def _sample(period: Period, seed: str, size: int) -> Iterator[Line]:
    numbers = list(_contacts(period).order_by("pk").values_list("pk", flat=True))
    chosen = sorted(random.Random(seed).sample(numbers, min(size, len(numbers))))
    yield from _of_contacts("sample", _contacts(period).filter(pk__in=chosen), detail=f"{len(chosen)}/{len(numbers)}")


def _breaches(period: Period) -> Iterator[Line]:
    broken = {one.contact_id: one.rules for one in breaches.of_period(first=period.first, last=period.last)}
    yield from _of_contacts("breaches", _contacts(period).filter(pk__in=broken), rules=broken)
    for row in _log(period, ("gate.breached",)):
        yield Line(
            "breaches", at=row.recorded_at.astimezone(BANK_ZONE), number=str(row.data.get("contact", "")), by=row.actor,
            rule="expired", detail=f"{row.data.get('began', '')} > {row.data.get('expired', '')}",
        )  # fmt: skip


def _third_parties(period: Period) -> Iterator[Line]:
    reached = _contacts(period).filter(direction="out", party_type__in=THIRD_PARTIES).select_related("decision")
    proofs = {
        one.pk: one.decision.facts["flags"].get("lost_contact", "none") if one.decision else "none" for one in reached
    }
    yield from _of_contacts("third_parties", reached, proofs=proofs)


def _of_contacts(
    section: str,
    contacts: QuerySet[Contact],
    *,
    detail: str = "",
    rules: Mapping[int, Sequence[str]] | None = None,
    proofs: Mapping[int, str] | None = None,
) -> Iterator[Line]:
    found = list(contacts.select_related("party", "person", "contact_point", "decision").order_by("reserved_at", "pk"))
    staff, sounds = _staff(one.by_id for one in found), _recordings([one.pk for one in found])
    for one in found:
        answered = one.decision
        yield Line(
            section,
            at=local(one.reserved_at, one.person.timezone or BANK_ZONE.key),
            number=str(one.pk),
            party_no=one.party.party_no,
            party_type=one.party_type,
            channel=one.channel,
            contact_point=one.contact_point.masked if one.contact_point else "",
            by=staff.get(one.by_id, ""),
            outcome=one.last_outcome or "pending",
            rule=" ".join(rules[one.pk]) if rules else answered.primary_rule if answered else "",
            detail=proofs[one.pk] if proofs else detail or (answered.pack_version if answered else ""),
            recordings=" ".join(sounds.get(one.pk, ())),
        )


def _recordings(contacts: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for contact, recording in RecordingMatch.objects.filter(contact__in=contacts).values_list(
        "contact_id", "recording_id"
    ):
        found.setdefault(contact, []).append(str(recording))
    return found


def _staff(users: Iterable[int | None]) -> dict[int | None, str]:
    return dict(User.objects.filter(pk__in={one for one in users if one}).values_list("pk", "staff_no"))


def _releases(period: Period) -> Iterator[Line]:
    begin, end = period.moments
    found = list(
        Release.objects.filter(party__entity_id=period.entity_id, recorded_at__gte=begin, recorded_at__lt=end)
        .select_related("party")
        .order_by("recorded_at", "pk")
    )
    staff = _staff(one.recorded_by for one in found)
    for one in found:
        yield Line(
            "releases", at=one.recorded_at.astimezone(BANK_ZONE), number=str(one.pk), party_no=one.party.party_no,
            channel=one.channel, by=staff.get(one.recorded_by, ""), rule=" ".join(one.rules), detail=one.reason,
        )  # fmt: skip


def _log(period: Period, kinds: Sequence[str]) -> QuerySet[Log]:
    begin, end = period.moments
    return Log.objects.filter(
        Q(entity_id=period.entity_id) | Q(entity_id=None), kind__in=kinds, recorded_at__gte=begin, recorded_at__lt=end
    ).order_by("id")


def _looks(period: Period) -> Iterator[Line]:
    found = list(_log(period, LOOKS))
    numbers = dict(Party.objects.filter(pk__in={row.party_id for row in found}).values_list("pk", "party_no"))
    for row in found:
        said = row.data
        yield Line(
            "looks", at=row.recorded_at.astimezone(BANK_ZONE), number=str(row.pk), party_no=numbers.get(row.party_id, ""),
            contact_point=str(said.get("masked", "")), by=row.actor, outcome=row.kind,
            rule=str(said.get("rule", "")), detail=str(said.get("reason") or said.get("name") or said.get("list") or ""),
            recordings=str(said.get("recording", "")),
        )  # fmt: skip


def _lists(period: Period) -> Iterator[Line]:
    begin, end = period.moments
    added = list(
        ListEntry.objects.filter(Q(party=None) | Q(party__entity_id=period.entity_id), recorded_at__gte=begin,
                                 recorded_at__lt=end).select_related("party", "approval")
    )  # fmt: skip
    removed = list(
        ListRemoval.objects.filter(Q(entry__party=None) | Q(entry__party__entity_id=period.entity_id),
                                   recorded_at__gte=begin, recorded_at__lt=end).select_related("entry__party")
    )  # fmt: skip
    approved = [one.approval.recorded_by for one in added if hasattr(one, "approval")]
    staff = _staff([*(one.recorded_by for one in (*added, *removed)), *approved])
    lines = [
        Line(
            "lists", at=one.recorded_at.astimezone(BANK_ZONE), number=str(one.pk),
            party_no=one.party.party_no if one.party else "", by=staff.get(one.recorded_by, ""), outcome="added",
            rule=one.list, detail=one.reason,
            approved_by=staff.get(one.approval.recorded_by, "") if hasattr(one, "approval") else "",
        )
        for one in added
    ]  # fmt: skip
    lines += [
        Line(
            "lists", at=one.recorded_at.astimezone(BANK_ZONE), number=str(one.entry_id),
            party_no=one.entry.party.party_no if one.entry.party else "", by=staff.get(one.recorded_by, ""),
            outcome="removed", rule=one.entry.list, detail=one.reason,
        )
        for one in removed
    ]  # fmt: skip
    yield from sorted(lines, key=lambda line: (line.at, line.number))


def _destructions(period: Period) -> Iterator[Line]:
    """Each decision on records past their period: the protocol's number, who proposed and who approved, how many of how
    many are destroyed."""
    begin, end = period.moments
    found = list(
        DestructionAnswer.objects.filter(entity_id=period.entity_id, recorded_at__gte=begin, recorded_at__lt=end)
        .select_related("destruction")
        .annotate(
            items=Count("destruction__items"),
            gone=Count("destruction__items__outcome", filter=Q(destruction__items__outcome__kept_because="")),
        )
        .order_by("recorded_at", "pk")
    )
    staff = _staff(who for one in found for who in (one.recorded_by, one.destruction.recorded_by))
    for one in found:
        yield Line(
            "destructions", at=one.recorded_at.astimezone(BANK_ZONE), number=str(one.number or ""),
            by=staff.get(one.destruction.recorded_by, ""), approved_by=staff.get(one.recorded_by, ""),
            outcome=f"destruction.{'refused' if one.number is None else 'approved'}", rule=one.destruction.kind,
            detail=f"{one.gone}/{one.items} {one.destruction.reason}",
        )  # fmt: skip
