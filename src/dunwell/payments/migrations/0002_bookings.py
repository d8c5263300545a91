from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="booking",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(model_name="payment", name="told_on", field=models.DateField(null=True)),
        migrations.AddField(model_name="reversal", name="told_on", field=models.DateField(null=True)),
        migrations.RemoveConstraint(model_name="payment", name="one_payment"),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("account", "host_ref", "provisional", "booking"), name="one_payment"
            ),
        ),
        migrations.AlterField(
            model_name="paymentanswer",
            name="answer",
            field=models.CharField(
                choices=[("posted", "Posted"), ("dropped", "Dropped"), ("expired", "Expired")], max_length=8
            ),
        ),
        migrations.AlterField(
            model_name="reversal",
            name="host_ref",
            field=models.CharField(db_collation="C", max_length=80),
        ),
        migrations.AddField(
            model_name="reversal",
            name="source",
            field=models.CharField(
                choices=[("file", "File"), ("typed", "Typed"), ("api", "Api"), ("withdrawn", "Withdrawn")],
                default="file",
                max_length=9,
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(
            [
                "UPDATE payments_reversal SET source = 'withdrawn' WHERE host_ref LIKE 'withdrawn:%'",
                "UPDATE payments_reversal SET told_on = business_date WHERE source = 'file' AND recorded_by IS NULL",
                "UPDATE payments_payment SET told_on = business_date WHERE source = 'file'",
            ],
            migrations.RunSQL.noop,
        ),
    ]
