"""Money that came in, and money that went back: facts only."""

from django.db import models

from dunwell.portfolio.models import Account


class Payment(models.Model):
    """Money received. Never edited: a provisional one is answered, a booked one is reversed.

    A booking that a corrected file withdrew is reversed; when the reference counts again, perhaps with another amount,
    that is its next `booking`.
    """

    class Kind(models.TextChoices):
        REPAYMENT = "repayment"
        MERCHANT_REFUND = "merchant_refund"
        CHARGEBACK = "chargeback"

    class Source(models.TextChoices):
        FILE = "file"
        TYPED = "typed"
        API = "api"
        PAGE = "page"  # by the cardholder on his own page, through a payment provider

    account = models.ForeignKey(Account, models.PROTECT, related_name="payments", db_index=False)  # payment_account_day
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.REPAYMENT)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    posting_date = models.DateField()
    transaction_date = models.DateField()
    business_date = models.DateField()
    source = models.CharField(max_length=8, choices=Source.choices)
    host_ref = models.CharField(max_length=64, db_collation="C")  # same reference, same payment
    booking = models.PositiveSmallIntegerField(default=1)
    told_on = models.DateField(null=True)  # the business date whose file tells it
    counts_to_minimum = models.BooleanField(default=True)
    provisional = models.BooleanField(default=False)  # 已还待入账: stops demands, not yet booked by the host
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "host_ref", "provisional", "booking"], name="one_payment"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_positive"),
        ]
        indexes = [models.Index(fields=["account", "posting_date"], name="payment_account_day")]


class PaymentAnswer(models.Model):
    """What became of a provisional payment: posted (as which payment), dropped, or expired without a word of the host."""

    class Answer(models.TextChoices):
        POSTED = "posted"
        DROPPED = "dropped"
        EXPIRED = "expired"

    payment = models.OneToOneField(Payment, models.PROTECT, primary_key=True, related_name="answer")
    answer = models.CharField(max_length=8, choices=Answer.choices)
    posted_as = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="answers")
    recorded_at = models.DateTimeField()


class Reversal(models.Model):
    """冲正: takes a payment back, whole or in part."""

    class Source(models.TextChoices):
        FILE = "file"
        TYPED = "typed"
        API = "api"
        WITHDRAWN = "withdrawn"  # a corrected file of its day does not tell it so any more

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="reversals")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    posting_date = models.DateField()
    business_date = models.DateField()
    host_ref = models.CharField(max_length=80, db_collation="C")
    source = models.CharField(max_length=9, choices=Source.choices)
    told_on = models.DateField(null=True)  # the business date whose file tells it
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "host_ref"], name="one_reversal"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="reversal_positive"),
        ]
