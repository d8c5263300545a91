"""Scripts and knowledge: written by one, scanned, in force when another person has approved it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Max

from dunwell.compliance.queries import findings
from dunwell.evidence import services as evidence
from dunwell.floor.models import Article, ArticleApproval
from dunwell.floor.rules.scripts import LANGUAGES, READ, digest
from dunwell.identity.models import User
from dunwell.kernel.times import business_date


class ArticleRefused(ValueError):
    """A step that an article cannot take: `code` is own, past, or the rule that its words break."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def draft_article(*, kind: str, content: Mapping[str, object], user: User, now: datetime) -> Article:
    """Keep the next version of a script or an answer. TextWrong says what it lacks. The same words again are the same."""
    READ[kind](content)
    code = str(content["code"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"article:{user.entity_id}:{kind}:{code}"])
    mine = Article.objects.filter(entity_id=user.entity_id, kind=kind, code=code)
    newest = mine.order_by("-version").first()
    if newest is not None and newest.sha256 == digest(content):
        return newest
    version = (mine.aggregate(last=Max("version"))["last"] or 0) + 1
    made = Article.objects.create(
        entity_id=user.entity_id, kind=kind, code=code, version=version, content=dict(content), sha256=digest(content),
        recorded_at=now, recorded_by=user.pk,
    )  # fmt: skip
    _told("article.drafted", made, user, now)
    return made


@transaction.atomic
def approve_article(*, article_id: int, from_day: date, user: User, now: datetime) -> ArticleApproval:
    """In force from a day on. ArticleRefused for one's own, for a day that has passed, and for words that no text may say."""
    row = Article.objects.get(pk=article_id, entity_id=user.entity_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"article:{row.pk}"])
    before = ArticleApproval.objects.filter(article=row).first()
    if before is not None:
        return before
    if row.recorded_by == user.pk:
        raise ArticleRefused("own")
    if from_day < business_date(now):
        raise ArticleRefused("past")
    if row.kind == Article.Kind.SCRIPT:
        rule = breaks(row.content, now)
        if rule:
            raise ArticleRefused(rule)
    made = ArticleApproval.objects.create(article=row, from_day=from_day, recorded_at=now, recorded_by=user.pk)
    _told("article.approved", row, user, now)
    return made


def breaks(content: Mapping[str, object], now: datetime) -> str:
    """The rule that a script's words break, by the pack in force; empty when they break none."""
    texts = [*content["steps"], *content["said"].values()]  # type: ignore[misc, attr-defined]
    for words in texts:
        for language in LANGUAGES:
            for one in findings(text=str(words[language]), channel="call", purpose="demand", now=now):
                if one.excerpt:
                    return one.rule
    return ""


def _told(kind: str, row: Article, user: User, now: datetime) -> None:
    evidence.write(
        kind=kind,
        now=now,
        by=user.actor,
        data={"kind": row.kind, "code": row.code, "version": row.version, "sha256": row.sha256},
    )
