"""The command `dunwell`."""

import os


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dunwell.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line()
