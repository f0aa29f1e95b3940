"""What developers choose for sign-in to their apps, as Django models.

What belongs to users (codes, tokens, links to providers) is rows of the app's `$` namespaces and
not here. Spec: http-api.md §5.6, §7.8, §7.9, §7.12.
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from triples.models import App

MAX_CODE_MINUTES = 1440


class SignInSettings(models.Model):
    """One app's choices; an app without a row has the defaults."""

    app = models.OneToOneField(App, on_delete=models.CASCADE, primary_key=True, related_name="+")
    magic_code_expiry_minutes = models.IntegerField(
        default=MAX_CODE_MINUTES,
        db_default=MAX_CODE_MINUTES,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CODE_MINUTES)],
    )

    class Meta:
        db_table = "app_sign_in_settings"
        verbose_name_plural = "sign-in settings"

    def __str__(self) -> str:
        return f"sign-in settings of {self.app_id}"


class TestUser(models.Model):
    """An address that may always sign in with the same code, such as an app store's reviewer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+", db_index=False)
    email = models.TextField()
    sealed_code = models.TextField(editable=False, help_text="Encrypted with the server's key.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "app_test_users"
        constraints = [models.UniqueConstraint("app", "email", name="app_test_users_email")]

    def __str__(self) -> str:
        return self.email


class EmailTemplate(models.Model):
    """How an app's mails of one kind look, and whom they come from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+", db_index=False)
    email_type = models.TextField()
    subject = models.TextField()
    body = models.TextField(help_text="HTML.")
    sender_name = models.TextField(null=True, blank=True)
    sender_email = models.TextField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "app_email_templates"
        constraints = [
            models.UniqueConstraint("app", "email_type", name="app_email_templates_type")
        ]

    def __str__(self) -> str:
        return f"{self.email_type} mail of {self.app_id}"


class RedirectOrigin(models.Model):
    """A place that an app's sign-in with a provider may lead back to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+", db_index=False)
    service = models.TextField()
    params = ArrayField(models.TextField())
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "app_redirect_origins"
        indexes = [models.Index("app", "created_at", name="app_redirect_origins_app")]

    def __str__(self) -> str:
        return f"{self.service} {' '.join(self.params)}"
