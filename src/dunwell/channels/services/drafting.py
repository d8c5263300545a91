"""A bank's own texts: written by one, scanned, approved by another from a day, superseded or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Max

from dunwell.channels.models import Template, TextApproval, TextDraft, TextWithdrawal
from dunwell.channels.rules import SAMPLES, Text, TextError, drafted, fill
from dunwell.channels.services.texts import load_templates
from dunwell.compliance.queries import findings
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity, User
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date

SHOWN = ("rule", "category", "excerpt", "text_zh", "text_en", "citation", "confidence")


class TextRefused(ValueError):
    """A step that a text cannot take; the sentence says why, `code` names it for a page."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a draft that no text may say, or that it has to say and does not."""

    language: str
    rule: str
    category: str
    excerpt: str
    text_zh: str
    text_en: str
    citation: str
    confidence: str


@transaction.atomic
def draft_text(
    *, code: str, channel: str, purpose: str, words: Mapping[str, Mapping[str, str]], by: Actor, now: datetime
) -> TextDraft:
    """Keep a text as the next version of its code, with what was found in it. TextError names what cannot be used.

    The same words again, while they are the newest version, are the same draft.
    """
    load_templates()
    _alone(code)
    version = _newest(code)
    again = TextDraft.objects.filter(code=code, version=version, withdrawal=None).first()
    if again is not None and again.sha256 == drafted(code, version, channel, purpose, words)[0].sha256:
        return again
    texts = drafted(code, version + 1, channel, purpose, words)
    known = Template.objects.filter(code=code).exclude(channel=channel).values_list("channel", flat=True).first()
    if known is not None:
        raise TextError(f"{code} goes by {known}: another channel has another code.", "channel")
    row = TextDraft.objects.create(
        code=code, version=version + 1, channel=channel, purpose=purpose, sha256=texts[0].sha256,
        words={text.language: {"title": text.title, "subject": text.subject, "body": text.body} for text in texts},
        findings=[asdict(found) for found in scan_texts(texts, now=now)], drafted_by=by.user_id, recorded_at=now,
    )  # fmt: skip
    _log("text.drafted", row, by=by, now=now, findings=[f"{one['rule']} {one['language']}" for one in row.findings])
    return row


def scan_texts(texts: list[Text], *, now: datetime) -> list[Finding]:
    """What no text may say and what it must, held against the texts as they would leave, by the pack in force."""
    bank = Entity.objects.filter(kind=Entity.Kind.BANK).order_by("pk").first()
    found = []
    for text in texts:
        values = SAMPLES[text.language] | {"bank": bank.name(text.language) if bank else "–"}
        filled = "\n".join(fill(part, values) for part in (text.subject, text.body) if part)
        found += [
            Finding(text.language, **{name: getattr(one, name) for name in SHOWN})
            for one in findings(text=filled, channel=text.channel, purpose=text.purpose, now=now)
        ]
    return found


@transaction.atomic
def approve_text(*, draft_id: int, from_day: date, by: Actor, now: datetime) -> TextApproval:
    """Bring a draft into force from a day, today or later, as another person than its writer.

    It is scanned again by today's pack; TextRefused says what is missing. A second approval answers the first.
    """
    row = TextDraft.objects.get(pk=draft_id)
    _alone(row.code)
    before = TextApproval.objects.filter(draft=row).first()
    if before is not None:
        return before
    if TextWithdrawal.objects.filter(draft=row).exists():
        raise TextRefused("withdrawn", "the draft was withdrawn")
    if by.user_id is None or by.user_id == row.drafted_by:
        raise TextRefused("own", "a text is approved by another person than the one who wrote it")
    if from_day < business_date(now):
        raise TextRefused("past", "a text comes into force today or later")
    texts = drafted(row.code, row.version, row.channel, row.purpose, row.words)
    found = scan_texts(texts, now=now)
    if found:
        raise TextRefused("findings", f"it says what no text may, or lacks what it must say: {found[0].rule}")
    approval = TextApproval.objects.create(draft=row, from_day=from_day, recorded_at=now, recorded_by=by.user_id)
    Template.objects.bulk_create(
        Template(
            code=text.code, version=text.version, channel=text.channel, purpose=text.purpose, language=text.language,
            title=text.title, subject=text.subject, body=text.body, sha256=text.sha256, draft=row,
            approved_by=User.objects.get(pk=by.user_id).staff_no, in_force_from=from_day,
        )
        for text in texts
    )  # fmt: skip
    _log("text.approved", row, by=by, now=now, from_day=from_day.isoformat())
    return approval


@transaction.atomic
def withdraw_text(
    *,
    code: str,
    version: int,
    draft_id: int | None,
    reason: str,
    by: Actor,
    now: datetime,
    from_day: date | None = None,
) -> TextWithdrawal:
    """Take a version back: at once, or from a coming day. What waits with it does not leave any more from that day.

    Nothing that it superseded comes back. A shipped example has no draft. A second withdrawal answers the first.
    """
    load_templates()
    _alone(code)
    before = TextWithdrawal.objects.filter(code=code, version=version, draft_id=draft_id).first()
    if before is not None:
        return before
    today = business_date(now)
    if not reason.strip():
        raise TextRefused("reason", "a withdrawal has a reason")
    if from_day is not None and from_day < today:
        raise TextRefused("past", "a text is withdrawn from today or a later day")
    kept = TextDraft if draft_id is not None else Template
    if not kept.objects.filter(
        code=code, version=version, **({"pk": draft_id} if draft_id else {"draft": None})
    ).exists():
        raise TextRefused("unknown", f"there is no {code} version {version}")
    row = TextWithdrawal.objects.create(
        code=code, version=version, draft_id=draft_id, from_day=from_day or today, reason=reason.strip(),
        recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    _log("text.withdrawn", row, by=by, now=now, from_day=row.from_day.isoformat(), reason=row.reason)
    return row


def _newest(code: str) -> int:
    of = (Template.objects.filter(code=code), TextDraft.objects.filter(code=code))
    return max(found.aggregate(newest=Max("version"))["newest"] or 0 for found in of)


def _alone(code: str) -> None:
    """One writer of a text at a time, to the end of the transaction: two drafts never get one version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('channels.text'), hashtext(%s))", [code])


def _log(kind: str, row: TextDraft | TextWithdrawal, *, by: Actor, now: datetime, **data: object) -> None:
    known = {"code": row.code, "version": row.version}
    if isinstance(row, TextDraft):
        known |= {"draft": row.pk, "sha256": row.sha256}
    evidence.write(kind=kind, now=now, by=by, data={**known, **data})
