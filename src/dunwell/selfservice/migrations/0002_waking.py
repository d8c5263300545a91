from importlib import resources

from django.db import migrations


def waking() -> str:
    """sql/waking.sql as it stands."""
    return resources.files("dunwell.selfservice").joinpath("sql", "waking.sql").read_text("utf-8")


class Migration(migrations.Migration):
    dependencies = [("selfservice", "0001_initial")]

    operations = [
        migrations.RunSQL(
            waking(),
            "DROP TRIGGER wake ON selfservice_request; DROP TRIGGER wake ON selfservice_callback;"
            " DROP FUNCTION selfservice_wake();",
        ),
    ]
