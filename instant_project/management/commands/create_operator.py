"""`manage.py create_operator`: make the login of the operator site, and print its password once."""

from __future__ import annotations

import secrets
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

NAME: Final = "operator"
PASSWORD_BYTES: Final = 15  # 120 random bits, 20 characters


class Command(BaseCommand):
    """Does nothing where somebody can sign in already."""

    help = "Make the operator's login. Its password is printed once and cannot be shown again."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the login and print it."""
        users = get_user_model().objects
        if users.filter(is_superuser=True).exists():
            self.stdout.write(
                "There is an operator already; `manage.py changepassword` sets a new password."
            )
            return
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        users.create_superuser(username=NAME, password=password)
        self.stdout.write(f"  Operator login, shown this once:  {NAME}  {password}")
