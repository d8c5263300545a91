"""Figures the night publishes for managers, each with the run that made it."""

from django.db import models


class BucketDay(models.Model):
    """A bucket at the close of a business date: accounts, balance, past due."""

    business_date = models.DateField()
    currency = models.CharField(max_length=3)
    bucket = models.CharField(max_length=4)
    accounts = models.BigIntegerField()
    balance = models.DecimalField(max_digits=22, decimal_places=2)
    past_due = models.DecimalField(max_digits=22, decimal_places=2)
    run_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business_date", "currency", "bucket"], name="one_bucket_day"),
        ]


class RollRate(models.Model):
    """Accounts and balance (at `month`'s start) that moved from one bucket to another between month ends."""

    month = models.DateField()  # the month end moved to
    currency = models.CharField(max_length=3)
    from_bucket = models.CharField(max_length=4)
    to_bucket = models.CharField(max_length=4)
    accounts = models.BigIntegerField()
    balance = models.DecimalField(max_digits=22, decimal_places=2)
    run_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month", "currency", "from_bucket", "to_bucket"], name="one_roll_rate"),
        ]


class CohortMonth(models.Model):
    """A cohort of entry (入催 month): its balance at entry, and what came back up to `month`."""

    cohort = models.DateField()  # first of the month of entry
    month = models.DateField()  # month end
    currency = models.CharField(max_length=3)
    accounts = models.BigIntegerField()
    entry_balance = models.DecimalField(max_digits=22, decimal_places=2)
    recovered = models.DecimalField(max_digits=22, decimal_places=2)
    run_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cohort", "month", "currency"], name="one_cohort_month")]
