"""What a legal officer writes down, the papers of a claim, and how long it can be sued for."""

from django.db import models

from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity
from dunwell.portfolio.models import Account, Party


class LimitationFact(models.Model):
    """Something that interrupts or suspends limitation and that no program sees: a suit, a signature, an obstacle.

    `kind` is of `legal/interruptions.yaml`; an obstacle has a first day and, once it is over, a last one.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="limitation_facts")
    kind = models.CharField(max_length=24)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    reason = models.CharField(max_length=200)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class LimitationFactWithdrawal(models.Model):
    """A fact that was written down wrongly. It stays, and does not count."""

    fact = models.OneToOneField(LimitationFact, models.PROTECT, primary_key=True, related_name="withdrawal")
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class LimitationClock(models.Model):
    """Until when an account's claim can be sued for: computed by the programs from facts, written by them alone."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="limitation")
    starts_on = models.DateField()
    expires_on = models.DateField(null=True)  # null: an obstacle still stands
    last_kind = models.CharField(max_length=24, blank=True)
    last_on = models.DateField(null=True)
    last_evidence = models.CharField(max_length=60, blank=True)
    warned_days = models.SmallIntegerField(null=True)  # the narrowest warning given for this end
    computed_on = models.DateField()

    class Meta:
        indexes = [
            models.Index(fields=["expires_on", "account"], name="limitation_end"),
            models.Index(fields=["computed_on"], name="limitation_computed"),
        ]


class Paper(models.Model):
    """A document that a court asks for: of one account, of a party, or the bank's own standing papers.

    `kind` is of `legal/papers.yaml`. The newest of a kind that is in force on a day is the one.
    """

    entity = models.ForeignKey(Entity, models.PROTECT)
    kind = models.CharField(max_length=32)
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="papers")
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="papers")
    file = models.ForeignKey(StoredFile, models.PROTECT)
    name = models.CharField(max_length=120)
    in_force_from = models.DateField()
    in_force_to = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [models.Index(fields=["entity", "kind"], name="paper_kind")]


class Bundle(models.Model):
    """A set of proof that was handed out: for whom, of which days, and the hash of what was handed out."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    party = models.ForeignKey(Party, models.PROTECT, related_name="bundles")
    from_day = models.DateField()
    to_day = models.DateField()
    cut_off = models.DateField()
    reason = models.CharField(max_length=200)
    file = models.ForeignKey(StoredFile, models.PROTECT)
    missing = models.JSONField(default=list)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)


class Destruction(models.Model):
    """A fact: somebody proposes to destroy records whose period has ended. What came of it are facts of their own."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    kind = models.CharField(max_length=24)  # of legal.queries.due.KINDS
    reason = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()
    key = models.CharField(max_length=80, unique=True)


class DestructionItem(models.Model):
    """A fact: one record of a proposal, with its hash, the day from which its period ran, and the rule that ended it."""

    destruction = models.ForeignKey(Destruction, models.PROTECT, related_name="items")
    model = models.CharField(max_length=40)  # channels.recording
    row = models.BigIntegerField()
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, related_name="destruction_items")
    about = models.CharField(max_length=120)  # no personal data in clear
    day = models.DateField()
    kept_until = models.DateField()
    rule = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["destruction", "model", "row"], name="one_item_a_record")]
        indexes = [models.Index(fields=["model", "row"], name="destruction_record")]


class DestructionAnswer(models.Model):
    """A fact: another person approved it, which gives its protocol a number, or refused it."""

    destruction = models.OneToOneField(Destruction, models.PROTECT, primary_key=True, related_name="answer")
    entity = models.ForeignKey(Entity, models.PROTECT)
    number = models.BigIntegerField(null=True)  # of the protocol; null: refused
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "number"], name="one_protocol_a_number")]


class DestructionOutcome(models.Model):
    """A fact: what became of one record: destroyed, or kept because something forbids it after all."""

    item = models.OneToOneField(DestructionItem, models.PROTECT, primary_key=True, related_name="outcome")
    kept_because = models.CharField(max_length=24, blank=True)  # an obstacle's code; empty: destroyed
    recorded_at = models.DateTimeField()


class DestructionProtocol(models.Model):
    """A fact: all of it was carried out; the protocol as it was signed."""

    destruction = models.OneToOneField(Destruction, models.PROTECT, primary_key=True, related_name="protocol")
    file = models.ForeignKey(StoredFile, models.PROTECT)
    destroyed = models.IntegerField()
    kept = models.IntegerField()
    recorded_at = models.DateTimeField()
