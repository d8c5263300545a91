"""Cases, who owns them, what is planned, and the queue from which Next takes."""

from __future__ import annotations

from datetime import date

from django.db import models

from dunwell.arrears.queries import days_on
from dunwell.channels.models import Message
from dunwell.identity.models import Entity, User
from dunwell.portfolio.models import ContactPoint, Party


class Case(models.Model):
    """The work on one party's late accounts, from first day late to closed.

    Opened, closed and ranked by the programs alone (columns below `opened_on`); taken, released and put off by
    casework.services: `ready_at`, `owner` and `held_*` are theirs, and publishing writes `ready_at` only when it opens
    a case.
    """

    # Every index is written anew when a case is taken or published, so there is none that no read needs.
    entity = models.ForeignKey(Entity, models.PROTECT, db_index=False, db_constraint=False)
    party = models.ForeignKey(Party, models.PROTECT, related_name="cases")
    case_no = models.CharField(max_length=24, unique=True, db_collation="C")  # C-YYMM-NNNNNN
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    close_reason = models.CharField(max_length=24, blank=True)
    run_id = models.BigIntegerField()
    business_date = models.DateField()
    entered_on = models.DateField(null=True)  # 入催: first demandable day, grace over
    entry_balance = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3)  # of the account that leads the case
    balance = models.DecimalField(max_digits=18, decimal_places=2)
    past_due = models.DecimalField(max_digits=18, decimal_places=2)
    oldest_due_date = models.DateField(null=True)
    days_delinquent = models.IntegerField()
    bucket = models.CharField(max_length=4)
    stage = models.CharField(max_length=12)
    segment = models.CharField(max_length=40, blank=True)
    first_payment_default = models.BooleanField(default=False)
    promise_state = models.CharField(max_length=16, blank=True)  # open, broken, partly_kept ... of the latest
    # the queue
    queue = models.CharField(max_length=16, blank=True)  # call, visit, agency, law_firm; empty: nothing to do
    rank = models.IntegerField(default=0)  # smaller comes first
    next_rule = models.CharField(max_length=40, blank=True)  # why it is next: the treatment step's id
    next_reason = models.JSONField(default=dict)  # {"code": ..., params}
    ready_at = models.DateTimeField(null=True)  # earliest lawful and wanted moment to call
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="owned_cases", db_index=False)
    held_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="held_cases", db_index=False)
    held_until = models.DateTimeField(null=True)

    def reckoned(self, day: date | None) -> Case:
        """This case with the days it has on the published `day`: the night writes a row only where more than they changed.

        Only what is read changes; nothing of it is to be saved.
        """
        if day is not None and day > self.business_date and self.closed_on is None:
            more = (day - self.business_date).days
            self.days_delinquent = days_on(day, days=self.days_delinquent, of=self.business_date)
            params = dict(self.next_reason.get("params") or {})
            if isinstance(params.get("days"), int):
                self.next_reason = {**self.next_reason, "params": params | {"days": params["days"] + more}}
            self.business_date = day
        return self

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party"], condition=models.Q(closed_on=None), name="one_open_case"),
        ]
        indexes = [
            # case_next_pool stands in migration 0002: its second column is an expression
            models.Index(
                fields=["owner", "rank", "id"],
                condition=models.Q(queue="call", closed_on=None),
                name="case_next_own",
            ),
            models.Index(fields=["entity", "rank", "id"], condition=models.Q(closed_on=None), name="case_open_rank"),
            models.Index(fields=["bucket"], condition=models.Q(closed_on=None), name="case_open_bucket"),
            models.Index(fields=["held_by"], condition=models.Q(held_by__isnull=False), name="case_held"),
            models.Index(fields=["held_until"], condition=models.Q(held_by__isnull=False), name="case_held_until"),
        ]


class Ownership(models.Model):
    """分案: who owns a case, from when to when. A fact; the next one ends it."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="ownerships")
    owner = models.ForeignKey(User, models.PROTECT, null=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    while_stage = models.CharField(max_length=12, blank=True)  # it ends, too, when the case leaves this stage
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class Note(models.Model):
    """What a collector wrote down, encrypted under the party's key."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes")
    text_sealed = models.BinaryField()
    pinned = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class Reminder(models.Model):
    """A snooze or a call-back asked for, or a task: the case comes back at `due_at`.

    The reason of a task is a code of words.REASONS; what it is about stands with its own facts.
    """

    class Kind(models.TextChoices):
        SNOOZE = "snooze"
        CALL_BACK = "call_back"
        TASK = "task"

    COMES_FIRST = (Kind.CALL_BACK, Kind.TASK)  # with Next, before all others

    case = models.ForeignKey(Case, models.PROTECT, related_name="reminders")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    done_at = models.DateTimeField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(kind__in=("call_back", "task"), done_at=None), name="comes_first"
            ),
        ]


