"""Texts: drafts, approvals, withdrawals, and the templates that messages are written from."""

from __future__ import annotations

from django.db import models


class TextDraft(models.Model):
    """A fact: a text as somebody of the bank wrote it, in both languages, and what no text may say that was found in it."""

    code = models.CharField(max_length=24)
    version = models.IntegerField()
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    words = models.JSONField()  # language -> title, subject, body
    sha256 = models.CharField(max_length=64)
    findings = models.JSONField(default=list)  # by the pack of its day, with rule, language and the words found
    drafted_by = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_textdraft")]


class TextApproval(models.Model):
    """A fact: a second person approved a draft from a day on. Its templates are made with it."""

    draft = models.OneToOneField(TextDraft, models.PROTECT, primary_key=True, related_name="approval")
    from_day = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class TextWithdrawal(models.Model):
    """A fact: a version of a text, the bank's own or a shipped example, is not used from a day on."""

    code = models.CharField(max_length=24)
    version = models.IntegerField()
    draft = models.OneToOneField(TextDraft, models.PROTECT, null=True, related_name="withdrawal")  # null: a shipped one
    from_day = models.DateField()
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version", "draft"], nulls_distinct=False, name="one_textwithdrawal"
            )
        ]


class Template(models.Model):
    """An approved text, one row a version and language; never edited in place.

    With a draft it is the bank's own; without one it is a shipped example, loaded from a file with its hash.
    """

    code = models.CharField(max_length=24)
    version = models.IntegerField()
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    language = models.CharField(max_length=8)
    title = models.CharField(max_length=80)
    subject = models.CharField(max_length=120, blank=True)
    body = models.TextField()  # {placeholders} of channels.rules.PLACEHOLDERS
    sha256 = models.CharField(max_length=64)
    approved_by = models.CharField(max_length=64)
    in_force_from = models.DateField()
    in_force_to = models.DateField(null=True)
    draft = models.ForeignKey(TextDraft, models.PROTECT, null=True, related_name="templates")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version", "language", "draft"], nulls_distinct=False, name="one_template"
            )
        ]
