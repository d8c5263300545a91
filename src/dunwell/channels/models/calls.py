"""Calls by a connected telephone, their recordings, and the numbers that calls show."""

from __future__ import annotations

from django.db import models

from dunwell.compliance.models import Contact
from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity


class Call(models.Model):
    """A call by a connected telephone: asked for at the click, dialled by the process that keeps the line.

    Its state is its last CallEvent; without one it waits to be dialled. The number is never shown.
    """

    contact = models.OneToOneField(Contact, models.PROTECT, primary_key=True, related_name="call")
    line = models.CharField(max_length=24)
    seat = models.CharField(max_length=32)  # 工号: staff_no of the one who calls
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["line", "seat", "-asked_at"], name="call_seat")]


class CallEvent(models.Model):
    """A fact: what happened to a call. `dialled` is committed before the telephone is told."""

    class Kind(models.TextChoices):
        REFUSED = "refused"  # by the gate at the dial, or its token was over
        DIALLED = "dialled"
        RINGING = "ringing"
        ANSWERED = "answered"
        ENDED = "ended"
        LOST = "lost"  # the process or the telephone was gone: nobody knows what came of it

    call = models.ForeignKey(Call, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    telephone_id = models.CharField(max_length=80, blank=True, db_collation="C")  # the telephone's own
    detail = models.CharField(max_length=120, blank=True)  # the cause of an end, the rule of a refusal
    outcome = models.CharField(max_length=28, blank=True)  # what an unanswered end came to, by the network's cause
    here = models.BooleanField(default=False)  # this side ended it
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "kind"], name="one_event_a_kind")]
        indexes = [models.Index(fields=["telephone_id"], condition=~models.Q(telephone_id=""), name="callevent_id")]


class Recording(models.Model):
    """A fact: the sound of a call, kept by content, as the telephone or a batch brought it."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    file = models.ForeignKey(StoredFile, models.PROTECT)
    media_type = models.CharField(max_length=24)
    call_id = models.CharField(max_length=80, blank=True, db_collation="C")
    seat = models.CharField(max_length=32, blank=True)
    digest = models.BinaryField(null=True)  # keyed hash of the number
    started_at = models.DateTimeField()
    seconds = models.IntegerField()
    source = models.CharField(max_length=16)  # telephone, batch
    recorded_at = models.DateTimeField()
    key = models.CharField(max_length=100, unique=True)

    class Meta:
        indexes = [models.Index(fields=["started_at"], name="recording_started")]


class RecordingMatch(models.Model):
    """A fact: whose call a recording is, and how that was found: call_id, or number_seat_time."""

    recording = models.OneToOneField(Recording, models.PROTECT, primary_key=True, related_name="match")
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="recordings")
    found_by = models.CharField(max_length=16)
    recorded_at = models.DateTimeField()


class CallerNumber(models.Model):
    """A number of the bank's own that calls show. What is told of it later stands in CallerNumberMark."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    number = models.CharField(max_length=24, unique=True, db_collation="C")  # the bank's, not a person's
    region = models.CharField(
        max_length=2, blank=True
    )  # province by GB/T 2260, such as 11; empty: of no place (95, 400)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class CallerNumberMark(models.Model):
    """A fact about a number of the pool: marked by a platform (号码标记), cleared, put to rest, withdrawn."""

    class Kind(models.TextChoices):
        MARKED = "marked"
        CLEARED = "cleared"
        RESTS = "rests"
        WITHDRAWN = "withdrawn"

    caller_number = models.ForeignKey(CallerNumber, models.PROTECT, related_name="marks")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    until = models.DateTimeField(null=True)  # of a rest
    detail = models.CharField(max_length=200, blank=True)  # the platform and what it says
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
