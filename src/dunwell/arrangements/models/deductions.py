"""主动扣款: what the cardholder allowed to be taken from his own account with the bank, and what must stay there."""

from django.db import models

from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account


class DeductionAuthority(models.Model):
    """An authorisation with its proof: for one card account, at most so much at once, leaving so much to live on."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, related_name="deduction_authorities")
    evidence = models.CharField(max_length=120)
    most = models.DecimalField(max_digits=18, decimal_places=2)
    leaves = models.DecimalField(max_digits=18, decimal_places=2)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class DeductionRevocation(models.Model):
    """The cardholder took it back; from that moment nothing more is taken."""

    authority = models.OneToOneField(DeductionAuthority, models.PROTECT, primary_key=True, related_name="revocation")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
