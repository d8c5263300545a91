"""Proof of means: papers, what was found of them, income and outgoings."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("arrangements", "0003_deductions"),
        ("evidence", "0003_destroyed_files"),
        ("portfolio", "0006_no_doubled_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="MeansStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("case_id", models.BigIntegerField(null=True)),
                ("items_sealed", models.BinaryField()),
                ("province", models.CharField(blank=True, max_length=6)),
                ("household", models.SmallIntegerField()),
                ("proofs", models.JSONField(default=list)),
                ("told_on", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="means", to="portfolio.party"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Proof",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("case_id", models.BigIntegerField(null=True)),
                ("kind", models.CharField(max_length=20)),
                ("media", models.CharField(max_length=16)),
                ("pages", models.SmallIntegerField(default=1)),
                ("issued_on", models.DateField()),
                ("expires_on", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evidence.storedfile"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proofs_of_means",
                        to="portfolio.party",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProofCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("verdict", models.CharField(max_length=12)),
                ("detail", models.CharField(blank=True, max_length=200)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "proof",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="arrangements.proof"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="proof",
            index=models.Index(fields=["file"], name="proof_file"),
        ),
    ]
