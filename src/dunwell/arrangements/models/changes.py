"""What cardholders ask for on their own page of a plan that runs, where it could not be theirs at once."""

from django.db import models

from dunwell.arrangements.models.plans import Arrangement
from dunwell.channels.models import Inbound
from dunwell.identity.models import Entity


class ChangeRequest(models.Model):
    """A fact: he asks for another plan in place of a running one, and what he said. The last one of a plan counts.

    It is answered by a plan that is proposed in its place later, or by a ChangeAnswer.
    """

    entity = models.ForeignKey(Entity, models.PROTECT)
    arrangement = models.ForeignKey(Arrangement, models.PROTECT, related_name="change_requests")
    monthly = models.DecimalField(max_digits=18, decimal_places=2, null=True)  # what he can pay a month
    due_day = models.PositiveSmallIntegerField(null=True)  # of the month
    months = models.PositiveSmallIntegerField(null=True)  # in which he wants to have paid
    words = models.ForeignKey(Inbound, models.PROTECT, null=True, related_name="+")  # what he wrote, under his key
    refused = models.JSONField(default=list)  # the rules that forbade it to be his at once
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["arrangement", "-id"], name="change_arrangement")]


class ChangeAnswer(models.Model):
    """A fact: the plan stays as it is; why, as he reads it. The first answer stands."""

    request = models.OneToOneField(ChangeRequest, models.PROTECT, primary_key=True, related_name="answer")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()
