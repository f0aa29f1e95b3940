"""The tables, as Django models: tenants, attrs, idents, triples, transactions, rules.

Hot paths speak SQL through `triples.sql`; these models serve migrations, the admin site,
management commands and tests. Partial indexes, generated columns, triggers and the publication
stand in the migrations. Spec: transactions-permissions.md §1.2; sizes and index choice:
docs/decisions/0001-physical-design.md.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now


class App(models.Model):
    """One tenant: a few rows, never a schema, a table or a process."""

    class Status(models.TextChoices):
        """What an app may do (http-api.md §1.15)."""

        ACTIVE = "active"
        READ_ONLY = "read-only"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.TextField()
    creator_id = models.UUIDField(null=True, blank=True)
    status = models.TextField(
        choices=Status.choices, default=Status.ACTIVE, db_default=Status.ACTIVE
    )
    ephemeral_expires_at = models.DateTimeField(null=True, blank=True)
    deletion_marked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    attrs_version = models.BigIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="Raised by a trigger whenever an attr or ident of the app changes.",
    )

    class Meta:
        db_table = "apps"
        verbose_name = "Instant app"

    def __str__(self) -> str:
        return f"{self.title} ({self.id})"


class AdminToken(models.Model):
    """A secret that opens one app without permission checks; only its hash is kept."""

    token_hash = models.CharField(max_length=64, primary_key=True)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="admin_tokens")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "app_admin_tokens"

    def __str__(self) -> str:
        return f"admin token of {self.app_id}"


class Attr(models.Model):
    """One property or link definition of an app."""

    class ValueType(models.TextChoices):
        """Whether the value is plain JSON or the id of another entity."""

        BLOB = "blob"
        REF = "ref"

    class Cardinality(models.TextChoices):
        """How many values the forward entity may have."""

        ONE = "one"
        MANY = "many"

    class CheckedDataType(models.TextChoices):
        """The type every value must have."""

        STRING = "string"
        NUMBER = "number"
        BOOLEAN = "boolean"
        DATE = "date"

    class OnDelete(models.TextChoices):
        """What happens to the other end of a link."""

        CASCADE = "cascade"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    app = models.ForeignKey(App, on_delete=models.CASCADE, db_index=False, related_name="attrs")
    value_type = models.TextField(choices=ValueType.choices)
    cardinality = models.TextField(choices=Cardinality.choices)
    is_unique = models.BooleanField(default=False, db_default=False)
    is_indexed = models.BooleanField(default=False, db_default=False)
    is_required = models.BooleanField(null=True, blank=True)
    forward_ident = models.UUIDField()
    etype = models.TextField()
    label = models.TextField()
    reverse_ident = models.UUIDField(null=True, blank=True)
    reverse_etype = models.TextField(null=True, blank=True)
    reverse_label = models.TextField(null=True, blank=True)
    inferred_types = models.SmallIntegerField(
        null=True, blank=True, help_text="Bits: 1 number, 2 string, 4 boolean, 8 json."
    )
    on_delete = models.TextField(null=True, blank=True, choices=OnDelete.choices)
    on_delete_reverse = models.TextField(null=True, blank=True, choices=OnDelete.choices)
    checked_data_type = models.TextField(null=True, blank=True, choices=CheckedDataType.choices)
    checking_data_type = models.BooleanField(default=False, db_default=False)
    indexing = models.BooleanField(default=False, db_default=False)
    setting_unique = models.BooleanField(default=False, db_default=False)
    deletion_marked_at = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "attrs"
        constraints = [
            models.UniqueConstraint("app", "etype", "label", name="attrs_forward_name"),
            models.UniqueConstraint(
                "app", "reverse_etype", "reverse_label", name="attrs_reverse_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.etype}.{self.label}"


class Ident(models.Model):
    """A name that points at an attr; one namespace for forward and reverse names of an app."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    app = models.ForeignKey(App, on_delete=models.CASCADE, db_index=False, related_name="+")
    attr = models.ForeignKey(Attr, on_delete=models.CASCADE, related_name="idents")
    etype = models.TextField()
    label = models.TextField()

    class Meta:
        db_table = "idents"
        constraints = [
            models.UniqueConstraint("app", "etype", "label", name="idents_name"),
        ]

    def __str__(self) -> str:
        return f"{self.etype}.{self.label}"


