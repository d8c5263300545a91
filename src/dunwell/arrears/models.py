"""Published columns of lateness and what is owed. A cache: only publishing and reassessing write it."""

from decimal import Decimal

from django.db import models

from dunwell.identity.models import Entity
from dunwell.payments.models import Payment
from dunwell.portfolio.models import Account


class PublishedDay(models.Model):
    """The business date whose night stands in the published columns. What moves by the calendar is reckoned to it."""

    entity = models.OneToOneField(Entity, models.CASCADE, primary_key=True, related_name="published_day")
    business_date = models.DateField()


class AccountState(models.Model):
    """An account in work: the host's position, and what follows from it, with the run that last changed it.

    A night whose figures only grew by the calendar does not write the row again: days delinquent are those on
    `business_date`, and queries.days_on gives those of another day.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="state", db_constraint=False)
    run_id = models.BigIntegerField()
    business_date = models.DateField()
    # the host's figures at the close of business_date
    principal_retail = models.DecimalField(max_digits=18, decimal_places=2)
    principal_cash = models.DecimalField(max_digits=18, decimal_places=2)
    principal_instalment_billed = models.DecimalField(max_digits=18, decimal_places=2)
    principal_instalment_unbilled = models.DecimalField(max_digits=18, decimal_places=2)
    interest_on_balance = models.DecimalField(max_digits=18, decimal_places=2)
    interest_off_balance = models.DecimalField(max_digits=18, decimal_places=2)
    late_charge = models.DecimalField(max_digits=18, decimal_places=2)
    other_fees = models.DecimalField(max_digits=18, decimal_places=2)
    disputed_amount = models.DecimalField(max_digits=18, decimal_places=2)
    credit_balance = models.DecimalField(max_digits=18, decimal_places=2)
    credit_limit = models.DecimalField(max_digits=18, decimal_places=2)
    block_code = models.CharField(max_length=8, blank=True)
    statement_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    minimum_payment = models.DecimalField(max_digits=18, decimal_places=2)
    host_past_due = models.DecimalField(max_digits=18, decimal_places=2)  # at the close, before payments since
    host_overdue_since = models.DateField(null=True)
    host_periods_past_due = models.SmallIntegerField(null=True)
    auto_debit = models.BooleanField(default=False)
    auto_debit_result = models.CharField(max_length=24, blank=True)
    first_payment_default = models.BooleanField(default=False)
    # what follows, payments since the position included
    paid_since = models.DecimalField(max_digits=18, decimal_places=2)
    balance = models.DecimalField(max_digits=18, decimal_places=2)
    past_due = models.DecimalField(max_digits=18, decimal_places=2)
    oldest_due_date = models.DateField(null=True)
    periods_past_due = models.SmallIntegerField()
    days_delinquent = models.IntegerField()  # on business_date
    bucket = models.CharField(max_length=4)
    stage = models.CharField(max_length=12)
    risk_class = models.CharField(max_length=16, default="")
    risk_rule = models.CharField(max_length=24, default="")  # the rule that made it the worst


class Due(models.Model):
    """What one statement newly asked for: its minimum less the unpaid minimums before it."""

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="dues", db_index=False, db_constraint=False
    )  # one_due
    statement_date = models.DateField()
    due_date = models.DateField()
    minimum_payment = models.DecimalField(max_digits=18, decimal_places=2)
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "statement_date"], name="one_due")]


class AllocationLine(models.Model):
    """How a payment was spread over the components, and under which rule."""

    payment = models.ForeignKey(
        Payment, models.CASCADE, related_name="allocation", db_index=False, db_constraint=False
    )  # one_allocation_line
    position = models.SmallIntegerField()
    component = models.CharField(max_length=32)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    rule = models.CharField(max_length=24)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payment", "position"], name="one_allocation_line")]


class RiskJudgement(models.Model):
    """Somebody's judgement that an account's class is worse than its days say (人工认定). A fact.

    It counts once somebody else has approved it, from `starts_on` to `ends_on`, both included; the column program
    takes the worst of the tables and of what counts.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="judgements")
    risk_class = models.CharField(max_length=16)  # special_mention, substandard, doubtful, loss
    reason = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_on__gte=models.F("starts_on")), name="judged_days")
        ]


class RiskJudgementAnswer(models.Model):
    """What a second person said to a judgement."""

    judgement = models.OneToOneField(RiskJudgement, models.PROTECT, primary_key=True, related_name="answer")
    approved = models.BooleanField()
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()


class RiskJudgementEnd(models.Model):
    """A judgement that ends before its time."""

    judgement = models.OneToOneField(RiskJudgement, models.PROTECT, primary_key=True, related_name="end")
    last_day = models.DateField()
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()


class HostDifference(models.Model):
    """A component of the host's position that lies beyond the tolerance from ours, found in the night of `business_date`.

    It blocks letter, settlement and suit of its account until somebody explains it. Written by publishing alone.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="differences")
    business_date = models.DateField()
    run_id = models.BigIntegerField()
    component = models.CharField(max_length=12)  # principal, interest, late_charge, fees, credit
    expected = models.DecimalField(max_digits=18, decimal_places=2)
    found = models.DecimalField(max_digits=18, decimal_places=2)
    cause = models.CharField(max_length=24)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "business_date", "component"], name="one_difference")]

    @property
    def difference(self) -> Decimal:
        """What the host has more than we expect; less when negative."""
        return self.found - self.expected


class DifferenceExplanation(models.Model):
    """Somebody's explanation of a difference. A fact: it holds for the figures explained, not for others found later."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="explanations")
    business_date = models.DateField()
    component = models.CharField(max_length=12)
    expected = models.DecimalField(max_digits=18, decimal_places=2)
    found = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "business_date", "component", "expected", "found"], name="one_explanation"
            )
        ]
