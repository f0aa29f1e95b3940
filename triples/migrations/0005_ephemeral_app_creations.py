"""How many ephemeral apps each address has made this hour, for the limit per address."""

from django.db import migrations

# One row an address: the hour it last made an app in, and how many in that hour. Not published
# to the change feed, and no tenant's data.
CREATIONS = """
create table ephemeral_app_creations (
  address inet primary key,
  hour timestamptz not null,
  made integer not null
)
"""


class Migration(migrations.Migration):
    """Creates the counters."""

    dependencies = [("triples", "0004_system_app")]
    operations = [migrations.RunSQL(CREATIONS, "drop table ephemeral_app_creations")]
