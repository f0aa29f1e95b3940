"""The operator's view of tenants: apps, attrs, rules and transactions.

Changes made here reach clients like any other: the change feed reads the rows. Triples are left
out, since a table of millions of facts is better asked than paged through.
"""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from triples.models import App, Attr, Rule, Transaction


@admin.register(App)
class AppAdmin(admin.ModelAdmin[App]):
    """Apps, to be found by title or id, read-only or disabled with one field."""

    list_display = ("title", "id", "status", "created_at", "ephemeral_expires_at")
    list_filter = ("status",)
    search_fields = ("title", "id")
    readonly_fields = ("id", "created_at", "attrs_version")
    ordering = ("-created_at",)


@admin.register(Attr)
class AttrAdmin(admin.ModelAdmin[Attr]):
    """Attrs to look at; they are changed through the schema API, which keeps triples in step."""

    list_display = ("__str__", "app", "value_type", "cardinality", "checked_data_type")
    list_filter = ("value_type", "cardinality", "checked_data_type")
    list_select_related = ("app",)
    search_fields = ("etype", "label", "app__id")
    ordering = ("etype", "label")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds attrs here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Attr | None = None) -> bool:
        """Nobody changes attrs here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Attr | None = None) -> bool:
        """Nobody deletes attrs here, except with their app."""
        return obj is None


@admin.register(Rule)
class RuleAdmin(admin.ModelAdmin[Rule]):
    """Permission rules as pushed."""

    list_display = ("app", "version")
    list_select_related = ("app",)
    search_fields = ("app__title", "app__id")
    raw_id_fields = ("app",)


@admin.register(Transaction)
class TransactionAdmin(admin.ModelAdmin[Transaction]):
    """Committed writes, newest first, to look at."""

    list_display = ("id", "app", "created_at")
    list_select_related = ("app",)
    search_fields = ("=app__id",)
    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A transaction is made by writing."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Transaction | None = None) -> bool:
        """History does not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Transaction | None = None) -> bool:
        """History is not deleted, except with its app."""
        return obj is None
