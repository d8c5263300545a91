from django.apps import AppConfig


class StrategyConfig(AppConfig):
    name = "dunwell.strategy"
    label = "strategy"
    default_auto_field = "django.db.models.BigAutoField"
