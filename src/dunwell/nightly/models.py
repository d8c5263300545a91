"""Runs of the night: what was frozen, which steps ran, what was published."""

from django.db import models


class Run(models.Model):
    class State(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"  # refused before publishing, with a reason
        PUBLISHED = "published"
        SUPERSEDED = "superseded"

    business_date = models.DateField()
    number = models.IntegerField()
    state = models.CharField(max_length=12, choices=State.choices)
    restated = models.BooleanField(default=False)
    engine = models.CharField(max_length=12)
    epoch = models.IntegerField(default=0)  # raised by each runner that takes the run over: fences the one before
    started_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    steps_in_all = models.SmallIntegerField(default=0)  # freeze and publish among them; 0 until they are known
    stop_reason = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)  # inputs and numbers: rows, content hash; hashes of packs, strategy
    pruned = models.JSONField(default=dict)  # what was taken out of the lake since: {"working": day, "all": day}
    totals = models.JSONField(
        default=list
    )  # [{"name":, "currency":, "expected":, "found":}]: what went in, what came out

    class Meta:
        constraints = [models.UniqueConstraint(fields=["business_date", "number"], name="one_run")]


class Step(models.Model):
    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    name = models.CharField(max_length=32)
    position = models.SmallIntegerField()
    state = models.CharField(max_length=12)  # running, done
    rows_in = models.BigIntegerField(default=0)
    rows_out = models.BigIntegerField(default=0)
    parts_done = models.IntegerField(default=0)  # of the freeze, inputs; publishing counts its partitions
    parts = models.IntegerField(default=0)
    measure = models.CharField(max_length=16, blank=True)  # the kind of money it is told by: balance, past_due ...
    money_in = models.JSONField(default=dict)  # by currency, as text
    money_out = models.JSONField(default=dict)
    unusual = models.JSONField(default=list)  # [{"what": rows|money, "currency":, "found":, "low":, "high":}]
    seconds = models.FloatField(default=0)
    content_hash = models.CharField(max_length=64, blank=True)
    tables = models.JSONField(default=dict)  # what it left in the lake: table -> content hash; the commit of its files

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="one_step")]


class PublishedPartition(models.Model):
    """The mark that a partition's rows are in PostgreSQL: committed together with them."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="published")
    partition = models.IntegerField()
    epoch = models.IntegerField()
    rows = models.IntegerField()
    touched = models.IntegerField(default=0)  # parties whose facts are newer than the freeze: reassessed after
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "partition"], name="one_partition")]


class CaseNumber(models.Model):
    """The last case number given out in a month (YYMM); its row is the lock between two who open cases."""

    month = models.CharField(max_length=4, primary_key=True)
    last = models.BigIntegerField()
