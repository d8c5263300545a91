from django.apps import AppConfig


class FrameConfig(AppConfig):
    name = "dunwell.frame"
    label = "frame"
    default_auto_field = "django.db.models.BigAutoField"
