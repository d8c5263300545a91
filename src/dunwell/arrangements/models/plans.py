"""Arrangements: what was proposed, who approved, how it was agreed to, since when it is in force, how it ended."""

from django.db import models

from dunwell.identity.models import Entity
from dunwell.payments.models import Reversal
from dunwell.portfolio.models import Account, Party


class CombinedPlan(models.Model):
    """One agreement over several accounts of a person: an arrangement for each, offered, agreed, performed and ended together.

    Amounts of the whole are the sums of its parts. A rate is none: those of the whole stand here, with the rule by which what
    is paid at once was spread over the accounts.
    """

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="+")
    annual_rate_percent = models.DecimalField(max_digits=12, decimal_places=4)
    compounded_percent = models.DecimalField(max_digits=12, decimal_places=4)
    spread = models.JSONField()  # rule, since, first_payment_by
    recorded_at = models.DateTimeField()


class Arrangement(models.Model):
    """A proposal with all its terms, as the product's line of that day made them. Its terms are never edited.

    What is in CHANGES is computed by the programs from the facts beside it, never typed.
    """

    CHANGES = ("standing", "standing_on")

    class Standing(models.TextChoices):
        PROPOSED = "proposed"
        REFUSED = "refused"  # by who was to approve it
        APPROVED = "approved"
        LAPSED = "lapsed"  # nobody agreed to it in time
        AGREED = "agreed"  # the host has been asked
        REJECTED = "rejected"  # by the host
        IN_FORCE = "in_force"
        MISSED = "missed"  # an instalment is late, within grace
        BREACHED = "breached"  # beyond grace; paying revives it
        TERMINATED = "terminated"  # too late, or once too often
        ENDED = "ended"  # performed
        CANCELLED = "cancelled"
        REPLACED = "replaced"  # by a change of it that is in force
        DIED = "died"

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="arrangements")
    account = models.ForeignKey(Account, models.PROTECT, related_name="arrangements")
    case_id = models.BigIntegerField(null=True)
    case_no = models.CharField(max_length=20, blank=True, default="")
    product = models.CharField(max_length=24)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    waived = models.JSONField(default=dict)  # part -> amount, as text
    first_payment = models.DecimalField(max_digits=18, decimal_places=2)
    financed = models.DecimalField(max_digits=18, decimal_places=2)
    cost = models.DecimalField(max_digits=18, decimal_places=2)
    annual_rate_percent = models.DecimalField(max_digits=12, decimal_places=4)
    term = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=8)
    terms = models.JSONField()  # the product's numbers it was made under, and what was known of the person
    persons = models.PositiveSmallIntegerField()  # who approve, by the mandate in force on that day
    roles = models.JSONField()
    grace_days = models.PositiveSmallIntegerField()
    revival_days = models.PositiveSmallIntegerField()
    revivals = models.PositiveSmallIntegerField()
    proposed_on = models.DateField()
    lapses_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)
    #: The running plan that it takes the place of, once the host has booked it: a change of that one.
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replacements")
    #: The agreement over several accounts of which this is the part of one; the first part by number speaks for all.
    combined = models.ForeignKey(CombinedPlan, models.PROTECT, null=True, related_name="parts")
    standing = models.CharField(max_length=12, choices=Standing.choices, default=Standing.PROPOSED)
    standing_on = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["party", "-id"], name="arrangement_party"),
            models.Index(
                fields=["party"],
                condition=models.Q(standing__in=("proposed", "approved", "agreed", "in_force", "missed", "breached")),
                name="arrangement_binding",
            ),
        ]


class Instalment(models.Model):
    """One amount by one date; position 0 is the first payment. What is in CHANGES is computed by the programs."""

    CHANGES = ("state", "received", "paid_on")

    class State(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        PAID_LATE = "paid_late"
        PARTLY_PAID = "partly_paid"
        MISSED = "missed"

    arrangement = models.ForeignKey(Arrangement, models.PROTECT, related_name="instalments")
    position = models.PositiveSmallIntegerField()
    due_date = models.DateField()
    principal = models.DecimalField(max_digits=18, decimal_places=2)
    interest = models.DecimalField(max_digits=18, decimal_places=2)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    received = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    paid_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["arrangement", "position"], name="one_instalment")]
        indexes = [models.Index(fields=["due_date"], condition=models.Q(state="open"), name="instalment_open")]


class ArrangementAnswer(models.Model):
    """One person's approval or refusal. Never the proposer's; each person once."""

    arrangement = models.ForeignKey(Arrangement, models.PROTECT, related_name="answers")
    approved = models.BooleanField()
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["arrangement", "recorded_by"], name="one_answer_a_person")]


class ArrangementConsent(models.Model):
    """The cardholder agreed: signed, in writing, or in a recorded talk; and what it costs in all was disclosed before."""

    class Form(models.TextChoices):
        SIGNATURE = "signature"
        WRITTEN = "written"
        RECORDING = "recording"

    arrangement = models.OneToOneField(Arrangement, models.PROTECT, primary_key=True, related_name="consent")
    form = models.CharField(max_length=12, choices=Form.choices)
    evidence = models.CharField(max_length=120)
    agreed_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class ArrangementForce(models.Model):
    """The host has confirmed every instruction: from this day on it is in force."""

    arrangement = models.OneToOneField(Arrangement, models.PROTECT, primary_key=True, related_name="force")
    in_force_on = models.DateField()
    recorded_at = models.DateTimeField()


class ArrangementEnd(models.Model):
    """It ended before its last instalment was paid: cancelled by somebody, or replaced by another."""

    arrangement = models.OneToOneField(Arrangement, models.PROTECT, primary_key=True, related_name="end")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class ArrangementRepaid(models.Model):
    """It was repaid early: by the host's books of a day nothing was owed on its account any more. Or it was not, after all: more
    of the money that they knew was taken back than they had to spare. The last one of an arrangement counts.
    """

    arrangement = models.ForeignKey(Arrangement, models.PROTECT, related_name="repayments")
    repaid = models.BooleanField()
    books_of = models.DateField()  # of what was not repaid after all: those that had said so
    credit = models.DecimalField(max_digits=18, decimal_places=2)  # what was there by them beyond what was owed
    reversal = models.ForeignKey(Reversal, models.PROTECT, null=True, related_name="+")  # the one by which it was not
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["arrangement", "-id"], name="repaid_arrangement")]


class ArrangementStep(models.Model):
    """What followed from a standing: a reminder, a notice of breach, a hold lifted or placed again. The last one counts."""

    arrangement = models.ForeignKey(Arrangement, models.PROTECT, related_name="steps")
    standing = models.CharField(max_length=12)
    due_date = models.DateField()  # the instalment that it is about; of an end, the last one
    message_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["arrangement", "-id"], name="step_arrangement")]
