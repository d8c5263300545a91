"""What the case page and the lists read by."""

from importlib import resources

from django.db import migrations, models

SORT = resources.files("dunwell.casework").joinpath("sql", "timeline_sort.sql").read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [("casework", "0002_next_case")]
    operations = [
        migrations.RunSQL(SORT, "DROP FUNCTION casework_sort(text, jsonb)"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_on", None)), fields=["entity", "rank", "id"], name="case_open_rank"
            ),
        ),
    ]
