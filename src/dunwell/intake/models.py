"""What came in each night: files, their control totals, and the rows kept in quarantine."""

from django.db import models

from dunwell.evidence.models import StoredFile
from dunwell.identity.models import Entity


class IntakeFile(models.Model):
    """One file taken in (or refused). The row is the commit of the lake files it names."""

    class Status(models.TextChoices):
        TAKEN = "taken"
        REFUSED = "refused"
        SUPERSEDED = "superseded"

    entity = models.ForeignKey(Entity, models.PROTECT)
    kind = models.CharField(max_length=24)  # a contract's name: accounts, cards, parties, ...
    business_date = models.DateField()
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    mapping_sha256 = models.CharField(max_length=64, blank=True)
    mapping = models.JSONField(default=dict)  # as it was used, so that mended rows are read the same way
    status = models.CharField(max_length=16, choices=Status.choices)
    refusal = models.JSONField(default=dict)  # {"code": ..., params}; the sentence is made when shown
    rows_read = models.BigIntegerField(default=0)
    rows_taken = models.BigIntegerField(default=0)
    rows_warned = models.BigIntegerField(default=0)
    rows_quarantined = models.BigIntegerField(default=0)
    control = models.JSONField(default=dict)  # {"rows": [said, found], "sums": {column: [said, found]}}
    changes = models.JSONField(default=dict)  # against the file it supersedes: {"added":, "removed":, "changed":}
    warnings = models.JSONField(default=dict)  # code -> rows
    lake_path = models.CharField(max_length=300, blank=True)  # below the lake's root
    content_hash = models.CharField(max_length=64, blank=True)  # order-independent
    stored = models.ForeignKey(StoredFile, models.PROTECT, null=True)
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "kind", "business_date"],
                condition=models.Q(status="taken"),
                name="one_file_in_force",
            ),
        ]
        indexes = [models.Index(fields=["business_date", "kind"], name="intakefile_day")]


class QuarantinedRow(models.Model):
    """A row that was not taken: where, what was found (masked), what was expected. The row itself is encrypted."""

    class Status(models.TextChoices):
        OPEN = "open"
        RESENT = "resent"
        DISCARDED = "discarded"

    file = models.ForeignKey(IntakeFile, models.PROTECT, related_name="quarantine")
    row_number = models.BigIntegerField()  # in the file as delivered, its header being row 1
    column = models.CharField(max_length=64)
    code = models.CharField(max_length=40)
    found = models.CharField(max_length=120)  # masked
    expected = models.CharField(max_length=200, blank=True)
    row_sealed = models.BinaryField()  # encrypted JSON of the row as delivered
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    answered_by = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "row_number"], name="one_quarantine_a_row")]
