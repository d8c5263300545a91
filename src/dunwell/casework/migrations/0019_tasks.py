"""Tasks come with Next as call-backs do."""

from importlib import resources

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("casework", "0018_worklist")]

    operations = [
        migrations.RemoveIndex(model_name="reminder", name="call_back_waiting"),
        migrations.AlterField(
            model_name="reminder",
            name="kind",
            field=models.CharField(
                choices=[("snooze", "Snooze"), ("call_back", "Call Back"), ("task", "Task")], max_length=12
            ),
        ),
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(
                condition=models.Q(("done_at", None), ("kind__in", ("call_back", "task"))),
                fields=["due_at"],
                name="comes_first",
            ),
        ),
        migrations.RunSQL(
            resources.files("dunwell.casework").joinpath("sql", "take_next.sql").read_text("utf-8"),
            migrations.RunSQL.noop,
        ),
    ]
