"""The triples table with its partial indexes, the triggers, and the change feed's publication.

Why these indexes: docs/decisions/0001-physical-design.md. A query must repeat an index's
predicate literally, or the planner ignores the index.
"""

from django.db import migrations

TRIPLES = """
create table triples (
  created_at bigint not null default instant_now_ms(),
  app_id uuid not null,
  entity_id uuid not null,
  attr_id uuid not null,
  ea boolean not null default false,
  eav boolean not null default false,
  av boolean not null default false,
  ave boolean not null default false,
  vae boolean not null default false,
  checked_data_type text,
  value_md5 uuid generated always as (instant_value_md5(value)) stored,
  ref uuid generated always as (instant_link_target(vae, value)) stored,
  sort_key bytea,
  value jsonb not null,
  constraint triples_pkey primary key (app_id, entity_id, attr_id, value_md5),
  constraint triples_link_is_uuid check (not (eav or vae) or value #>> '{}' = ref::text),
  constraint triples_value_size check (not (eav or av or ave or vae) or pg_column_size(value) <= 1024),
  constraint triples_checked_data_type
    check (checked_data_type in ('string', 'number', 'boolean', 'date'))
);
alter table triples replica identity full;
create unique index triples_ea on triples (app_id, entity_id, attr_id) where ea;
create unique index triples_av on triples (app_id, attr_id, value_md5)
  where av and value <> 'null'::jsonb;
create index triples_ave on triples (app_id, attr_id, value_md5, entity_id) where ave;
create index triples_sort on triples (app_id, attr_id, sort_key, entity_id)
  where sort_key is not null;
create index triples_vae on triples (app_id, ref, attr_id, entity_id) where vae;
create index triples_created on triples (app_id, attr_id, created_at, entity_id) where av;
create index triples_without_sort_key on triples (app_id, attr_id, entity_id)
  where ave and checked_data_type is not null and sort_key is null;
"""

# A value changed by psql or the ORM leaves a stale sort key behind; forget it, so that the
# repair finds the row. The write path computes keys itself and says so with a setting.
FORGET_SORT_KEY = """
create function instant_forget_sort_key() returns trigger language plpgsql as $$
begin
  new.sort_key := null;
  return new;
end $$;
create trigger triples_forget_sort_key before update of value on triples
for each row when (
  old.sort_key is not null
  and old.value is distinct from new.value
  and old.sort_key is not distinct from new.sort_key
  and coalesce(current_setting('instant.computes_sort_keys', true), '') <> 'on'
)
execute function instant_forget_sort_key();
"""

# Whoever changes attrs or idents raises the app's attrs_version in the same commit, so that an
# answer can tell whether the catalog it was planned with is still the stored one.
ATTRS_VERSION = """
create function instant_raise_attrs_version() returns trigger language plpgsql as $$
begin
  update apps set attrs_version = attrs_version + 1
  where id in (select app_id from changed);
  return null;
end $$;
create trigger attrs_version_on_insert after insert on attrs
  referencing new table as changed for each statement execute function instant_raise_attrs_version();
create trigger attrs_version_on_update after update on attrs
  referencing new table as changed for each statement execute function instant_raise_attrs_version();
create trigger attrs_version_on_delete after delete on attrs
  referencing old table as changed for each statement execute function instant_raise_attrs_version();
create trigger idents_version_on_insert after insert on idents
  referencing new table as changed for each statement execute function instant_raise_attrs_version();
create trigger idents_version_on_update after update on idents
  referencing new table as changed for each statement execute function instant_raise_attrs_version();
create trigger idents_version_on_delete after delete on idents
  referencing old table as changed for each statement execute function instant_raise_attrs_version();
"""

# Clients treat tx id 0 as absent and 1 means "no transaction yet", so the first one is 2.
FIRST_TX_ID = "alter table transactions alter column id restart with 2"

# Full replica identity puts old values into the log. PostgreSQL 18 then insists that generated
# columns are published too; earlier versions neither can nor need to.
FEED = """
alter table apps replica identity full;
alter table attrs replica identity full;
alter table idents replica identity full;
alter table rules replica identity full;
do $$
begin
  execute 'create publication instant_feed'
    ' for table apps, attrs, idents, triples, transactions, rules'
    || case
         when current_setting('server_version_num')::int >= 180000
         then ' with (publish_generated_columns = stored)'
         else ''
       end;
end $$;
"""


class Migration(migrations.Migration):
    """Creates what Django's schema editor cannot express."""

    dependencies = [("triples", "0002_tables")]
    operations = [
        migrations.RunSQL(TRIPLES, "drop table triples"),
        migrations.RunSQL(
            FORGET_SORT_KEY,
            "drop trigger triples_forget_sort_key on triples;"
            " drop function instant_forget_sort_key",
        ),
        migrations.RunSQL(ATTRS_VERSION, "drop function instant_raise_attrs_version cascade"),
        migrations.RunSQL(FIRST_TX_ID, migrations.RunSQL.noop),
        migrations.RunSQL(FEED, "drop publication instant_feed"),
    ]
