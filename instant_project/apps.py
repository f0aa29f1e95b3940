"""Tells Django that the wiring has management commands and system checks."""

from __future__ import annotations

from django.apps import AppConfig


class InstantProjectConfig(AppConfig):
    """Registers the checks of the operator's settings and database."""

    name = "instant_project"
    verbose_name = "Instant server"

    def ready(self) -> None:
        """Importing the module registers its checks."""
        from instant_project import checks  # noqa: F401, PLC0415
