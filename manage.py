#!/usr/bin/env python3
"""Django's commands, with this project's settings: `.venv/bin/python manage.py help`."""

import os
import sys

from instant_project.env import SettingError


def main() -> None:
    """Run the command of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instant_project.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except SettingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
