"""Reminders before a due date."""

from django.db import models

from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account, Party


class DueReminder(models.Model):
    """Who promised was reminded of what falls due on a day: of his promises once, of each account's instalment once.

    What accounts of a combined plan want on one day is said in one message.

    Without a message nothing could carry it: no text in force, no line, or no contact point.
    """

    class Kind(models.TextChoices):
        PROMISE = "promise"
        INSTALMENT = "instalment"

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="due_reminders")
    account = models.ForeignKey(Account, models.PROTECT, null=True)  # of an instalment; a promise is about all
    kind = models.CharField(max_length=12, choices=Kind.choices)
    due_date = models.DateField()
    payer = models.ForeignKey(
        Party, models.PROTECT, null=True, related_name="+"
    )  # a joint payer, of his own parts alone
    message_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party", "due_date", "kind", "account", "payer"], name="one_reminder", nulls_distinct=False
            )
        ]
