"""Certificates: that an account is settled (结清证明), or that it was not late in bad faith (非恶意逾期证明)."""

from django.db import models

from dunwell.arrangements.models.instructions import Instruction
from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity
from dunwell.payments.models import Reversal
from dunwell.portfolio.models import Account


class CertificateRequest(models.Model):
    """Somebody asked for one. A settled account's waits for the host's word, the other for another person's approval."""

    class Kind(models.TextChoices):
        SETTLED = "settled"
        NO_MALICE = "no_malice"

    entity = models.ForeignKey(Entity, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, related_name="certificate_requests")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    reason = models.CharField(max_length=200)
    instruction = models.ForeignKey(Instruction, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class CertificateAccount(models.Model):
    """A further account that a certificate is about, and the host's word on it: a combined plan is certified as one."""

    request = models.ForeignKey(CertificateRequest, models.PROTECT, related_name="others")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    instruction = models.OneToOneField(Instruction, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "account"], name="certificate_account_once")]


class CertificateAnswer(models.Model):
    """Another person's approval or refusal."""

    request = models.OneToOneField(CertificateRequest, models.PROTECT, primary_key=True, related_name="answer")
    approved = models.BooleanField()
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()


class Certificate(models.Model):
    """One that was issued: its number, the file, and the token in its QR code, which says nothing else."""

    request = models.OneToOneField(CertificateRequest, models.PROTECT, primary_key=True, related_name="certificate")
    number = models.CharField(max_length=24, unique=True)
    token = models.CharField(max_length=32, unique=True, db_collation="C")
    issued_on = models.DateField()
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    credit = models.JSONField(default=dict)  # account number -> what was there beyond what was owed, as text
    recorded_at = models.DateTimeField()


class CertificateRevocation(models.Model):
    """That an account is settled is true no more: a payment by which it was settled was taken back."""

    certificate = models.OneToOneField(Certificate, models.PROTECT, primary_key=True, related_name="revocation")
    reversal = models.ForeignKey(Reversal, models.PROTECT, related_name="+")
    revoked_on = models.DateField()
    recorded_at = models.DateTimeField()
