"""What the planner must know about triples: an attr, and an entity, belong to one app.

PostgreSQL multiplies the selectivities of `app_id` and `attr_id` as if they were independent, and
concludes that an attr has less than one triple; then any index that starts with the two looks
as good as any other, and generic plans of prepared statements read a whole namespace to find one
unique value (measured: 11 ms instead of 0.2, docs/decisions/0001-physical-design.md). Extended
statistics do not help, since they are not used for the cost of partial indexes. Saying that
`app_id` has one distinct value makes the product right: the attr alone decides.
"""

from django.db import migrations


class Migration(migrations.Migration):
    """Sets the column option; it takes effect with the next ANALYZE, automatic or not."""

    dependencies = [("triples", "0005_ephemeral_app_creations")]
    operations = [
        migrations.RunSQL(
            "alter table triples alter column app_id set (n_distinct = 1)",
            "alter table triples alter column app_id reset (n_distinct)",
        )
    ]
