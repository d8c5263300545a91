"""Which records are past their period, and what forbids to destroy them all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, TruncDate

from dunwell.casework.models import Case
from dunwell.casework.queries import keeping
from dunwell.casework.queries.keeping import Obstacle
from dunwell.casework.services.forgetting import at_least
from dunwell.channels.models import Letter, Message, Recording
from dunwell.compliance.models import Contact
from dunwell.compliance.queries import in_force
from dunwell.evidence import retention
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.kernel.times import BANK_ZONE, business_date
from dunwell.legal.models import Bundle, DestructionItem, Paper
from dunwell.legal.rules import papers
from dunwell.portfolio.models import Party

Periods = Mapping[str, retention.Period]
CLAIM = "claim_evidence"
FINAL = ("sent", "delivered", "undelivered", "refused", "failed", "in_doubt", "cancelled")
MOST = 200  # records of a page


@dataclass(frozen=True, slots=True)
class Found:
    """A record whose own period has ended."""

    model: str
    row: int
    party_id: int | None
    file_id: int | None
    about: str  # no personal data in clear
    day: date
    sha256: str  # of the file; empty where it is of something sealed, and is computed when it is proposed


@dataclass(frozen=True, slots=True)
class Due:
    """A record past its period: until when it had to be kept, by which rule, and what forbids to destroy it yet."""

    found: Found
    kept_until: date
    rule: str
    confidence: str
    obstacles: Sequence[Obstacle]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record by its period in evidence/retention.yaml; `proves` a claim: kept while the person owes, and after."""

    id: str
    rows: Callable[[int, date], QuerySet]
    model: str
    columns: Mapping[str, str]
    proves: bool = True


def _before(last: date) -> datetime:
    return datetime.combine(last + timedelta(days=1), time(0), BANK_ZONE)


def _day(column: str) -> TruncDate:
    return TruncDate(column, tzinfo=BANK_ZONE)


def _recordings(entity_id: int, last: date) -> QuerySet:
    return Recording.objects.filter(
        entity_id=entity_id, file__destroyed_under=None, started_at__lt=_before(last)
    ).annotate(day=_day("started_at"))


def _messages(entity_id: int, last: date) -> QuerySet:
    left = Message.objects.filter(
        entity_id=entity_id, state__in=FINAL, recorded_at__lt=_before(last), party__tombstone=None
    )
    return left.exclude(text_sealed=b"").annotate(day=_day("recorded_at"))


def _letters(entity_id: int, last: date) -> QuerySet:
    return Letter.objects.filter(
        message__entity_id=entity_id, file__destroyed_under=None, recorded_at__lt=_before(last)
    ).annotate(day=_day("recorded_at"))


def _papers(kept: str) -> Callable[[int, date], QuerySet]:
    ids = [kind.id for kind in papers.kinds().values() if kind.kept == kept]

    def rows(entity_id: int, last: date) -> QuerySet:
        return Paper.objects.filter(entity_id=entity_id, kind__in=ids, file__destroyed_under=None).annotate(
            day=Coalesce("in_force_to", _day("recorded_at"))
        ).filter(Q(party__isnull=False) | Q(in_force_to__isnull=False), day__lte=last)  # fmt: skip

    return rows


def _bundles(entity_id: int, last: date) -> QuerySet:
    return Bundle.objects.filter(
        entity_id=entity_id, file__destroyed_under=None, recorded_at__lt=_before(last)
    ).annotate(day=_day("recorded_at"))


def _deliveries(entity_id: int, last: date) -> QuerySet:
    waiting = QuarantinedRow.objects.filter(file=OuterRef("pk"), status=QuarantinedRow.Status.OPEN)
    return IntakeFile.objects.filter(
        ~Exists(waiting),
        entity_id=entity_id,
        stored__destroyed_under=None,
        stored__isnull=False,
        business_date__lte=last,
    ).annotate(day=F("business_date"))


def _people(entity_id: int, last: date) -> QuerySet:
    """Those who were once in work; `forgetting` looks at all of their records again before anybody is erased."""
    open_case = Case.objects.filter(party=OuterRef("pk"), closed_on=None)
    newer = Contact.objects.filter(party=OuterRef("pk"), local_date__gt=last)
    return (
        Party.objects.filter(~Exists(open_case), ~Exists(newer), entity_id=entity_id, tombstone=None, key__isnull=False)
        .annotate(day=Greatest(Max("cases__closed_on"), Max("accounts__payments__posting_date")))
        .filter(Exists(Case.objects.filter(party=OuterRef("pk"))), day__lte=last)
    )


