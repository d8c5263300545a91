"""What those who work cases share: scripts and knowledge, help, breaks, macros, saved views, tests passed."""

from __future__ import annotations

from django.db import models

from dunwell.casework.models import Case
from dunwell.identity.models import Entity, User


class Article(models.Model):
    """A fact: one version of a script or of an answer of the knowledge base, as somebody of the bank wrote it.

    In force when another person approved it; then it stands in the place of the shipped one of its code.
    """

    class Kind(models.TextChoices):
        SCRIPT = "script"
        KNOWLEDGE = "knowledge"

    entity = models.ForeignKey(Entity, models.PROTECT)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    code = models.CharField(max_length=40, db_collation="C")
    version = models.PositiveIntegerField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind", "code", "version"], name="one_article_version")
        ]


class ArticleApproval(models.Model):
    """A fact: in force from a day on, by another person than who wrote it."""

    article = models.OneToOneField(Article, models.PROTECT, primary_key=True, related_name="approval")
    from_day = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class HelpRequest(models.Model):
    """A fact: a collector asks a team leader for help with a case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="help_requests")
    user = models.ForeignKey(User, models.PROTECT, related_name="help_requests")
    words = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=80, unique=True)


class HelpAnswer(models.Model):
    """A fact: what became of it."""

    class Answer(models.TextChoices):
        TOOK_OVER = "took_over"
        ANSWERED = "answered"
        WITHDRAWN = "withdrawn"

    request = models.OneToOneField(HelpRequest, models.PROTECT, primary_key=True, related_name="answer")
    answer = models.CharField(max_length=12, choices=Answer.choices)
    words = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class Break(models.Model):
    """A fact: a collector does not take cases until a moment, unless he ends it before (`BreakEnd`)."""

    user = models.ForeignKey(User, models.PROTECT, related_name="breaks")
    starts_at = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=16)  # pause, abuse
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-until"], name="break_user")]


class BreakEnd(models.Model):
    """A fact: he went on with the work."""

    ended = models.OneToOneField(Break, models.PROTECT, primary_key=True, related_name="end")
    ended_at = models.DateTimeField()


class Abuse(models.Model):
    """A fact: the collector was abused or threatened. The case leaves him; the next one sees that it happened."""

    class Kind(models.TextChoices):
        ABUSE = "abuse"
        THREAT = "threat"

    case = models.ForeignKey(Case, models.PROTECT, related_name="abuses")
    user = models.ForeignKey(User, models.PROTECT, related_name="abuses")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text_sealed = models.BinaryField(null=True)  # what was said, under the party's key
    contact_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=80, unique=True)


class Macro(models.Model):
    """A fact: several steps in one click, as somebody wrote them. The last of a code counts; one without steps is gone."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    code = models.CharField(max_length=40, db_collation="C")
    names = models.JSONField()  # zh-hans, en
    steps = models.JSONField()  # floor.rules.macros
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class SavedView(models.Model):
    """A list's address under a name; its owner may share it with everybody of his entity when he leads a team."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    user = models.ForeignKey(User, models.PROTECT, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_view_name")]


class Examination(models.Model):
    """A fact: a test of a course and how it ended. What was asked is known by the course's version."""

    user = models.ForeignKey(User, models.PROTECT, related_name="examinations")
    course = models.CharField(max_length=40)
    version = models.CharField(max_length=16)
    answers = models.JSONField()
    right = models.PositiveSmallIntegerField()
    asked = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "course", "-id"], name="examination_user")]
