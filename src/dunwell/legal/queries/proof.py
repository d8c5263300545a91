"""What a set of proof is made of: everything known of a party in a period, and what should be there and is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery

from dunwell.arrears.rules import interest_terms
from dunwell.channels.models import Message, MessageEvent, RecordingMatch
from dunwell.channels.services.recordings import ANSWERED
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.engine import lake, session
from dunwell.evidence import destroyed
from dunwell.evidence.models import Log, StoredFile
from dunwell.intake.models import IntakeFile
from dunwell.kernel.times import BANK_ZONE, local
from dunwell.legal.models import Paper
from dunwell.payments.models import Payment
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, ContactPoint, Party
from dunwell.portfolio.rules import COMPONENTS, IN_INSTALMENTS, PRINCIPAL

SPOKEN = ("call", "ai_call", "visit")
BEARS = {"principal_retail": "purchase", "principal_cash": "cash", "principal_instalment_billed": "instalment"}


@dataclass(frozen=True, slots=True)
class Period:
    """The bank's days, both included."""

    first: date
    last: date

    @property
    def moments(self) -> tuple[datetime, datetime]:
        return (
            datetime.combine(self.first, time(0), BANK_ZONE),
            datetime.combine(self.last + timedelta(days=1), time(0), BANK_ZONE),
        )


@dataclass(frozen=True, slots=True)
class Reached:
    """One contact as evidence: who, whom (in clear), when by both clocks, by what, under which decision, and what came."""

    contact_id: int
    at: datetime
    local_at: datetime
    zone: str
    channel: str
    direction: str
    purpose: str
    party_type: str
    point: str
    known_since: date | None
    source: str
    by: str
    verdict: str
    rule: str
    pack: str
    outcome: str
    identified: bool
    seconds: int | None

    @property
    def answered(self) -> bool:
        return self.channel in SPOKEN and self.outcome in ANSWERED


def contacts(party: Party, period: Period) -> list[Reached]:
    """Every contact about the party in the period, third parties' among them, oldest first."""
    begin, end = period.moments
    last = ContactOutcome.objects.filter(contact=OuterRef("pk")).order_by("-id")
    found = list(
        Contact.objects.filter(party=party, reserved_at__gte=begin, reserved_at__lt=end)
        .annotate(**{f"last_{name}": Subquery(last.values(name)[:1]) for name in ("outcome", "identified", "seconds")})
        .select_related("contact_point", "decision", "person")
        .order_by("reserved_at", "id")
    )
    points = [one.contact_point for one in found if one.contact_point is not None]
    opened = dict(
        zip(
            [point.pk for point in points],
            portfolio.open_many(items=[(point.party_id, bytes(point.value_sealed)) for point in points]),
            strict=True,
        )
    )
    names = _staff(one.by_id for one in found)
    return [
        Reached(
            contact_id=one.pk,
            at=one.reserved_at.astimezone(BANK_ZONE),
            local_at=local(one.reserved_at, one.person.timezone or BANK_ZONE.key),
            zone=one.person.timezone or BANK_ZONE.key,
            channel=one.channel,
            direction=one.direction,
            purpose=one.purpose,
            party_type=one.party_type,
            point=opened.get(one.contact_point_id, ""),
            known_since=one.contact_point.known_since if one.contact_point else None,
            source=one.contact_point.source if one.contact_point else "",
            by=names.get(one.by_id, ""),
            verdict=one.decision.verdict if one.decision else "",
            rule=one.decision.primary_rule if one.decision else "",
            pack=f"{one.decision.pack_version} {one.decision.pack_sha256[:12]}" if one.decision else "",
            outcome=one.last_outcome or "pending",
            identified=bool(one.last_identified),
            seconds=one.last_seconds,
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Heard:
    """The recording of a contact, kept by content."""

    contact_id: int
    recording_id: int
    file: StoredFile
    media_type: str
    seconds: int


def recordings(found: Iterable[Reached]) -> list[Heard]:
    """The recordings of contacts, in the contacts' order."""
    matches = RecordingMatch.objects.filter(contact__in=[one.contact_id for one in found]).select_related(
        "recording__file"
    )
    return [
        Heard(one.contact_id, one.recording_id, one.recording.file, one.recording.media_type, one.recording.seconds)
        for one in matches.order_by("contact__reserved_at", "contact_id", "recording_id")
    ]


def _staff(ids: Iterable[int | None]) -> dict[int, str]:
    from dunwell.identity.models import User

    wanted = {one for one in ids if one is not None}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "staff_no"))


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it left, with what the carrier said of it."""

    message_id: int
    at: datetime
    channel: str
    purpose: str
    template: str
    to: str
    subject: str
    text: str
    state: str
    events: tuple[tuple[datetime, str, str], ...]
    letter: StoredFile | None
    record: int | None  # the log's, which holds the hash of the text; None when none does


def messages(party: Party, period: Period) -> list[Sent]:
    """Every message about the party's debt that left in the period, with its text in clear; a joint payer's among them."""
    return _sent(Q(party=party), period)


def messages_to(person: Party, period: Period) -> list[Sent]:
    """Every message that left to the person in the period: about his own debt, or his part of another's promise."""
    return _sent(Q(contact_point__party=person, party__key__isnull=False), period)


