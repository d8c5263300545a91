"""Lists given out to a dialler or a robot, and what it told of them."""

from __future__ import annotations

from django.db import models

from dunwell.compliance.models import Contact
from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account, ContactPoint, Party


class Campaign(models.Model):
    """A list given out to a dialler or a robot: who was chosen, by what, until when. Never edited; its end is a fact."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    line = models.CharField(max_length=24)
    channel = models.CharField(max_length=12)  # call, ai_call
    purpose = models.CharField(max_length=20)
    title = models.CharField(max_length=80)
    chosen = models.JSONField(default=dict)  # the filter by which its cases were chosen
    flow = models.CharField(max_length=64, blank=True)  # the robot's or the dialler's script
    ends_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["entity", "-id"], name="campaign_entity")]


class CampaignEnd(models.Model):
    """A fact: from when on nothing of a campaign may be dialled, before its own end."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, primary_key=True, related_name="end")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class CampaignEntry(models.Model):
    """One number of a campaign, known to the dialler by its reference. `seen` keeps to which of the party's touches the
    gate was last asked whether the entry is still good; everything else is never changed."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="entries")
    party = models.ForeignKey(Party, models.PROTECT, related_name="campaign_entries")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT)
    case_id = models.BigIntegerField(null=True)
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")  # null: about all that he owes
    reference = models.CharField(max_length=32, unique=True, db_collation="C")
    priority = models.IntegerField(default=0)  # smaller comes first
    region = models.CharField(max_length=2, blank=True)  # province of the number, by which its caller number is chosen
    seen = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "contact_point"], name="one_entry_a_number")]


class CampaignPull(models.Model):
    """An entry taken back: a payment, a hold, a complaint. `told_at` is when the dialler's web-hook took the news."""

    entry = models.OneToOneField(CampaignEntry, models.PROTECT, related_name="pull")
    line = models.CharField(max_length=24)
    rule = models.CharField(max_length=32)
    recorded_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], condition=models.Q(told_at=None), name="pull_untold")]


class CampaignDial(models.Model):
    """A fact: a slot taken for an entry, at a dial or beforehand. `call_id` is the dialler's, empty until it has one."""

    entry = models.ForeignKey(CampaignEntry, models.PROTECT, related_name="dials")
    contact = models.OneToOneField(Contact, models.PROTECT, primary_key=True, related_name="campaign_dial")
    line = models.CharField(max_length=24)
    call_id = models.CharField(max_length=80, blank=True, db_collation="C")
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["line", "call_id"], condition=~models.Q(call_id=""), name="dial_call_id")]


class DialRecord(models.Model):
    """A fact: one call record as a dialler told it, sealed; what came of it, or why nothing could (`problem`)."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    line = models.CharField(max_length=24)
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="records")
    entry = models.ForeignKey(CampaignEntry, models.PROTECT, null=True, related_name="records")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="dial_records")
    reference = models.CharField(max_length=40, blank=True, db_collation="C")
    call_id = models.CharField(max_length=80, db_collation="C")
    started_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cause = models.CharField(max_length=120, blank=True)
    told = models.CharField(max_length=40, blank=True)  # the dialler's own code
    outcome = models.CharField(max_length=28, blank=True)  # as it was counted; empty: none, see problem
    problem = models.CharField(max_length=120, blank=True)
    agent = models.CharField(max_length=32, blank=True)
    shown_number = models.CharField(max_length=24, blank=True, db_collation="C")
    recording_id = models.CharField(max_length=80, blank=True, db_collation="C")
    intent = models.CharField(max_length=40, blank=True)  # of a robot: what he said he would do
    hand_over = models.BooleanField(default=False)  # he asked for a person, or the robot could not go on
    transcript_sealed = models.BinaryField(null=True)  # under the party's key, else under one of the house
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["line", "call_id"], name="dialrecord_call"),
            models.Index(fields=["recording_id"], condition=~models.Q(recording_id=""), name="dialrecord_recording"),
            models.Index(fields=["campaign", "-id"], name="dialrecord_campaign"),
            models.Index(fields=["-id"], condition=~models.Q(problem=""), name="dialrecord_problem"),
            models.Index(fields=["-id"], condition=models.Q(hand_over=True), name="dialrecord_hand_over"),
            models.Index(fields=["shown_number", "-started_at"], name="dialrecord_shown"),
        ]
