"""A call that comes in stands on the timeline when its outcome is written, as a dial does."""

from importlib import resources

from django.db import migrations

SORT = resources.files("dunwell.casework").joinpath("sql", "timeline_sort.sql").read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [("casework", "0005_guarded_persons")]
    operations = [migrations.RunSQL(SORT, migrations.RunSQL.noop)]
