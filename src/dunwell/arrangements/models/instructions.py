"""What the host is asked to book, in which file it went, and what the host answered."""

from django.db import models

from dunwell.arrangements.models.plans import Arrangement
from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account


class Instruction(models.Model):
    """One thing that the host is to book. A fact; the host's answer is another."""

    class Kind(models.TextChoices):
        WAIVER = "waiver"
        WAIVER_REVERSAL = "waiver_reversal"
        PLAN_BOOKING = "plan_booking"
        PLAN_REPLACEMENT = "plan_replacement"  # one plan taken back and another booked in its place, or neither
        PLAN_CANCELLATION = "plan_cancellation"
        STOP_OF_INTEREST = "stop_of_interest"
        RESUMPTION_OF_INTEREST = "resumption_of_interest"
        CARD_BLOCK = "card_block"
        CARD_RELEASE = "card_release"
        DEDUCTION = "deduction"
        BALANCE_CONFIRMATION = "balance_confirmation"
        AMOUNT_CORRECTION = "amount_correction"

    entity = models.ForeignKey(Entity, models.PROTECT)
    account = models.ForeignKey(Account, models.PROTECT, related_name="instructions")
    arrangement = models.ForeignKey(Arrangement, models.PROTECT, null=True, related_name="instructions")
    kind = models.CharField(max_length=24, choices=Kind.choices)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    payload = models.JSONField()
    business_date = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class InstructionBatch(models.Model):
    """One file to the host. Its name is its number, so that written again after a kill it is the same file."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    business_date = models.DateField()
    number = models.PositiveIntegerField()
    recorded_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "business_date", "number"], name="one_batch_a_number")]

    @property
    def name(self) -> str:
        return f"instructions_{self.business_date}_{self.number:03}.csv"


class InstructionSending(models.Model):
    """The file that an instruction is in: one, for good."""

    instruction = models.OneToOneField(Instruction, models.PROTECT, primary_key=True, related_name="sending")
    batch = models.ForeignKey(InstructionBatch, models.PROTECT, related_name="sendings")


class InstructionAnswer(models.Model):
    """What the host said. The first answer stands; told again it changes nothing, told otherwise it is refused."""

    class Source(models.TextChoices):
        FILE = "file"
        API = "api"

    instruction = models.OneToOneField(Instruction, models.PROTECT, primary_key=True, related_name="answer")
    confirmed = models.BooleanField()
    reason = models.CharField(max_length=200, blank=True)
    host_ref = models.CharField(max_length=64, blank=True)
    booked_on = models.DateField()
    source = models.CharField(max_length=4, choices=Source.choices)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
