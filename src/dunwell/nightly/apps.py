from django.apps import AppConfig


class NightlyConfig(AppConfig):
    name = "dunwell.nightly"
    label = "nightly"
    default_auto_field = "django.db.models.BigAutoField"
