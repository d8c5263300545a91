"""Papers that prove means, what was found about them, and statements of income and outgoings. Facts."""

from __future__ import annotations

from django.db import models

from dunwell.evidence.models import StoredFile
from dunwell.portfolio.models import Party


class Proof(models.Model):
    """A paper that the person handed in, kept by content."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="proofs_of_means")
    case_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=20)  # of means.yaml
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    media = models.CharField(max_length=16)  # by content: application/pdf, image/jpeg, image/png
    pages = models.SmallIntegerField(default=1)
    issued_on = models.DateField()
    expires_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["file"], name="proof_file")]


class ProofCheck(models.Model):
    """What was found of a paper: scanned, released unscanned, its issuer asked and what he said. The last of a kind counts."""

    proof = models.ForeignKey(Proof, models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=10)  # scan, release, asked, issuer
    verdict = models.CharField(
        max_length=12
    )  # clean, infected, not_scanned; released; asked; genuine, forged, no_answer
    detail = models.CharField(max_length=200, blank=True)  # the scanner's signature; whom one asked; why released
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class MeansStatement(models.Model):
    """Income and outgoings a month as he told them, in yuan, by code of means.yaml. The last one counts."""

    party = models.ForeignKey(Party, models.PROTECT, related_name="means")
    case_id = models.BigIntegerField(null=True)
    items_sealed = models.BinaryField()  # JSON: code -> amount
    province = models.CharField(max_length=6, blank=True)
    household = models.SmallIntegerField()
    proofs = models.JSONField(default=list)  # of the papers that support it
    told_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)
