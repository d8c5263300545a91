"""The texts and the outbox, read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum

from dunwell.channels.lines import Line, lines
from dunwell.channels.models import (
    Inbound,
    LineState,
    Message,
    MessageEvent,
    MessagePart,
    Receipt,
    ReceiptMatch,
    Template,
    TextApproval,
    TextDraft,
    TextWithdrawal,
)
from dunwell.channels.rules import CHANNELS, FIELDS, Standing, in_force
from dunwell.kernel.times import BANK_ZONE

PAGE = 100


@dataclass(frozen=True, slots=True)
class Outbox:
    """Messages of an entity, newest first, with the number in each state; `before` continues the list."""

    messages: list[Message]
    counts: dict[str, int]
    before: int | None


def outbox(*, entity_id: int, state: str = "", before: int | None = None) -> Outbox:
    """At most 100 messages, in two queries. Each carries `last_detail_at`, the moment of its last event."""
    mine = Message.objects.filter(entity_id=entity_id)
    chosen = mine.filter(state=state) if state else mine
    if before is not None:
        chosen = chosen.filter(pk__lt=before)
    page = list(
        chosen.select_related("party", "contact_point__party", "template", "decision")
        .defer("text_sealed", "subject_sealed", "contact_point__value_sealed", "template__body")
        .annotate(last_event_at=Max("events__recorded_at", filter=Q(events__isnull=False)))
        .order_by("-pk")[: PAGE + 1]
    )
    counts = dict(mine.order_by().values_list("state").annotate(Count("pk")))
    return Outbox(messages=page[:PAGE], counts=counts, before=page[PAGE - 1].pk if len(page) > PAGE else None)


def titles(messages: Iterable[Message], *, language: str) -> dict[int, str]:
    """What each message's text is called in the reader's language, by message; the text itself is in the person's."""
    given = list(messages)
    own = Template.objects.filter(language=language, code__in={one.template.code for one in given})
    named = {(one.code, one.version, one.draft_id): one.title for one in own.defer("body")}
    return {
        one.pk: named.get((one.template.code, one.template.version, one.template.draft_id), one.template.title)
        for one in given
    }


@dataclass(frozen=True, slots=True)
class Story:
    """One message with everything known of it."""

    message: Message
    events: list[MessageEvent]
    parts: list[MessagePart]
    receipts: list[ReceiptMatch]


def story(message_id: int, *, entity_id: int) -> Story | None:
    """A message of the entity, in four queries; None when there is none."""
    message = (
        Message.objects.select_related("party", "contact_point__party", "template", "decision", "contact")
        .defer("text_sealed", "subject_sealed", "contact_point__value_sealed")
        .filter(pk=message_id, entity_id=entity_id)
        .first()
    )
    if message is None:
        return None
    return Story(
        message=message,
        events=list(message.events.order_by("id")),
        parts=list(message.taken.order_by("id")),
        receipts=list(message.receipts.select_related("receipt").order_by("receipt_id")),
    )


@dataclass(frozen=True, slots=True)
class LineNow:
    """A line and how it is: what waits for it, what left this month, and what that cost, by currency."""

    line: Line
    state: LineState | None
    waiting: int
    left: int
    parts: int
    costs: dict[str, Decimal]

    def interrupted(self, now: datetime) -> datetime | None:
        """Until when its breaker keeps it from being used."""
        until = self.state.open_until if self.state else None
        return until if until and until > now else None


