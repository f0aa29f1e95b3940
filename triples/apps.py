"""Django's registration of the triple store."""

from django.apps import AppConfig


class TriplesConfig(AppConfig):
    """The Django app that owns tenants, attrs and triples."""

    name = "triples"
    verbose_name = "Instant apps and data"
