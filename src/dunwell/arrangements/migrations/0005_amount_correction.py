from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("arrangements", "0004_means"),
    ]

    operations = [
        migrations.AlterField(
            model_name="instruction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("waiver", "Waiver"),
                    ("waiver_reversal", "Waiver Reversal"),
                    ("plan_booking", "Plan Booking"),
                    ("plan_cancellation", "Plan Cancellation"),
                    ("stop_of_interest", "Stop Of Interest"),
                    ("resumption_of_interest", "Resumption Of Interest"),
                    ("card_block", "Card Block"),
                    ("card_release", "Card Release"),
                    ("deduction", "Deduction"),
                    ("balance_confirmation", "Balance Confirmation"),
                    ("amount_correction", "Amount Correction"),
                ],
                max_length=24,
            ),
        ),
    ]