def lines_now(*, entity_id: int, now: datetime) -> list[LineNow]:
    """Every line, in three queries. LineError when the file of lines cannot be read."""
    month = now.astimezone(BANK_ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    states = {state.line: state for state in LineState.objects.all()}
    mine = Message.objects.filter(entity_id=entity_id).order_by()
    waiting = dict(mine.filter(state="planned", not_before__lte=now).values_list("channel").annotate(Count("pk")))
    left: dict[str, list[tuple]] = defaultdict(list)
    for line, currency, number, parts, cost in (
        mine.exclude(line="")
        .filter(recorded_at__gte=month)
        .exclude(state__in=("sending", "planned", "failed", "refused"))
        .values_list("line", "currency")
        .annotate(Count("pk"), Sum("parts"), Sum("cost"))
    ):
        left[line].append((currency, number, parts or 0, cost))
    return [
        LineNow(
            line=line,
            state=states.get(line.code),
            waiting=waiting.get(line.channel, 0),
            left=sum(number for _, number, _, _ in left[line.code]),
            parts=sum(parts for _, _, parts, _ in left[line.code]),
            costs={currency: cost for currency, _, _, cost in left[line.code] if cost is not None},
        )
        for line in lines()
    ]


def unmatched(*, now: datetime, limit: int = PAGE) -> tuple[list[Receipt], list[Inbound]]:
    """Receipts of no message that we know, and texts of no person, of the last thirty days, newest first."""
    since = now - timedelta(days=30)
    receipts = Receipt.objects.filter(match__isnull=True, recorded_at__gte=since).order_by("-id")[:limit]
    texts = Inbound.objects.filter(party=None, recorded_at__gte=since).order_by("-id")[:limit]
    return list(receipts), list(texts)


Place = tuple[str, int, int | None]  # code, version and draft of a text; a shipped one has no draft


def texts_in_force(on: date, **conditions: object) -> list[Template]:
    """The templates used on a day, at most one a code and language, in two queries. The shipped ones are loaded already."""
    rows = Template.objects.filter(in_force_from__lte=on, **conditions).order_by("-channel", "code")
    ends = {(row.code, row.version, row.draft_id): row.from_day for row in TextWithdrawal.objects.all()}
    return _used(rows, ends, on)


def _used(rows: Iterable[Template], ends: Mapping[Place, date], on: date) -> list[Template]:
    versions: dict[tuple[str, str], dict[Standing, Template]] = defaultdict(dict)
    for row in rows:
        standing = Standing(
            own=row.draft_id is not None, version=row.version, first=row.in_force_from, last=row.in_force_to,
            ends=ends.get((row.code, row.version, row.draft_id)),
        )  # fmt: skip
        versions[row.code, row.language][standing] = row
    chosen = ((in_force(found, on), found) for found in versions.values())
    return [found[one] for one, found in chosen if one is not None]


def withdrawn_texts(on: date) -> set[Place]:
    """What is not used any more on a day."""
    return set(TextWithdrawal.objects.filter(from_day__lte=on).values_list("code", "version", "draft_id"))


@dataclass(frozen=True, slots=True)
class TextLife:
    """A version of a text, and where it stands: `draft`, `flagged` (something was found in it), `approved`, `in_force`,
    `superseded` or `withdrawn`. Without a draft it is a shipped example. `words` gives its fields by language.
    """

    code: str
    version: int
    channel: str
    purpose: str
    words: Mapping[str, Mapping[str, str]]
    sha256: str
    state: str
    from_day: date | None
    draft: TextDraft | None
    approval: TextApproval | None
    withdrawal: TextWithdrawal | None


def text_lives(today: date) -> list[TextLife]:
    """Every version of every text, by channel and code, the newest first; in four queries."""
    templates = list(Template.objects.all())
    withdrawals = {(row.code, row.version, row.draft_id): row for row in TextWithdrawal.objects.all()}
    approvals = {row.draft_id: row for row in TextApproval.objects.all()}
    used = _used(templates, {place: row.from_day for place, row in withdrawals.items()}, today)
    running = {(row.code, row.version, row.draft_id) for row in used}
    words: dict[Place, dict[str, dict[str, str]]] = defaultdict(dict)
    kept: dict[Place, Template | TextDraft] = {}
    for row in templates:
        if row.draft_id is None:
            kept[row.code, row.version, None] = row
            words[row.code, row.version, None][row.language] = {field: getattr(row, field) for field in FIELDS}
    for draft in TextDraft.objects.all():
        kept[draft.code, draft.version, draft.pk] = draft
        words[draft.code, draft.version, draft.pk] = draft.words
    lives = []
    for place, row in kept.items():
        draft = row if isinstance(row, TextDraft) else None
        approval, end = approvals.get(place[2]), withdrawals.get(place)
        first = row.in_force_from if isinstance(row, Template) else approval and approval.from_day
        if end is not None and (end.from_day <= today or first is None):
            state = "withdrawn"
        elif first is None:
            state = "flagged" if draft and draft.findings else "draft"
        elif first > today:
            state = "approved"
        else:
            state = "in_force" if place in running else "superseded"
        lives.append(
            TextLife(
                code=row.code, version=row.version, channel=row.channel, purpose=row.purpose, words=words[place],
                sha256=row.sha256, state=state, from_day=first, draft=draft, approval=approval, withdrawal=end,
            )
        )  # fmt: skip
    return sorted(lives, key=lambda life: (CHANNELS.index(life.channel), life.code, -life.version))
