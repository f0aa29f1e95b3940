"""What developers choose for sign-in."""

import uuid

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates the tables."""

    initial = True

    dependencies = [
        ("triples", "0004_system_app"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignInSettings",
            fields=[
                (
                    "app",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="triples.app",
                    ),
                ),
                (
                    "magic_code_expiry_minutes",
                    models.IntegerField(
                        db_default=1440,
                        default=1440,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "sign-in settings",
                "db_table": "app_sign_in_settings",
            },
        ),
        migrations.CreateModel(
            name="EmailTemplate",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("email_type", models.TextField()),
                ("subject", models.TextField()),
                ("body", models.TextField(help_text="HTML.")),
                ("sender_name", models.TextField(blank=True, null=True)),
                ("sender_email", models.TextField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
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
                "db_table": "app_email_templates",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("app"), models.F("email_type"), name="app_email_templates_type"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RedirectOrigin",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("service", models.TextField()),
                (
                    "params",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
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
                "db_table": "app_redirect_origins",
                "indexes": [
                    models.Index(
                        models.F("app"), models.F("created_at"), name="app_redirect_origins_app"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TestUser",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("email", models.TextField()),
                (
                    "sealed_code",
                    models.TextField(editable=False, help_text="Encrypted with the server's key."),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
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
                "db_table": "app_test_users",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("app"), models.F("email"), name="app_test_users_email"
                    )
                ],
            },
        ),
    ]
