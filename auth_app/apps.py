"""Tells Django that this room exists."""

from django.apps import AppConfig


class AuthConfig(AppConfig):
    """Users' tokens and sign-in."""

    name = "auth_app"
    verbose_name = "Sign-in"
