"""The outbox: what is to leave, and what became of it; what came in; letters."""

from __future__ import annotations

from django.db import models

from dunwell.channels.models.texts import Template
from dunwell.compliance.models import Contact, GateDecision
from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account, ContactPoint, Party


class Message(models.Model):
    """One message. Its text is encrypted; its state is the last MessageEvent's, kept here for the senders.

    When it has left, the log holds what never changes any more: all but CHANGES.
    """

    CHANGES = (
        "state", "not_before", "wanted_at", "sender", "handed_at", "parts", "cost", "currency", "refusal_rule",
    )  # fmt: skip

    class State(models.TextChoices):
        PLANNED = "planned"  # the gate has not been asked for sending yet
        NOT_CONNECTED = "not_connected"  # allowed, but the bank has no such line
        SENDING = "sending"  # handed over or about to be; after a crash this means in doubt
        SENT = "sent"  # the provider took it
        DELIVERED = "delivered"  # by the carrier's receipt
        UNDELIVERED = "undelivered"  # by the carrier's receipt, or a bounce
        REFUSED = "refused"  # by the gate
        FAILED = "failed"
        IN_DOUBT = "in_doubt"
        CANCELLED = "cancelled"

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="messages")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")  # null: about all that he owes
    case_id = models.BigIntegerField(null=True)
    case_no = models.CharField(max_length=20, blank=True, default="")  # as the text may name it
    planned_action_id = models.BigIntegerField(null=True, unique=True)
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    template = models.ForeignKey(Template, models.PROTECT)
    said = models.JSONField(default=dict)  # what the text says in place of the published figures
    subject_sealed = models.BinaryField(null=True)
    text_sealed = models.BinaryField()
    state = models.CharField(max_length=16, choices=State.choices)
    not_before = models.DateTimeField()
    wanted_at = models.DateTimeField(null=True)  # its first not_before: from then on its waiting counts
    line = models.CharField(max_length=24, blank=True, default="")  # by which it left: channels.lines
    sender = models.IntegerField(null=True)  # the process that has it in hand, by the number of its lock
    handed_at = models.DateTimeField(null=True)
    parts = models.SmallIntegerField(null=True)  # as the provider counts them: an SMS of 150 characters has 3
    cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)  # by the line's price list of the day
    currency = models.CharField(max_length=3, blank=True, default="")
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
            models.Index(fields=["sender"], condition=models.Q(state="sending"), name="message_in_hand"),
            models.Index(fields=["line", "recorded_at"], condition=~models.Q(line=""), name="message_line"),
            models.Index(fields=["party", "-id"], name="message_party"),
        ]


class MessageEvent(models.Model):
    message = models.ForeignKey(Message, models.PROTECT, related_name="events")
    state = models.CharField(max_length=16)
    detail = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()


class MessagePart(models.Model):
    """A fact: the provider took this part of a message, and gave it this number."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="taken")
    part = models.SmallIntegerField()
    line = models.CharField(max_length=24)
    provider_id = models.CharField(max_length=80, db_collation="C")
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["line", "provider_id"], name="part_provider")]  # providers use numbers again


class Receipt(models.Model):
    """A fact: what the carrier says became of a part. It may come before the part's own row, or to no part we know."""

    class State(models.TextChoices):
        DELIVERED = "delivered"
        UNDELIVERED = "undelivered"
        ON_ITS_WAY = "on_its_way"  # ACCEPTD, ENROUTE, UNKNOWN: nothing final

    line = models.CharField(max_length=24)
    provider_id = models.CharField(max_length=80, db_collation="C")
    reference = models.CharField(max_length=40, blank=True)  # ours, where the provider gives it back
    digest = models.BinaryField(null=True)  # keyed hash of the number it went to
    state = models.CharField(max_length=12, choices=State.choices)
    code = models.CharField(max_length=40, blank=True)  # the carrier's own
    dead_number = models.BooleanField(default=False)
    at = models.DateTimeField(null=True)  # by the carrier's clock
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=64, unique=True)

    class Meta:
        indexes = [models.Index(fields=["line", "provider_id"], name="receipt_provider")]


class ReceiptMatch(models.Model):
    """To which message a receipt belongs, and how that was found: by number, by reference, by an operator."""

    receipt = models.OneToOneField(Receipt, models.PROTECT, primary_key=True, related_name="match")
    message = models.ForeignKey(Message, models.PROTECT, related_name="receipts")
    found_by = models.CharField(max_length=16)
    recorded_at = models.DateTimeField()


class Inbound(models.Model):
    """A text that somebody sent us. One row a person whose number it came from; one without a person when unknown."""

    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="inbound")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT, null=True)
    entity = models.ForeignKey(Entity, models.PROTECT)
    line = models.CharField(max_length=24)
    channel = models.CharField(max_length=12)
    digest = models.BinaryField()  # keyed hash of the sender's number
    masked = models.CharField(max_length=80)
    text_sealed = models.BinaryField()  # under the party's key; without a party under one of the house
    meaning = models.CharField(max_length=12)  # opt_out, reply
    received_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=100, unique=True)

    class Meta:
        indexes = [models.Index(fields=["party", "-id"], name="inbound_party")]


class Letter(models.Model):
    """A fact: the letter as it was handed over, kept by content, and the job it went in."""

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="letter")
    file = models.ForeignKey(StoredFile, models.PROTECT)
    job = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()


class LineState(models.Model):
    """How a line is now: its breaker, and when its rate lets the next message leave. Not a fact; kept for the senders."""

    line = models.CharField(max_length=24, primary_key=True)
    failures = models.IntegerField(default=0)  # one after the other
    open_until = models.DateTimeField(null=True)  # the breaker: nothing is claimed before
    detail = models.CharField(max_length=200, blank=True)  # of the last failure
    failed_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)  # the provider's rate: the moment at which the next may leave
