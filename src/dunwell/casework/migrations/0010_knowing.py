"""Who one talks to: identity checks, findings, care; and the timeline knows them."""

from importlib import resources

import django.db.models.deletion
from django.db import migrations, models

SORT = resources.files("dunwell.casework").joinpath("sql", "timeline_sort.sql").read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0009_absences"),
        ("compliance", "0007_pack_confirmation"),
        ("portfolio", "0005_corrections"),
    ]

    operations = [
        migrations.CreateModel(
            name="VulnerabilityMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=24)),
                ("detail_sealed", models.BinaryField(null=True)),
                ("ends_on", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="casework.case"
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="compliance.hold"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vulnerabilities",
                        to="portfolio.party",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VulnerabilityEnd",
            fields=[
                (
                    "mark",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="end",
                        serialize=False,
                        to="casework.vulnerabilitymark",
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=8)),
                ("code", models.CharField(max_length=24)),
                ("heard_sealed", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="casework.case"
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.contact",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="portfolio.party"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["party", "kind", "-id"], name="finding_party")],
            },
        ),
        migrations.CreateModel(
            name="IdentityCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=12)),
                ("level", models.CharField(blank=True, max_length=8)),
                ("asked", models.JSONField(default=dict)),
                ("passed", models.BooleanField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identity_checks",
                        to="compliance.contact",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identity_checks",
                        to="portfolio.party",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["party", "-recorded_at"], name="identity_party")],
            },
        ),
        migrations.RunSQL(SORT, migrations.RunSQL.noop),
    ]
