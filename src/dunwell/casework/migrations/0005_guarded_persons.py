"""Next leaves out the cases of staff and sensitive persons for whom the collector is not named."""

from importlib import resources

from django.db import migrations


def program(name: str) -> str:
    return resources.files("dunwell.casework").joinpath("sql", name).read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [("casework", "0004_fewer_indexes"), ("compliance", "0003_packs_releases_allotments")]
    operations = [
        migrations.RunSQL(program("closed_to.sql"), "DROP FUNCTION casework_closed_to(bigint, text[], timestamptz)"),
        migrations.RunSQL(program("take_next.sql"), migrations.RunSQL.noop),
    ]