class Triple(models.Model):
    """One fact: an entity, an attr, a value, and when it was first written.

    The flags copy the attr's properties so that partial indexes can use them. `sort_key` orders
    bytewise as the values must be ordered (see `triples.values.sort_key`); it is null where the
    attr is not both indexed and typed, or where the row was written behind our back.
    """

    pk = models.CompositePrimaryKey("app_id", "entity_id", "attr_id", "value_md5")
    created_at = models.BigIntegerField(
        db_default=models.Func(function="instant_now_ms"), help_text="Milliseconds since the epoch."
    )
    app_id = models.UUIDField()
    entity_id = models.UUIDField()
    attr_id = models.UUIDField()
    ea = models.BooleanField(default=False, help_text="The attr has cardinality one.")
    eav = models.BooleanField(default=False, help_text="The attr is a link.")
    av = models.BooleanField(default=False, help_text="The attr is unique.")
    ave = models.BooleanField(default=False, help_text="The attr is indexed.")
    vae = models.BooleanField(default=False, help_text="The attr is a link.")
    checked_data_type = models.TextField(null=True, blank=True)
    # Generated by PostgreSQL from `value`. Declared with a default because Django refuses a
    # GeneratedField in a composite key; an insert sends DEFAULT, which generated columns accept.
    value_md5 = models.UUIDField(editable=False, db_default=models.Func(function="gen_random_uuid"))
    ref = models.GeneratedField(
        expression=models.Func(models.F("vae"), models.F("value"), function="instant_link_target"),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )
    sort_key = models.BinaryField(null=True, editable=True)
    value = models.JSONField()

    class Meta:
        db_table = "triples"
        managed = False

    def __str__(self) -> str:
        return f"[{self.entity_id}, {self.attr_id}]"


class Transaction(models.Model):
    """One committed write; its id is the `tx-id`, ordered like commits within an app."""

    id = models.BigAutoField(primary_key=True)
    app = models.ForeignKey(App, on_delete=models.CASCADE, db_index=False, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "transactions"
        indexes = [models.Index("app", "id", name="transactions_app_id")]

    def __str__(self) -> str:
        return f"tx {self.id}"


class ClientEvent(models.Model):
    """A client's message that was answered, so that its repetition is not done again.

    `event_hash` is of the `client-event-id` and the identity that sent it; see
    `triples.transact.event`, and realtime.md §6.4.
    """

    pk = models.CompositePrimaryKey("app_id", "event_hash")
    app_id = models.UUIDField()
    event_hash = models.UUIDField()
    tx_id = models.BigIntegerField()
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "client_events"
        managed = False

    def __str__(self) -> str:
        return f"answered with tx {self.tx_id}"


class Rule(models.Model):
    """An app's permission rules, as pushed."""

    app = models.OneToOneField(App, on_delete=models.CASCADE, primary_key=True)
    code = models.JSONField()
    version = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "rules"

    def __str__(self) -> str:
        return f"rules of {self.app_id}"


class RuleVersion(models.Model):
    """A change of an app's rules: when, and what leads back to the version before it."""

    pk = models.CompositePrimaryKey("app_id", "version")
    app = models.ForeignKey(App, on_delete=models.CASCADE, db_index=False, related_name="+")
    version = models.IntegerField()
    edits = models.JSONField(help_text="From this version to the one before it.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "rule_versions"

    def __str__(self) -> str:
        return f"version {self.version} of the rules of {self.app_id}"


class TokenBucket(models.Model):
    """What a rate limit has left for one name, stored as a hash; see `triples.buckets`."""

    key = models.BinaryField(primary_key=True)
    tokens = models.FloatField(help_text="At `filled_at`.")
    filled_at = models.DateTimeField()
    forget_at = models.DateTimeField(help_text="From then on it is full.")

    class Meta:
        db_table = "token_buckets"
        managed = False

    def __str__(self) -> str:
        return bytes(self.key).hex()
