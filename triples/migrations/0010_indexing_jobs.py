"""Background changes of attrs: what is to be done, how far it is, and how it ended."""

from django.db import migrations

# `id` is what clients know, `position` the order of arrival. A job's row is locked while a batch
# of it runs, and its place is stored in the same commit: a crash frees the row and loses nothing.
JOBS = """
create table indexing_jobs (
  id uuid primary key,
  position bigint generated always as identity,
  app_id uuid not null references apps (id) on delete cascade,
  group_id uuid,
  attr_id uuid not null,
  attr_name text not null,
  job_type text not null,
  serial_key text not null,
  job_status text not null default 'waiting'
    check (job_status in ('waiting', 'processing', 'completed', 'errored')),
  job_stage text not null,
  checked_data_type text,
  place jsonb,
  work_estimate bigint,
  work_completed bigint not null default 0,
  error text,
  error_data jsonb,
  invalid_unique_value jsonb,
  invalid_triples_sample jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  done_at timestamptz
);
create unique index indexing_jobs_one_at_a_time on indexing_jobs (app_id, attr_id, serial_key)
  where job_status = 'processing';
create index indexing_jobs_unfinished on indexing_jobs (updated_at, position)
  where job_status in ('waiting', 'processing');
create index indexing_jobs_group on indexing_jobs (app_id, group_id);
"""


class Migration(migrations.Migration):
    """Creates the table; it is not published to the change feed."""

    dependencies = [("triples", "0006_planner_hints")]
    operations = [migrations.RunSQL(JOBS, "drop table indexing_jobs")]
