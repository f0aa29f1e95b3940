"""An index that leads with the attr, for jobs and sweeps, which pass over one attr's triples.

Its condition is true of every row. A statement that does not repeat it cannot use the index, and
so no query is tempted to: plans are generic, and to the planner every index that begins with app
and attr looks equally good (docs/decisions/0001-physical-design.md).
"""

from django.db import migrations

INDEX = """
create index triples_of_attr on triples (app_id, attr_id, created_at, entity_id)
  where created_at >= -9223372036854775807
"""

# Places of passes over triples were keys of another index. A pass may begin again at any time.
RESTART = """
update indexing_jobs set place = null
where job_status in ('waiting', 'processing') and jsonb_array_length(place) = 3
"""


class Migration(migrations.Migration):
    """Creates the index."""

    dependencies = [("triples", "0022_client_events")]
    operations = [
        migrations.RunSQL(INDEX, "drop index triples_of_attr"),
        migrations.RunSQL(RESTART, RESTART),
    ]
