"""The cardholder's own page: links that open it once, who came in, what was asked for, and what became of it."""

from django.db import models

from dunwell.identity.models import Entity
from dunwell.payments.models import Payment
from dunwell.portfolio.models import Account, ContactPoint, Party


class Link(models.Model):
    """A fact: an address that opens the page once. Its token is kept as hash, and so is what only the person knows."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="links")
    contact_point = models.ForeignKey(ContactPoint, models.PROTECT, null=True)  # where it went; null: handed over
    case_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=12)  # sms, email, im, letter; hand: shown or printed by staff
    token = models.BinaryField(unique=True)  # SHA-256 of 128 random bits
    knows = models.BinaryField(null=True)  # keyed hash of the last characters of his document's number
    expires_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["party", "-id"], name="link_party")]


class Session(models.Model):
    """A link that was opened, in one browser. Written by the functions of sql/door.sql, which count and lock."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="+")
    link = models.OneToOneField(Link, models.PROTECT, related_name="session")  # one: a link opens once
    secret = models.BinaryField(unique=True)  # SHA-256 of the cookie
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True)  # the second factor was right: before that nothing is shown
    ended_at = models.DateTimeField(null=True)
    failures = models.SmallIntegerField(default=0)
    code = models.BinaryField(null=True)  # keyed hash of the one-time code sent last
    code_ends_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["party", "opened_at"], name="session_party")]


class Request(models.Model):
    """A fact: what happened at the door, or what somebody who came in asks for. The worker answers it.

    `body` is sealed for the worker's key: the process that writes it cannot read what others sent.
    """

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="requests")
    link = models.ForeignKey(Link, models.PROTECT)
    session = models.ForeignKey(Session, models.PROTECT, null=True)
    kind = models.CharField(max_length=16)
    body = models.BinaryField(null=True)
    key = models.CharField(max_length=80, unique=True)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["party", "-id"], name="request_party")]


class Answer(models.Model):
    """A fact: what became of a request. `data` is no personal data; `sealed` opens by the session that asked."""

    request = models.OneToOneField(Request, models.PROTECT, primary_key=True, related_name="answer")
    done = models.BooleanField()
    data = models.JSONField(default=dict)
    sealed = models.BinaryField(null=True)
    recorded_at = models.DateTimeField()


class Order(models.Model):
    """A fact: a payment that a cardholder went to a provider to make, into one account of his."""

    request = models.OneToOneField(Request, models.PROTECT, primary_key=True, related_name="order")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    order_no = models.CharField(max_length=32, unique=True, db_collation="C")
    provider = models.CharField(max_length=24)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()


class CallBack(models.Model):
    """A fact: what the provider says of an order, word for word with its signature. It may come late, and again."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="call_backs")
    provider_ref = models.CharField(max_length=64, db_collation="C")
    state = models.CharField(max_length=12)  # paid, failed
    body = models.TextField()
    signature = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "provider_ref", "state"], name="one_call_back"),
        ]


class CallBackOutcome(models.Model):
    """A fact: what we made of it. Without a payment `refused` says why."""

    call_back = models.OneToOneField(CallBack, models.PROTECT, primary_key=True, related_name="outcome")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="+")
    refused = models.CharField(max_length=16, blank=True)
    recorded_at = models.DateTimeField()


class Visit(models.Model):
    """How often an address knocked in a minute, under a keyed hash that is forgotten the next day."""

    visitor = models.BinaryField()
    minute = models.DateTimeField()
    times = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visitor", "minute"], name="one_minute")]
