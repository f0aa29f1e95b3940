"""The operator's view of tenants: apps, attrs, rules and transactions.

Changes made here reach clients like any other: the change feed reads the rows. Triples are left
out, since a table of millions of facts is better asked than paged through.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from triples.models import App, Attr, Rule, Transaction
from triples.permissions.push_check import check_rules
from wire.errors import ValidationFailed


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


class RuleForm(forms.ModelForm[Rule]):
    """Rules edited by hand, held to what may be pushed."""

    class Meta:
        model = Rule
        fields = ("app", "code")

    def clean_code(self) -> Any:
        """The document; each error with its place in it."""
        code = self.cleaned_data["code"]
        try:
            check_rules(code)
        except ValidationFailed as refused:
            errors = refused.hint["errors"]
            found = [f"{' -> '.join(each.get('in', []))}: {each['message']}" for each in errors]
            raise forms.ValidationError(found) from refused
        return code


@admin.register(Rule)
class RuleAdmin(admin.ModelAdmin[Rule]):
    """Permission rules as pushed, or as corrected here."""

    form = RuleForm
    readonly_fields = ("version",)
    list_display = ("app", "version")
    list_select_related = ("app",)
    search_fields = ("app__title", "app__id")
    raw_id_fields = ("app",)

    def save_model(
        self, request: HttpRequest, obj: Rule, form: forms.ModelForm[Rule], change: bool
    ) -> None:
        """Store the rules; a change counts as a version."""
        if change and "code" in form.changed_data:
            obj.version += 1
        super().save_model(request, obj, form, change)


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
