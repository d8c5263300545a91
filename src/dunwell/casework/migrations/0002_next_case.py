"""The function that takes the next case, and the index that it reads."""

from importlib import resources

from django.db import migrations, models


def program(name: str) -> str:
    return resources.files("dunwell.casework").joinpath("sql", name).read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [("casework", "0001_initial")]
    operations = [
        migrations.RemoveIndex(model_name="case", name="case_next_pool"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("held_by__isnull", False)), fields=["held_until"], name="case_held_until"
            ),
        ),
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(
                condition=models.Q(("done_at", None), ("kind", "call_back")),
                fields=["due_at"],
                name="call_back_waiting",
            ),
        ),
        migrations.RunSQL(
            program("next_pool.sql"),
            "DROP INDEX case_next_pool; DROP FUNCTION casework_slot(timestamptz)",
        ),
        migrations.RunSQL(
            program("take_next.sql"),
            "DROP FUNCTION casework_take_next(bigint, bigint, timestamptz, timestamptz)",
        ),
    ]
