"""What a robot and a person said to each other stands on the timeline among the calls."""

from importlib import resources

from django.db import migrations

SORT = resources.files("dunwell.casework").joinpath("sql", "timeline_sort.sql").read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [("casework", "0006_incoming_calls")]
    operations = [migrations.RunSQL(SORT, migrations.RunSQL.noop)]