def _sent(which: Q, period: Period) -> list[Sent]:
    begin, end = period.moments
    gone = MessageEvent.objects.filter(state__in=("sent", "in_doubt"), recorded_at__gte=begin, recorded_at__lt=end)
    found = list(
        Message.objects.filter(which, pk__in=gone.values("message_id"))
        .select_related("template", "contact_point", "letter__file")
        .prefetch_related("events")
        .order_by("id")
    )
    sealed = [
        (of, bytes(part))
        for one in found
        for of, part in (
            (one.party_id, one.subject_sealed), (one.party_id, one.text_sealed),
            (one.contact_point.party_id, one.contact_point.value_sealed),
        )
        if part
    ]  # fmt: skip
    opened = iter(portfolio.open_many(items=sealed))
    left = Log.objects.filter(
        party_id__in={one.party_id for one in found}, kind__in=("message.sent", "message.in_doubt")
    )
    records = dict(left.filter(data__text_sha256__isnull=False).order_by("id").values_list("data__message", "id"))
    rows = []
    for one in found:
        subject = next(opened) if one.subject_sealed else ""
        text = next(opened) if one.text_sealed else ""  # destroyed: its hash stays in the log
        to = next(opened)
        events = tuple(
            (event.recorded_at.astimezone(BANK_ZONE), event.state, event.detail)
            for event in sorted(one.events.all(), key=lambda each: each.pk)
        )
        letter = getattr(one, "letter", None)
        left = next(at for at, state, _ in events if state in ("sent", "in_doubt"))
        rows.append(
            Sent(one.pk, left, one.channel, one.purpose, one.template.code, to, subject, text, one.state, events,
                 letter.file if letter else None, records.get(one.pk))
        )  # fmt: skip
    return rows


def payments(accounts: list[Account], period: Period) -> list[Payment]:
    """Money that was booked in the period, with what was taken back of it."""
    return list(
        Payment.objects.filter(
            account__in=accounts, provisional=False, posting_date__gte=period.first, posting_date__lte=period.last
        )
        .select_related("account")
        .prefetch_related("reversals")
        .order_by("posting_date", "id")
    )


def log_records(party: Party, period: Period) -> list[int]:
    """The numbers of the log's records about the party in the period, and of all that tell what was destroyed."""
    begin, end = period.moments
    told = Q(recorded_at__gte=begin, recorded_at__lt=end) | Q(kind=destroyed.KIND)
    return list(Log.objects.filter(told, party_id=party.pk).order_by("id").values_list("id", flat=True))


def gone(party: Party) -> dict[str, destroyed.Gone]:
    """What of his was destroyed under a protocol, by row."""
    records = Log.objects.filter(party_id=party.pk, kind=destroyed.KIND).order_by("id")
    return destroyed.told(records.values_list("id", "data"))


def papers(party: Party, accounts: list[Account], on: date) -> list[Paper]:
    """The papers in force on a day: the accounts', the party's, and the bank's own."""
    return list(
        Paper.objects.filter(
            Q(account__in=accounts) | Q(account=None, party=party) | Q(account=None, party=None),
            Q(in_force_to=None) | Q(in_force_to__gte=on),
            entity_id=party.entity_id,
            in_force_from__lte=on,
        )
        .select_related("file", "account")
        .order_by("kind", "id")
    )