_OF_PARTY = {"party_id": "party_id", "file_id": "file_id", "sha256": "file__sha256"}
_RECORDING = {**_OF_PARTY, "party_id": "match__contact__party_id", "about": "call_id"}
_LETTER = {**_OF_PARTY, "party_id": "message__party_id", "about": "message__template__code"}
_PAPER = {**_OF_PARTY, "about": "kind"}
_DELIVERY = {"file_id": "stored_id", "sha256": "stored__sha256", "about": "name"}
KINDS = {
    kind.id: kind
    for kind in (
        Kind("recording", _recordings, "channels.recording", _RECORDING),
        Kind("message_log", _messages, "channels.message", {"party_id": "party_id", "about": "template__code"}),
        Kind("letter", _letters, "channels.letter", _LETTER),
        Kind("paper", _papers("paper"), "legal.paper", _PAPER),
        Kind("court_paper", _papers("court_paper"), "legal.paper", _PAPER),
        Kind("complaint_paper", _papers("complaint_paper"), "legal.paper", _PAPER, proves=False),
        Kind("bundle", _bundles, "legal.bundle", {**_OF_PARTY, "about": "to_day"}),
        Kind("delivery", _deliveries, "intake.intakefile", _DELIVERY, proves=False),
        Kind("case_record", _people, "portfolio.party", {"party_id": "pk", "about": "party_no"}, proves=False),
    )
}


def periods(on: date) -> Periods:
    """The period of every kind, or the longer one of the rule pack in force."""
    pack = in_force(on)
    return {kind: at_least(period, pack) for kind, period in retention.periods(on).items()}


def due(
    kind: str, *, entity_id: int, now: datetime, numbers: Periods | None = None, after: int = 0, limit: int = MOST
) -> list[Due]:
    """Records of a kind past their period on the bank's day of `now`, in order of number, without those proposed already.

    `numbers` are the day's `periods`, where the caller has them.
    """
    today, known = business_date(now), KINDS[kind]
    numbers = numbers or periods(today)
    if kind not in numbers:
        return []
    waiting = DestructionItem.objects.filter(model=known.model, row=OuterRef("pk"), outcome=None).exclude(
        destruction__answer__isnull=False, destruction__answer__number=None
    )
    columns = {"party_id": None, "file_id": None, "sha256": None, **known.columns}
    names = [column for column in columns.values() if column]
    rows = known.rows(entity_id, numbers[kind].last_over(today)).filter(~Exists(waiting), pk__gt=after).order_by("pk")
    found = []
    for row in rows.values("pk", "day", *names)[:limit]:
        said = {name: row[column] if column else None for name, column in columns.items()}
        found.append(
            Found(
                known.model, row["pk"], said["party_id"], said["file_id"], str(said["about"])[:120], row["day"],
                said["sha256"] or "",
            )
        )  # fmt: skip
    forbidden = obstacles(kind, found, entity_id=entity_id, now=now, numbers=numbers)
    period = numbers[kind]
    return [
        Due(one, period.ends(one.day), period.rule, period.confidence, stand)
        for one, stand in zip(found, forbidden, strict=True)
    ]


def obstacles(
    kind: str,
    found: Iterable[Found | DestructionItem],
    *,
    entity_id: int,
    now: datetime,
    numbers: Periods | None = None,
) -> list[list[Obstacle]]:
    """What forbids to destroy each of these records now, in their order; nothing where nothing does."""
    records, today = list(found), business_date(now)
    numbers = numbers or periods(today)
    people = sorted({one.party_id for one in records if one.party_id is not None})
    needed = keeping.needed(people, now=now, kind=kind) if people else {}
    if people and KINDS[kind].proves:
        for party, day in keeping.settled_on(people).items():
            needed[party] += _running(CLAIM, day, numbers.get(CLAIM), today)
    of_nobody = any(one.party_id is None for one in records)
    everybody = keeping.locks(Q(entity=entity_id, party=None), kind=kind) if of_nobody else []
    return [
        [
            *(needed[one.party_id] if one.party_id is not None else map(keeping.locked, everybody)),
            *_running(kind, one.day, numbers.get(kind), today),
        ]
        for one in records
    ]


def _running(kind: str, day: date, period: retention.Period | None, today: date) -> list[Obstacle]:
    if period is None or today > period.ends(day):
        return []
    said = {"kind": kind, "last": str(day), "rule": period.rule, "confidence": period.confidence}
    return [Obstacle("retention", said, period.ends(day))]
