"""The function with which every write begins: lock the app, then read its state.

Inside one function each statement has a snapshot of its own, so the state is read as it is once
the lock is held; in a plain statement the snapshot would be older than the lock. One function is
one round trip, and its statements are planned once a connection.
"""

from django.db import migrations

# Plans are loops over the rows they are given: statistics of all tenants together say nothing
# about one. What is set here lasts to the end of the transaction.
#
# The answer: what may the app do, which attrs has it, which rules, was this event answered before,
# and which of the members (entity e in etype t) have a triple? No row: there is no such app. A
# subquery with a limit is run for each member and never turned into a join; its last condition is
# opaque, so that the few triples of an entity are read once, and not looked for attr by attr.
BEGIN_WRITE = """
create function instant_begin_write(
  the_app uuid, event_hash bytea, identity_hash bytea, members json, etype_of_attr jsonb
) returns table (
  app_status text, catalog_version bigint, rules_version integer, repeated_tx_id bigint,
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
      (
        select rules.version from rules
        where rules.app_id = apps.id and rules.code not in ('{}', 'null')
      ),
      (
        select transactions.id from transactions
        where transactions.app_id = apps.id
          and transactions.client_event_hash = event_hash
          and transactions.identity_hash = instant_begin_write.identity_hash
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
    """Creates the function."""

    dependencies = [("triples", "0020_token_buckets")]
    operations = [migrations.RunSQL(BEGIN_WRITE, "drop function instant_begin_write")]
