"""SQL functions that columns of the tables need: value hash, link target, clock."""

from django.db import migrations

# What makes two values equal: JSON text, with numbers in one spelling (1 = 1.0).
VALUE_MD5 = """
create function instant_value_md5(value jsonb) returns uuid
language sql immutable parallel safe strict
return md5(
  case jsonb_typeof(value)
    when 'number' then trim_scale(value::numeric)::text
    else value::text
  end
)::uuid
"""

# The entity a link points at; null for everything that is not a link.
LINK_TARGET = """
create function instant_link_target(is_link boolean, value jsonb) returns uuid
language sql immutable parallel safe
return case when is_link then (value #>> '{}')::uuid end
"""

NOW_MS = """
create function instant_now_ms() returns bigint
language sql stable parallel safe
return (extract(epoch from now()) * 1000)::bigint
"""


class Migration(migrations.Migration):
    """Creates the functions."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunSQL(VALUE_MD5, "drop function instant_value_md5"),
        migrations.RunSQL(LINK_TARGET, "drop function instant_link_target"),
        migrations.RunSQL(NOW_MS, "drop function instant_now_ms"),
    ]
