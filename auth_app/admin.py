"""The operator's view of how apps sign people in. Users are rows of the apps, and not here."""

from __future__ import annotations

from django.contrib import admin

from auth_app.models import EmailTemplate, RedirectOrigin, SignInSettings, TestUser


@admin.register(SignInSettings)
class SignInSettingsAdmin(admin.ModelAdmin[SignInSettings]):
    """What apps chose."""

    list_display = ("app", "magic_code_expiry_minutes")
    list_select_related = ("app",)
    search_fields = ("app__title", "app__id")
    raw_id_fields = ("app",)


@admin.register(RedirectOrigin)
class RedirectOriginAdmin(admin.ModelAdmin[RedirectOrigin]):
    """Where apps' sign-in may lead back to."""

    list_display = ("__str__", "app", "created_at")
    list_filter = ("service",)
    list_select_related = ("app",)
    search_fields = ("params", "app__title", "app__id")
    raw_id_fields = ("app",)


@admin.register(EmailTemplate)
class EmailTemplateAdmin(admin.ModelAdmin[EmailTemplate]):
    """Apps' mails."""

    list_display = ("app", "email_type", "sender_email")
    list_select_related = ("app",)
    search_fields = ("sender_email", "app__title", "app__id")
    raw_id_fields = ("app",)


@admin.register(TestUser)
class TestUserAdmin(admin.ModelAdmin[TestUser]):
    """Addresses that always sign in with one code; the code is not shown."""

    list_display = ("email", "app", "created_at")
    list_select_related = ("app",)
    search_fields = ("email", "app__title", "app__id")
    raw_id_fields = ("app",)
    exclude = ("sealed_code",)
