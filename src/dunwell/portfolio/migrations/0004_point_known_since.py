"""Since when a contact point is known. Of those that are here already: since today at the latest."""

from django.db import migrations, models
from django.utils import timezone

from dunwell.kernel.times import business_date


def since_today(apps, schema_editor):
    points = apps.get_model("portfolio", "ContactPoint").objects.using(schema_editor.connection.alias)
    points.filter(known_since=None).update(known_since=business_date(timezone.now()))


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0003_im_points")]

    operations = [
        migrations.AddField("contactpoint", "known_since", models.DateField(null=True)),
        migrations.RunPython(since_today, migrations.RunPython.noop, elidable=True),
    ]
