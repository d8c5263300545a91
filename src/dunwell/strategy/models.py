"""Strategies under review: files, loaded with their hash when approved."""

from django.db import models


class StrategyVersion(models.Model):
    code = models.CharField(max_length=40)
    version = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    text = models.TextField()  # the YAML as approved
    approved_by = models.CharField(max_length=64)
    in_force_from = models.DateField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_strategy_version")]
