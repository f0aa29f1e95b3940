"""Tells Django that this room exists."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """Sockets, live queries and the change feed."""

    name = "realtime"
