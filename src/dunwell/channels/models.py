"""Templates and the outbox: what is to leave, and what became of it."""

from django.db import models

from dunwell.compliance.models import Contact, GateDecision
from dunwell.identity.models import Entity
from dunwell.portfolio.models import ContactPoint, Party


class Template(models.Model):
    """An approved text, one row a version. Loaded from a file with its hash; never edited in place."""

    code = models.CharField(max_length=24)
    version = models.IntegerField()
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    language = models.CharField(max_length=8)
    title = models.CharField(max_length=80)
    subject = models.CharField(max_length=120, blank=True)
    body = models.TextField()  # {placeholders} of channels.rules.PLACEHOLDERS
    sha256 = models.CharField(max_length=64)
    approved_by = models.CharField(max_length=64)
    in_force_from = models.DateField()
    in_force_to = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version", "language"], name="one_template")]


class Message(models.Model):
    """One message. Its text is encrypted; its state is the last MessageEvent's, kept here for the senders."""

    class State(models.TextChoices):
        PLANNED = "planned"  # the gate has not been asked for sending yet
        NOT_CONNECTED = "not_connected"  # allowed, but the bank's SMS line is not connected
        SENDING = "sending"  # handed over or about to be; after a crash this means in doubt
        SENT = "sent"
        REFUSED = "refused"  # by the gate
        FAILED = "failed"
        IN_DOUBT = "in_doubt"
        CANCELLED = "cancelled"

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="messages")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT)
    case_id = models.BigIntegerField(null=True)
    case_no = models.CharField(max_length=20, blank=True, default="")  # as the text may name it
    planned_action_id = models.BigIntegerField(null=True, unique=True)
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    template = models.ForeignKey(Template, models.PROTECT)
    subject_sealed = models.BinaryField(null=True)
    text_sealed = models.BinaryField()
    state = models.CharField(max_length=16, choices=State.choices)
    not_before = models.DateTimeField()
    contact = models.OneToOneField(Contact, models.PROTECT, null=True, related_name="message")
    decision = models.ForeignKey(GateDecision, models.PROTECT, null=True, related_name="+")  # the gate's last answer
    message_id = models.CharField(max_length=120, unique=True)
    refusal_rule = models.CharField(max_length=32, blank=True)
    recorded_at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], condition=models.Q(state="planned"), name="message_waiting"),
            models.Index(fields=["party", "-id"], name="message_party"),
        ]


class MessageEvent(models.Model):
    message = models.ForeignKey(Message, models.PROTECT, related_name="events")
    state = models.CharField(max_length=16)
    detail = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
