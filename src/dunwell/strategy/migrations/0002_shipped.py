"""The strategy that comes with the package is in force until another one is approved."""

from datetime import UTC, datetime

from django.db import migrations


def load(apps, schema_editor):
    from dunwell.strategy.rules import read
    from dunwell.strategy.services import shipped

    text = shipped()
    strategy = read(text)
    apps.get_model("strategy", "StrategyVersion").objects.using(schema_editor.connection.alias).get_or_create(
        code=strategy.code,
        version=strategy.version,
        defaults={
            "sha256": strategy.sha256,
            "text": text,
            "approved_by": strategy.approved_by,
            "in_force_from": strategy.in_force_from,
            "recorded_at": datetime.now(UTC),
        },
    )


class Migration(migrations.Migration):
    dependencies = [("strategy", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
