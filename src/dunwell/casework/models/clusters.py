"""Clusters of people who share what strangers do not share, and what compliance found. Facts."""

from __future__ import annotations

from django.db import models

from dunwell.identity.models import Entity
from dunwell.portfolio.models import Party


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
