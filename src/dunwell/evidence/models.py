"""The log: timeline, audit and evidence in one append-only table, and the seals over it."""

from django.db import models


class Log(models.Model):
    """One thing that happened. Inserted by evidence.services.write only; never changed, never deleted.

    `kind` is a dotted name (`contact.recorded`, `promise.made`, `party.revealed`); `data` holds no
    personal data in clear (pseudonyms, masked values, amounts as strings).
    """

    entity_id = models.BigIntegerField(null=True, db_index=False)
    recorded_at = models.DateTimeField()
    business_date = models.DateField()
    kind = models.CharField(max_length=64)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=64)
    party_id = models.BigIntegerField(null=True)
    case_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    algorithm = models.CharField(max_length=16, default="sha256")
    hash = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["party_id", "-id"], name="log_party"),
            models.Index(fields=["kind", "-id"], name="log_kind"),
            models.Index(fields=["business_date", "kind"], name="log_day_kind"),
        ]


class Seal(models.Model):
    """A Merkle batch of committed log rows, chained to the seal before it."""

    sealed_at = models.DateTimeField()
    records = models.IntegerField()
    algorithm = models.CharField(max_length=16)
    root = models.BinaryField()
    previous = models.BinaryField(null=True)
    chain = models.BinaryField()


class SealedRecord(models.Model):
    """Which seal holds a log row, and at which leaf."""

    log = models.OneToOneField(Log, models.PROTECT, primary_key=True, related_name="sealed")
    seal = models.ForeignKey(Seal, models.PROTECT, related_name="leaves")
    position = models.IntegerField()
    hash = models.BinaryField()


class DailyRoot(models.Model):
    """The last seal of a day, signed."""

    day = models.DateField(unique=True)
    seal = models.ForeignKey(Seal, models.PROTECT)
    root = models.BinaryField()
    algorithm = models.CharField(max_length=16)
    key_id = models.CharField(max_length=64)
    signature = models.BinaryField()


class Stamp(models.Model):
    """An authority's time stamp (RFC 3161) over a signed day."""

    day = models.OneToOneField(DailyRoot, models.PROTECT, primary_key=True, related_name="stamp")
    authority = models.CharField(max_length=200)
    token = models.BinaryField()
    stamped_at = models.DateTimeField()  # by the authority's clock
    recorded_at = models.DateTimeField()


class StoredFile(models.Model):
    """A file kept by content, encrypted under its own data key. Destroyed, its key is gone; its hash stays."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    path = models.CharField(max_length=300)
    wrapped_key = models.BinaryField()
    key_version = models.IntegerField()
    destroyed_under = models.BigIntegerField(null=True)  # the number of the protocol; null: it is kept
    recorded_at = models.DateTimeField()
