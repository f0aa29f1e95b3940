"""Tells Django that this room exists."""

from django.apps import AppConfig


class PresenceConfig(AppConfig):
    """Rooms, presence and broadcasts; nothing of it is stored in the database."""

    name = "presence"
