"""Templates and the outbox: what is to leave, and what became of it."""

from django.db import models

from dunwell.compliance.models import Contact, GateDecision
from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account, ContactPoint, Party


class TextDraft(models.Model):
    """A fact: a text as somebody of the bank wrote it, in both languages, and what no text may say that was found in it."""

    code = models.CharField(max_length=24)
    version = models.IntegerField()
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    words = models.JSONField()  # language -> title, subject, body
    sha256 = models.CharField(max_length=64)
    findings = models.JSONField(default=list)  # by the pack of its day, with rule, language and the words found
    drafted_by = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_textdraft")]


class TextApproval(models.Model):
    """A fact: a second person approved a draft from a day on. Its templates are made with it."""

    draft = models.OneToOneField(TextDraft, models.PROTECT, primary_key=True, related_name="approval")
    from_day = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class TextWithdrawal(models.Model):
    """A fact: a version of a text, the bank's own or a shipped example, is not used from a day on."""

    code = models.CharField(max_length=24)
    version = models.IntegerField()
    draft = models.OneToOneField(TextDraft, models.PROTECT, null=True, related_name="withdrawal")  # null: a shipped one
    from_day = models.DateField()
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version", "draft"], nulls_distinct=False, name="one_textwithdrawal"
            )
        ]


class Template(models.Model):
    """An approved text, one row a version and language; never edited in place.

    With a draft it is the bank's own; without one it is a shipped example, loaded from a file with its hash.
    """

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
    draft = models.ForeignKey(TextDraft, models.PROTECT, null=True, related_name="templates")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version", "language", "draft"], nulls_distinct=False, name="one_template"
            )
        ]


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


class LineState(models.Model):
    """How a line is now: its breaker, and when its rate lets the next message leave. Not a fact; kept for the senders."""

    line = models.CharField(max_length=24, primary_key=True)
    failures = models.IntegerField(default=0)  # one after the other
    open_until = models.DateTimeField(null=True)  # the breaker: nothing is claimed before
    detail = models.CharField(max_length=200, blank=True)  # of the last failure
    failed_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)  # the provider's rate: the moment at which the next may leave


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
