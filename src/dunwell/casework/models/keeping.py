"""What is kept past its period, and until when."""

from django.db import models

from dunwell.identity.models import Entity
from dunwell.portfolio.models import Party


class RetentionLock(models.Model):
    """A fact: records that are kept past their period while a suit, a complaint or an inquiry is open (留存锁定).

    Without a party it holds everybody's; without a `kind` (of evidence/retention.yaml) all kinds.
    """

    class Cause(models.TextChoices):
        SUIT = "suit"
        COMPLAINT = "complaint"
        INQUIRY = "inquiry"  # of an authority
        AUDIT = "audit"
        OTHER = "other"

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="retention_locks")
    kind = models.CharField(max_length=24, blank=True)
    cause = models.CharField(max_length=12, choices=Cause.choices)
    reference = models.CharField(max_length=80)  # the court's, the authority's or the complaint's number
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["entity", "party"], name="retention_lock")]


class RetentionLockRelease(models.Model):
    """A fact: the suit, complaint or inquiry is over."""

    lock = models.OneToOneField(RetentionLock, models.PROTECT, primary_key=True, related_name="release")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
