from django.apps import AppConfig


class SelfServiceConfig(AppConfig):
    name = "dunwell.selfservice"
    label = "selfservice"
    default_auto_field = "django.db.models.BigAutoField"
