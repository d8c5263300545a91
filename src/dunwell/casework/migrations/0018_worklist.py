"""The worklist's head as a function beside Next; both ask the same two about whose cases and which lists."""

from importlib import resources

from django.db import migrations


def program(name: str) -> str:
    return resources.files("dunwell.casework").joinpath("sql", name).read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [("casework", "0017_looks_of_papers")]

    operations = [
        migrations.RunSQL(program("worklist.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(program("take_next.sql"), migrations.RunSQL.noop),
    ]
