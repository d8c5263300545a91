"""Clusters of people who share what strangers do not share, and what compliance found. Facts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from dunwell.arrangements.means.models import Proof
from dunwell.identity.models import Entity
from dunwell.portfolio.models import Party


class PaperLook(models.Model):
    """A fact: how a page of a paper looks and reads, as the worker saw it. `alike` is the same in pages that look alike."""

    proof = models.ForeignKey(Proof, models.PROTECT, related_name="looks")
    page = models.SmallIntegerField()
    bits = models.BinaryField()  # rules.looks; empty of a page that is nearly empty
    bands = ArrayField(models.IntegerField())
    alike = models.CharField(max_length=64, db_collation="C")  # the look of the first page that looked so, in hex
    words = models.BinaryField(null=True)  # keyed hash of its letters without his name; of a PDF
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proof", "page"], name="one_look")]
        indexes = [GinIndex(fields=["bands"], name="look_bands"), models.Index(fields=["alike"], name="look_alike")]


class Cluster(models.Model):
    """反催收黑产: facts that link people, as they were found. `key`: a hash of the facts, so that none is found twice."""

    entity = models.ForeignKey(Entity, models.PROTECT)
    number = models.CharField(max_length=24, unique=True, db_collation="C")  # K-YYMM-NNNNNN
    facts = models.JSONField()  # [{kind, shared, parties: [[party, day], ...]}, ...]
    key = models.CharField(max_length=64, unique=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)


class ClusterMember(models.Model):
    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="members")
    party = models.ForeignKey(Party, models.PROTECT, related_name="clusters")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "party"], name="one_member")]


class ClusterFinding(models.Model):
    """What compliance found of a cluster, or of one of its people (`party`). The last one counts."""

    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="findings")
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=12)  # obstruction, chance; of a person: genuine, doubtful
    text = models.CharField(max_length=500)  # no personal data
    recorded_at = models.DateTimeField()
    recorded_by = models.BigIntegerField(null=True)
    key = models.CharField(max_length=80, unique=True)
