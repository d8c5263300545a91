"""One timeline a party, merged from the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from dunwell.casework.queries.statements import rows, told
from dunwell.portfolio import services as portfolio

#: The chips of the timeline, in the order in which they stand.
SORTS = ("call", "message", "letter", "visit", "payment", "promise", "hold", "person", "objection", "note", "system")
LAST = 2**62


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `kind` is the log's, `sort` its chip; `text` is a note's text, opened."""

    id: int
    at: datetime
    business_date: date
    kind: str
    sort: str
    actor: str
    actor_id: int | None
    names: Mapping[str, str]
    case_id: int | None
    account_id: int | None
    data: Mapping[str, object]
    text: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)  # what the text that it names is called, by language
    recording: int | None = None  # the sound of the call whose outcome this is

    def who(self, language: str) -> str:
        """The member of staff, or the program's name."""
        return self.names.get("en" if language.startswith("en") else "zh", "") or self.actor


@dataclass(frozen=True, slots=True)
class Timeline:
    """Entries, newest first; `before` gives the next page, None at the end; `counts` by chip of the whole."""

    entries: tuple[Entry, ...]
    before: int | None
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def timeline(
    party_id: int,
    kinds: Collection[str] = (),
    before: int | None = None,
    *,
    limit: int = 50,
    with_counts: bool = True,
) -> Timeline:
    """A page of the party's timeline: chips `kinds` (none: all), older than the entry `before`. Two queries.

    With counts one more where a chip has no entry at all.
    """
    page, sealed = sealed_page(party_id, kinds, before, limit=limit, with_counts=with_counts)
    return with_texts(page, opened(party_id, sealed))


def sealed_page(
    party_id: int, kinds: Collection[str], before: int | None, *, limit: int, with_counts: bool
) -> tuple[Timeline, dict[int, bytes]]:
    """The page without its notes' texts, and these, sealed, by entry."""
    found = rows(
        "timeline", party=party_id, kinds=sorted(kinds), before=before or LAST, limit=limit + 1, counts=with_counts
    )
    entries = tuple(_entry(row) for row in found[:limit])
    sealed = {row["id"]: bytes(row["text_sealed"]) for row in found[:limit] if row["text_sealed"] is not None}
    older = entries[-1].id if len(found) > limit else None
    if with_counts and kinds and not found:  # of no row nothing is told
        found = rows("timeline", party=party_id, kinds=[], before=LAST, limit=1, counts=True)
    counted: Mapping[str, int] = told(found[0]["counts"]) if found and with_counts else {}  # type: ignore[assignment]
    return Timeline(entries, older, {sort: counted[sort] for sort in SORTS if sort in counted}), sealed


def opened(party_id: int, sealed: Mapping[int, bytes]) -> dict[int, str]:
    """The texts, with one query for the party's key (none when there is no text); empty when the party was erased."""
    if not sealed:
        return {}
    try:
        return dict(zip(sealed, portfolio.open_many(items=[(party_id, one) for one in sealed.values()]), strict=True))
    except portfolio.Erased:
        return {}


def with_texts(page: Timeline, texts: Mapping[int, str]) -> Timeline:
    """The page with its notes' texts."""
    return replace(page, entries=tuple(replace(one, text=texts.get(one.id, "")) for one in page.entries))


def _entry(row: dict) -> Entry:
    return Entry(
        id=row["id"],
        at=row["recorded_at"],
        business_date=row["business_date"],
        kind=row["kind"],
        sort=row["sort"],
        actor=row["actor"],
        actor_id=row["actor_id"],
        names={"zh": row["name_zh"] or "", "en": row["name_en"] or ""},
        case_id=row["case_id"],
        account_id=row["account_id"],
        data=told(row["data"]),
        titles=told(row["titles"]) or {},
        recording=row["recording"],
    )
