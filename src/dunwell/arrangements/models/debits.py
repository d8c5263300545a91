"""约定还款: what the cardholder agreed to have taken on his due date, where the host could not take it."""

from django.db import models

from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account


class FailedDebit(models.Model):
    """The host's file said that an agreed auto-debit failed, and why; each failure of a due date once a reason.

    The host tries again of itself; `retry_on` is the day by the issuer's policy, for its file names none.
    """

    entity = models.ForeignKey(Entity, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, related_name="failed_debits")
    due_date = models.DateField()
    reason = models.CharField(max_length=24)  # the host's word for it
    business_date = models.DateField()  # of the file that told it
    retry_on = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "due_date", "reason"], name="one_failed_debit")]
