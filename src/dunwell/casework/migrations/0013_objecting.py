"""Disputes, complaints, requests, representatives and paths; whom a complaint is against does not get the case."""

from importlib import resources

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def program(name: str) -> str:
    return resources.files("dunwell.casework").joinpath("sql", name).read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0012_no_doubled_index"),
        ("channels", "0010_about_one_account"),
        ("compliance", "0007_pack_confirmation"),
        ("evidence", "0002_stamps"),
        ("identity", "0001_initial"),
        ("portfolio", "0005_corrections"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DepartmentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("department", models.CharField(max_length=16)),
                ("what", models.CharField(max_length=24)),
                ("text_sealed", models.BinaryField()),
                ("needed_by", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="casework.case"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="department_requests",
                        to="portfolio.party",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=24, unique=True)),
                ("source", models.CharField(max_length=16)),
                ("external_no", models.CharField(blank=True, max_length=60)),
                ("category", models.CharField(max_length=24)),
                ("severity", models.CharField(max_length=8)),
                ("words_sealed", models.BinaryField()),
                ("received_on", models.DateField()),
                ("reply_by", models.DateField(null=True)),
                ("new_facts", models.BooleanField(default=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "against",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="complaints_against",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="complaints", to="casework.case"
                    ),
                ),
                ("entity", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.entity")),
                (
                    "hold",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="compliance.hold"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="complaints", to="portfolio.party"
                    ),
                ),
                (
                    "repeats",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repeated_by",
                        to="casework.complaint",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ComplaintStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("founded", models.BooleanField(null=True)),
                ("root_cause", models.CharField(blank=True, max_length=24)),
                ("redress", models.CharField(blank=True, max_length=24)),
                ("text_sealed", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "complaint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="casework.complaint"
                    ),
                ),
                (
                    "handler",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="channels.message"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RequestAnswer",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="answer",
                        serialize=False,
                        to="casework.departmentrequest",
                    ),
                ),
                ("done", models.BooleanField()),
                ("text_sealed", models.BinaryField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(db_collation="C", max_length=24, unique=True)),
                ("kind", models.CharField(max_length=24)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("words_sealed", models.BinaryField()),
                ("route", models.CharField(max_length=12)),
                ("received_on", models.DateField()),
                ("due_on", models.DateField()),
                ("rule", models.CharField(max_length=40)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="portfolio.account"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="casework.case"
                    ),
                ),
                (
                    "hold",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="compliance.hold"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="portfolio.party"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="departmentrequest",
            name="dispute",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="casework.dispute"
            ),
        ),
        migrations.CreateModel(
            name="DisputeStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("text_sealed", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="casework.dispute"
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="evidence.storedfile",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="channels.message"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Path",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                ("words_sealed", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="paths", to="casework.case"
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="paths", to="portfolio.party"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PathStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("document", models.CharField(blank=True, max_length=32)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="evidence.storedfile",
                    ),
                ),
                (
                    "path",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="casework.path"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Representative",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_sealed", models.BinaryField()),
                ("telephone_digest", models.BinaryField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="representatives", to="casework.case"
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
                        related_name="representatives",
                        to="portfolio.party",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RepresentativeCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("good", models.BooleanField()),
                ("evidence", models.CharField(blank=True, max_length=120)),
                ("until", models.DateField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.BigIntegerField(null=True)),
                ("key", models.CharField(max_length=80, unique=True)),
                (
                    "representative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="casework.representative"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(fields=["case", "against"], name="complaint_against"),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(fields=["entity", "received_on"], name="complaint_received"),
        ),
        migrations.AddIndex(
            model_name="departmentrequest",
            index=models.Index(fields=["department", "needed_by"], name="request_department"),
        ),
        migrations.RunSQL("CREATE SEQUENCE casework_objection_numbers", "DROP SEQUENCE casework_objection_numbers"),
        migrations.RunSQL(program("paused.sql"), "DROP FUNCTION casework_paused(bigint, bigint)"),
        migrations.RunSQL(program("take_next.sql"), migrations.RunSQL.noop),
    ]
