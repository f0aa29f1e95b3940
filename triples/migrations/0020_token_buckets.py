"""Token buckets, for limits that hold across processes."""

from django.db import migrations, models

# Unlogged: after a crash of PostgreSQL every bucket is full, which harms nobody for long, and
# taking from one needs no wait for the disk. Not published to the change feed.
BUCKETS = """
create unlogged table token_buckets (
  key bytea primary key,
  tokens float8 not null,
  filled_at timestamptz not null,
  forget_at timestamptz not null
);
create index token_buckets_forget_at on token_buckets (forget_at);
"""


class Migration(migrations.Migration):
    """Creates the buckets."""

    dependencies = [("triples", "0010_indexing_jobs")]
    operations = [
        migrations.RunSQL(
            BUCKETS,
            "drop table token_buckets",
            state_operations=[
                migrations.CreateModel(
                    name="TokenBucket",
                    fields=[
                        ("key", models.BinaryField(primary_key=True, serialize=False)),
                        ("tokens", models.FloatField(help_text="At `filled_at`.")),
                        ("filled_at", models.DateTimeField()),
                        ("forget_at", models.DateTimeField(help_text="From then on it is full.")),
                    ],
                    options={"db_table": "token_buckets", "managed": False},
                )
            ],
        )
    ]
