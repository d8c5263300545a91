from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("nightly", "0002_case_numbers"),
    ]

    operations = [
        migrations.AddField("run", "steps_in_all", models.SmallIntegerField(default=0)),
        migrations.AddField("run", "totals", models.JSONField(default=list)),
        migrations.AddField("run", "pruned", models.JSONField(default=dict)),
        migrations.AddField("step", "tables", models.JSONField(default=dict)),
        migrations.AddField("step", "parts", models.IntegerField(default=0)),
        migrations.AddField("step", "parts_done", models.IntegerField(default=0)),
        migrations.AddField("step", "measure", models.CharField(blank=True, max_length=16)),
        migrations.AddField("step", "unusual", models.JSONField(default=list)),
        # sums over all currencies: nothing can be made of them
        migrations.RemoveField("step", "money_in"),
        migrations.RemoveField("step", "money_out"),
        migrations.AddField("step", "money_in", models.JSONField(default=dict)),
        migrations.AddField("step", "money_out", models.JSONField(default=dict)),
    ]