def points(party: Party) -> list[tuple[ContactPoint, str]]:
    """The points at which he can be reached, in clear."""
    found = list(ContactPoint.objects.filter(party=party).order_by("kind", "id"))
    opened = portfolio.open_many(items=[(party.pk, bytes(point.value_sealed)) for point in found])
    return list(zip(found, opened, strict=True))


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of an account at the close of a day, by the host's components, and what a day adds to it."""

    account: Account
    cut_off: date
    components: tuple[tuple[str, Decimal], ...]
    credit_balance: Decimal
    daily: tuple[tuple[str, Decimal, Decimal], ...]  # component that bears interest, rate a day, amount a day (exact)

    @property
    def principal(self) -> Decimal:
        return sum((amount for name, amount in self.components if name in (*PRINCIPAL, *IN_INSTALMENTS)), Decimal(0))

    @property
    def total(self) -> Decimal:
        return sum((amount for _, amount in self.components), -self.credit_balance)

    @property
    def a_day(self) -> Decimal:
        """Interest of one day after the cut-off, not rounded: a court computes from it to the day of payment."""
        return sum((amount for _, _, amount in self.daily), Decimal(0))


def claims(accounts: list[Account], cut_off: date) -> tuple[list[Claim], list[Account]]:
    """The claim of each account by the host's position of the cut-off day; the accounts that position does not have."""
    file = IntakeFile.objects.filter(
        entity_id__in={account.entity_id for account in accounts}, kind="accounts", business_date=cut_off,
        status=IntakeFile.Status.TAKEN,
    ).first()  # fmt: skip
    if file is None:
        return [], list(accounts)
    columns = ("account_no", *COMPONENTS, "credit_balance")
    rows = {row[0]: row for row in _rows([file], columns, accounts, "account_no")}
    made = []
    for account in accounts:
        row = rows.get(account.account_no)
        if row is None:
            continue
        amounts = dict(zip(columns[1:], (value or Decimal(0) for value in row[1:]), strict=True))
        terms = interest_terms.in_force(cut_off, product=account.product, issuer=settings.BANK_ENTITY)
        rates = {rate.kind: rate.rate for rate in terms.rates}
        daily = tuple(
            (name, rates[kind], amounts[name] * rates[kind])
            for name, kind in BEARS.items()
            if amounts[name] and kind in rates
        )
        components = tuple((name, amounts[name]) for name in COMPONENTS)
        made.append(Claim(account, cut_off, components, amounts["credit_balance"], daily))
    found = {claim.account.pk for claim in made}
    return made, [account for account in accounts if account.pk not in found]


STATEMENT_COLUMNS = ("account_no", "statement_date", "due_date", "statement_balance", "minimum_payment")
TRANSACTION_COLUMNS = (
    "account_no", "posting_date", "transaction_date", "type", "amount", "currency", "host_ref", "reverses_ref",
)  # fmt: skip


def from_the_host(kind: str, columns: tuple[str, ...], accounts: list[Account], order: str) -> list[tuple]:
    """The rows that the host's files told of accounts, `kind` by `kind`; a row told twice stands once."""
    found = IntakeFile.objects.filter(
        entity_id__in={account.entity_id for account in accounts}, kind=kind, status=IntakeFile.Status.TAKEN
    ).order_by("business_date")
    return _rows(list(found), columns, accounts, order)


def first_file(entity_id: int, kind: str) -> date | None:
    """The first business date whose file of a kind is known here."""
    return (
        IntakeFile.objects.filter(entity_id=entity_id, kind=kind, status=IntakeFile.Status.TAKEN)
        .order_by("business_date")
        .values_list("business_date", flat=True)
        .first()
    )


def _rows(found: list[IntakeFile], columns: tuple[str, ...], accounts: list[Account], order: str) -> list[tuple]:
    paths = [Path(settings.LAKE) / file.lake_path for file in found if file.lake_path]
    paths = [path for path in paths if path.exists()]
    if not paths:
        return []
    with session.connect(threads=1, memory="256MB") as connection:
        lake.read_parquet(connection, "told", *paths)
        return connection.execute(
            f"SELECT DISTINCT {', '.join(columns)} FROM told WHERE list_contains($1, account_no) ORDER BY {order}",
            [[account.account_no for account in accounts]],
        ).fetchall()
