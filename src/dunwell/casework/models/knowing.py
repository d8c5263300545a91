"""Knowing whom one talks to: identity checks, what was found out, and who needs care."""

from __future__ import annotations

from django.db import models

from dunwell.casework.models.cases import Case
from dunwell.compliance.models import Contact, Hold
from dunwell.portfolio.models import Party


class IdentityCheck(models.Model):
    """核身: a fact. Which questions were asked in a contact, which were answered rightly, and whether it passed.

    The answers themselves are kept nowhere. `method`: questions, or caller (the bank's other system identified him).
    """

    party = models.ForeignKey(Party, models.PROTECT, related_name="identity_checks")
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="identity_checks")
    method = models.CharField(max_length=12)
    level = models.CharField(max_length=8, blank=True)  # of identity.yaml: low, normal, high
    asked = models.JSONField(default=dict)  # question -> answered rightly
    passed = models.BooleanField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["party", "-recorded_at"], name="identity_party")]


class Finding(models.Model):
    """A fact: intent, ability or reason for being late, by a code of findings.yaml, with what the collector heard."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="findings")
    case = models.ForeignKey(Case, models.PROTECT, related_name="findings")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=8)  # intent, ability, reason
    code = models.CharField(max_length=24)
    heard_sealed = models.BinaryField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["party", "kind", "-id"], name="finding_party")]


class VulnerabilityMark(models.Model):
    """特殊关怀: a fact with an end. What exactly is so is sealed, and opened for few (`vulnerability.view`)."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="vulnerabilities")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24)  # a key of vulnerability.yaml
    detail_sealed = models.BinaryField(null=True)
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="+")
    ends_on = models.DateField()  # the last day
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class VulnerabilityEnd(models.Model):
    mark = models.OneToOneField(VulnerabilityMark, models.PROTECT, primary_key=True, related_name="end")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
