"""The beginning of a write tells which rules are stored: their stamp, not only their version.

The stamp differs whenever the row was written, so that rules that were changed without a new
version are not taken for those that a process knows (`triples.permissions.store`).
"""

from django.db import migrations

# As in 0022, with the stamp of the rules in place of their version.
BEGIN_WRITE = """
drop function instant_begin_write;
create function instant_begin_write(
  the_app uuid, event_hashes uuid[], members json, etype_of_attr jsonb
) returns table (
  app_status text, catalog_version bigint, rules_stamp text, answered bigint[],
  existing integer[]
) language plpgsql as $$
begin
  perform
    pg_advisory_xact_lock(hashtextextended(the_app::text, 0)),
    set_config('instant.computes_sort_keys', 'on', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true),
    set_config('enable_material', 'off', true),
    set_config('plan_cache_mode', 'force_generic_plan', true);
  return query
    select
      apps.status::text,
      apps.attrs_version,
      coalesce(
        (
          select rules.version || '.' || rules.xmin
          from rules
          where rules.app_id = apps.id
        ),
        ''
      ),
      array(
        select client_events.tx_id
        from client_events
        where client_events.app_id = the_app and client_events.event_hash = any(event_hashes)
      ),
      array(
        select wanted.i
        from json_to_recordset(members) as wanted (i int, e uuid, t text)
        where (
          select true from triples
          where triples.app_id = apps.id
            and triples.entity_id = wanted.e
            and etype_of_attr ->> triples.attr_id::text = wanted.t
          limit 1
        )
      )
    from apps
    where apps.id = the_app
      and apps.id <> 'a1111111-1111-1111-1111-111111111ca7'
      and apps.deletion_marked_at is null;
end $$
"""


class Migration(migrations.Migration):
    """Replaces the function that begins a write."""

    dependencies = [("triples", "0024_rule_failed")]
    operations = [migrations.RunSQL(BEGIN_WRITE, migrations.RunSQL.noop)]
