"""Answered client events in a table of their own.

`transactions` is kept for ever and published to the change feed; what is remembered of events is
deleted after some days, without the feed hearing of it, and one transaction may answer several.
"""

from django.db import migrations, models

CLIENT_EVENTS = """
create table client_events (
  app_id uuid not null,
  event_hash uuid not null,
  tx_id bigint not null,
  answered_at timestamptz not null default now(),
  primary key (app_id, event_hash)
);
create index client_events_answered_at on client_events (answered_at);
insert into client_events (app_id, event_hash, tx_id, answered_at)
select
  app_id,
  encode(substring(sha256(client_event_hash || identity_hash) from 1 for 16), 'hex')::uuid,
  id,
  created_at
from transactions
where client_event_hash is not null;
"""

# As in 0021, with events looked up in their new place.
BEGIN_WRITE = """
drop function instant_begin_write;
create function instant_begin_write(
  the_app uuid, event_hashes uuid[], members json, etype_of_attr jsonb
) returns table (
  app_status text, catalog_version bigint, rules_version integer, answered bigint[],
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
    """Moves what is remembered of events."""

    dependencies = [("triples", "0021_begin_write")]
    operations = [
        migrations.RunSQL(
            CLIENT_EVENTS,
            "drop table client_events",
            state_operations=[
                migrations.CreateModel(
                    name="ClientEvent",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "app_id",
                                "event_hash",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("app_id", models.UUIDField()),
                        ("event_hash", models.UUIDField()),
                        ("tx_id", models.BigIntegerField()),
                        ("answered_at", models.DateTimeField()),
                    ],
                    options={"db_table": "client_events", "managed": False},
                )
            ],
        ),
        migrations.RunSQL(BEGIN_WRITE, migrations.RunSQL.noop),
        migrations.RemoveConstraint("transaction", "transactions_client_event"),
        migrations.RemoveField("transaction", "client_event_hash"),
        migrations.RemoveField("transaction", "identity_hash"),
    ]
