"""Promises to pay, and what payments made of them."""

from django.db import models

from dunwell.identity.models import Entity
from dunwell.portfolio.models import Party


class Promise(models.Model):
    """A promise to pay (PTP): one or more parts, each an amount by a date."""

    class State(models.TextChoices):
        OPEN = "open"
        KEPT = "kept"
        PARTLY_KEPT = "partly_kept"
        BROKEN = "broken"
        WITHDRAWN = "withdrawn"

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="promises")
    case_id = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    contact_id = models.BigIntegerField(null=True)
    made_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class PromisePart(models.Model):
    """One amount by one date. What is in CHANGES is computed by the programs, never typed."""

    CHANGES = ("state", "received", "judged_on")

    promise = models.ForeignKey(Promise, models.PROTECT, related_name="parts")
    position = models.SmallIntegerField()
    due_date = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    payer = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")  # null: the cardholder himself
    state = models.CharField(max_length=12, choices=Promise.State.choices, default=Promise.State.OPEN)
    received = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    judged_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promise", "position"], name="one_part")]
        indexes = [models.Index(fields=["due_date"], condition=models.Q(state="open"), name="part_open")]


class PromiseWithdrawal(models.Model):
    promise = models.OneToOneField(Promise, models.PROTECT, primary_key=True, related_name="withdrawal")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
