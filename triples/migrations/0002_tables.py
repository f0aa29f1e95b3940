"""Tables whose shape Django can express; see 0003 for triples."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("triples", "0001_functions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Triple",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "app_id",
                        "entity_id",
                        "attr_id",
                        "value_md5",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.BigIntegerField(
                        db_default=models.Func(function="instant_now_ms"),
                        help_text="Milliseconds since the epoch.",
                    ),
                ),
                ("app_id", models.UUIDField()),
                ("entity_id", models.UUIDField()),
                ("attr_id", models.UUIDField()),
                (
                    "ea",
                    models.BooleanField(default=False, help_text="The attr has cardinality one."),
                ),
                ("eav", models.BooleanField(default=False, help_text="The attr is a link.")),
                ("av", models.BooleanField(default=False, help_text="The attr is unique.")),
                ("ave", models.BooleanField(default=False, help_text="The attr is indexed.")),
                ("vae", models.BooleanField(default=False, help_text="The attr is a link.")),
                ("checked_data_type", models.TextField(blank=True, null=True)),
                (
                    "value_md5",
                    models.UUIDField(
                        db_default=models.Func(function="gen_random_uuid"), editable=False
                    ),
                ),
                (
                    "ref",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("vae"), models.F("value"), function="instant_link_target"
                        ),
                        output_field=models.UUIDField(null=True),
                    ),
                ),
                ("sort_key", models.BinaryField(editable=True, null=True)),
                ("value", models.JSONField()),
            ],
            options={
                "db_table": "triples",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="App",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("title", models.TextField()),
                ("creator_id", models.UUIDField(blank=True, null=True)),
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("active", "Active"),
                            ("read-only", "Read Only"),
                            ("disabled", "Disabled"),
                        ],
                        db_default="active",
                        default="active",
                    ),
                ),
                ("ephemeral_expires_at", models.DateTimeField(blank=True, null=True)),
                ("deletion_marked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "attrs_version",
                    models.BigIntegerField(
                        db_default=0,
                        default=0,
                        editable=False,
                        help_text="Raised by a trigger whenever an attr or ident of the app changes.",
                    ),
                ),
            ],
            options={
                "verbose_name": "Instant app",
                "db_table": "apps",
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                (
                    "app",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="triples.app",
                    ),
                ),
                ("code", models.JSONField()),
                ("version", models.IntegerField(db_default=0, default=0)),
            ],
            options={
                "db_table": "rules",
            },
        ),
        migrations.CreateModel(
            name="AdminToken",
            fields=[
                ("token_hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="admin_tokens",
                        to="triples.app",
                    ),
                ),
            ],
            options={
                "db_table": "app_admin_tokens",
            },
        ),
        migrations.CreateModel(
            name="Attr",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("value_type", models.TextField(choices=[("blob", "Blob"), ("ref", "Ref")])),
                ("cardinality", models.TextField(choices=[("one", "One"), ("many", "Many")])),
                ("is_unique", models.BooleanField(db_default=False, default=False)),
                ("is_indexed", models.BooleanField(db_default=False, default=False)),
                ("is_required", models.BooleanField(blank=True, null=True)),
                ("forward_ident", models.UUIDField()),
                ("etype", models.TextField()),
                ("label", models.TextField()),
                ("reverse_ident", models.UUIDField(blank=True, null=True)),
                ("reverse_etype", models.TextField(blank=True, null=True)),
                ("reverse_label", models.TextField(blank=True, null=True)),
                (
                    "inferred_types",
                    models.SmallIntegerField(
                        blank=True,
                        help_text="Bits: 1 number, 2 string, 4 boolean, 8 json.",
                        null=True,
                    ),
                ),
                (
                    "on_delete",
                    models.TextField(blank=True, choices=[("cascade", "Cascade")], null=True),
                ),
                (
                    "on_delete_reverse",
                    models.TextField(blank=True, choices=[("cascade", "Cascade")], null=True),
                ),
                (
                    "checked_data_type",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("string", "String"),
                            ("number", "Number"),
                            ("boolean", "Boolean"),
                            ("date", "Date"),
                        ],
                        null=True,
                    ),
                ),
                ("checking_data_type", models.BooleanField(db_default=False, default=False)),
                ("indexing", models.BooleanField(db_default=False, default=False)),
                ("setting_unique", models.BooleanField(db_default=False, default=False)),
                ("deletion_marked_at", models.DateTimeField(blank=True, null=True)),
                ("metadata", models.JSONField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "app",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attrs",
                        to="triples.app",
                    ),
                ),
            ],
            options={
                "db_table": "attrs",
            },
        ),
        migrations.CreateModel(
            name="Ident",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("etype", models.TextField()),
                ("label", models.TextField()),
                (
                    "app",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="triples.app",
                    ),
                ),
                (
                    "attr",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="idents",
                        to="triples.attr",
                    ),
                ),
            ],
            options={
                "db_table": "idents",
            },
        ),
        migrations.CreateModel(
            name="Transaction",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("client_event_hash", models.BinaryField(null=True)),
                ("identity_hash", models.BinaryField(null=True)),
                (
                    "app",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="triples.app",
                    ),
                ),
            ],
            options={
                "db_table": "transactions",
            },
        ),
        migrations.AddConstraint(
            model_name="attr",
            constraint=models.UniqueConstraint(
                models.F("app"), models.F("etype"), models.F("label"), name="attrs_forward_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="attr",
            constraint=models.UniqueConstraint(
                models.F("app"),
                models.F("reverse_etype"),
                models.F("reverse_label"),
                name="attrs_reverse_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="ident",
            constraint=models.UniqueConstraint(
                models.F("app"), models.F("etype"), models.F("label"), name="idents_name"
            ),
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(models.F("app"), models.F("id"), name="transactions_app_id"),
        ),
        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.UniqueConstraint(
                models.F("app"),
                models.F("client_event_hash"),
                models.F("identity_hash"),
                condition=models.Q(("client_event_hash__isnull", False)),
                name="transactions_client_event",
            ),
        ),
    ]