class PlannedAction(models.Model):
    """One action the strategy planned. Unique by party, treatment step and cycle: never planned twice."""

    class State(models.TextChoices):
        PLANNED = "planned"
        DONE = "done"
        CANCELLED = "cancelled"

    entity = models.ForeignKey(Entity, models.PROTECT, db_index=False, db_constraint=False)
    party = models.ForeignKey(
        Party, models.PROTECT, related_name="planned_actions", db_index=False, db_constraint=False
    )  # one_action_a_step
    case = models.ForeignKey(Case, models.PROTECT, related_name="planned_actions", db_constraint=False)
    step = models.CharField(max_length=40)  # treatment step id of the strategy
    cycle = models.DateField()  # the oldest due date the step answers
    channel = models.CharField(max_length=12)
    purpose = models.CharField(max_length=20)
    template = models.CharField(max_length=24, blank=True)
    due_on = models.DateField()
    segment = models.CharField(max_length=40)
    rule = models.CharField(max_length=64)
    strategy_sha256 = models.CharField(max_length=64)
    run_id = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    state_reason = models.CharField(max_length=64, blank=True)
    gate_preview = models.JSONField(default=dict)  # decide() at planning: advisory

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "step", "cycle"], name="one_action_a_step")]
        indexes = [
            models.Index(fields=["due_on", "channel"], condition=models.Q(state="planned"), name="action_planned"),
        ]


class Draft(models.Model):
    """What a collector had typed when the page went away."""

    user = models.ForeignKey(User, models.CASCADE)
    case = models.ForeignKey(Case, models.CASCADE)
    data_sealed = models.BinaryField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "case"], name="one_draft")]


class Notice(models.Model):
    """A fact: a statutory notice of a late cycle and the message that carries it; what became of it is the message's."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="notices")
    case = models.ForeignKey(Case, models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=24)  # of notices.yaml
    cycle = models.DateField()  # the oldest unpaid due date that it is about
    nr = models.SmallIntegerField(default=1)  # the second when the first did not reach him
    message = models.OneToOneField(Message, models.PROTECT, related_name="notice")
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "kind", "cycle", "nr"], name="one_notice_a_cycle"),
        ]


class Capability(models.Model):
    """A fact: which cases a collector takes at a hand-out. His last one counts; whoever has none takes any."""

    user = models.ForeignKey(User, models.PROTECT, related_name="capabilities")
    stages = models.JSONField(default=list)  # empty: any
    languages = models.JSONField(default=list)  # of the person; empty: any
    skills = models.JSONField(default=list)  # of hand_out.yaml; a case that asks for another is not his
    capacity = models.IntegerField(null=True)  # open cases owned at most; None: no limit
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class Absence(models.Model):
    """A fact: from when to when a collector is away, and one who keeps his cases and call-backs meanwhile.

    Nothing changes hands: on these days `cover` works the cases of `user` beside his own, and afterwards they are his.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="absences")
    cover = models.ForeignKey(User, models.PROTECT, related_name="covers")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=16)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["cover", "ends_on"], name="absence_cover")]


class AbsenceEnd(models.Model):
    """A fact: he is back earlier; `ends_on` is the last day of the absence (before its first: it did not take place)."""

    absence = models.OneToOneField(Absence, models.PROTECT, primary_key=True, related_name="end")
    ends_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class Assist(models.Model):
    """协催, a fact: a second collector on a case. The owner stays the owner."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="assists")
    user = models.ForeignKey(User, models.PROTECT, related_name="assists")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class AssistEnd(models.Model):
    """A fact: the assist ended on this day."""

    assist = models.OneToOneField(Assist, models.PROTECT, primary_key=True, related_name="end")
    ends_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class Trace(models.Model):
    """失联修复, a fact: one lawful step to find somebody again and what came of it. The steps are tracing.yaml's."""

    class Result(models.TextChoices):
        FOUND = "found"
        NOTHING = "nothing"
        REFUSED = "refused"  # who was asked does not say
        WAITING = "waiting"  # asked, no answer yet

    case = models.ForeignKey(Case, models.PROTECT, related_name="traces")
    step = models.CharField(max_length=24)
    result = models.CharField(max_length=8, choices=Result.choices)
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT, null=True, related_name="traces")  # what was found
    evidence = models.CharField(max_length=200, blank=True)  # the query's reference, the address of a public page ...
    text_sealed = models.BinaryField(null=True)  # in words, under the party's key
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class Asset(models.Model):
    """A fact: something that he owns, found in tracing, with its lawful source. For the legal room."""

    class Kind(models.TextChoices):
        HOUSE = "house"
        VEHICLE = "vehicle"
        DEPOSIT = "deposit"
        WAGES = "wages"
        SHARES = "shares"
        OTHER = "other"

    case = models.ForeignKey(Case, models.PROTECT, related_name="assets")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    step = models.CharField(max_length=24)  # of tracing.yaml
    evidence = models.CharField(max_length=200)
    text_sealed = models.BinaryField()  # what and where, under the party's key
    found_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)
