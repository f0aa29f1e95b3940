"""What an app's rules were before each of their last changes."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    """Creates the table."""

    dependencies = [("triples", "0040_rules_stamp")]
    operations = [
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "app_id",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("version", models.IntegerField()),
                ("edits", models.JSONField(help_text="From this version to the one before it.")),
                ("created_at", models.DateTimeField(db_default=Now())),
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
            options={"db_table": "rule_versions"},
        )
    ]
