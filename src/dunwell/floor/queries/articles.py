"""Scripts and knowledge: what is in force on a day, and the life of each version."""

from __future__ import annotations

from datetime import date

from dunwell.floor.models import Article
from dunwell.floor.rules.scripts import Answer, answer, shipped


def answers_in_force(entity_id: int, day: date) -> list[Answer]:
    """The knowledge base of a day: the shipped answers, each replaced by the bank's own last approved one. One query."""
    by_code = {str(raw["code"]): answer(raw) for raw in shipped("knowledge")}
    own = Article.objects.filter(entity_id=entity_id, kind=Article.Kind.KNOWLEDGE, approval__from_day__lte=day)
    for one in own.order_by("code", "version"):
        by_code[one.code] = answer(one.content, one.version)
    return list(by_code.values())


def versions(entity_id: int, kind: str) -> list[Article]:
    """The bank's own versions, newest first, each with its approval."""
    return list(
        Article.objects.filter(entity_id=entity_id, kind=kind).select_related("approval").order_by("code", "-version")
    )
