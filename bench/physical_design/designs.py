"""The designs of the triples table that are compared: their tables, indexes and predicates.

- **columns**: what the migrations make. Links in a real `uuid` column, one bytewise `sort_key` for
  every typed value, equality by a stored hash.
- **expressions**: nothing stored beside the value. Expression indexes over `jsonb` for links,
  numbers, dates and strings, and `jsonb` itself for equality.
- **columns-partial-key**: like columns, but two partial unique indexes instead of a full primary
  key.

A design answers a question with its own condition on a value; everything else of a statement is
shared (`questions`). All three are told what migration 0006 tells the planner about `app_id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SCHEMA: Final = "physical_design"

_SHARED_COLUMNS: Final = """
  created_at bigint not null default instant_now_ms(),
  app_id uuid not null,
  entity_id uuid not null,
  attr_id uuid not null,
  ea boolean not null, eav boolean not null, av boolean not null,
  ave boolean not null, vae boolean not null,
  checked_data_type text,
  value_md5 uuid generated always as (instant_value_md5(value)) stored,
"""
_EXTRA_COLUMNS: Final = """
  ref uuid generated always as (instant_link_target(vae, value)) stored,
  sort_key bytea,
"""
_SHARED_INDEXES: Final = """
create unique index {name}_ea on {table} (app_id, entity_id, attr_id) where ea;
create index {name}_created on {table} (app_id, attr_id, created_at, entity_id) where av;
alter table {table} replica identity full;
alter table {table} alter column app_id set (n_distinct = 1);
"""
_COLUMN_INDEXES: Final = """
create unique index {name}_av on {table} (app_id, attr_id, value_md5)
  where av and value <> 'null'::jsonb;
create index {name}_ave on {table} (app_id, attr_id, value_md5, entity_id) where ave;
create index {name}_sort on {table} (app_id, attr_id, sort_key, entity_id)
  where sort_key is not null;
create index {name}_vae on {table} (app_id, ref, attr_id, entity_id) where vae;
"""
_EXPRESSION_INDEXES: Final = """
create unique index {name}_av on {table} (app_id, attr_id, value)
  where av and value <> 'null'::jsonb;
create index {name}_ave on {table} (app_id, attr_id, value, entity_id) where ave;
create index {name}_number on {table}
  (app_id, attr_id, physical_design.number_of(value), entity_id)
  where ave and checked_data_type = 'number';
create index {name}_date on {table}
  (app_id, attr_id, physical_design.instant_of(value), entity_id)
  where ave and checked_data_type = 'date';
create index {name}_string on {table}
  (app_id, attr_id, physical_design.text_of(value) collate "C", entity_id)
  where ave and checked_data_type = 'string';
create index {name}_boolean on {table}
  (app_id, attr_id, physical_design.boolean_of(value), entity_id)
  where ave and checked_data_type = 'boolean';
create index {name}_vae on {table}
  (app_id, ((value #>> '{{}}')::uuid), attr_id, entity_id) where vae;
"""
_PRIMARY_KEY: Final = "alter table {table} add primary key (app_id, entity_id, attr_id, value_md5);"
_PARTIAL_KEY: Final = (
    "create unique index {name}_many on {table} (app_id, entity_id, attr_id, value_md5)"
    " where not ea;"
)

FUNCTIONS: Final = """
create function physical_design.number_of(value jsonb) returns double precision
language sql immutable parallel safe
return case when jsonb_typeof(value) = 'number' then (value #>> '{}')::double precision end;
create function physical_design.boolean_of(value jsonb) returns boolean
language sql immutable parallel safe
return case when jsonb_typeof(value) = 'boolean' then (value #>> '{}')::boolean end;
create function physical_design.text_of(value jsonb) returns text
language sql immutable parallel safe
return case when jsonb_typeof(value) = 'string' then value #>> '{}' end;
create function physical_design.instant_of(value jsonb) returns timestamptz
language plpgsql immutable parallel safe as $$
begin
  return case jsonb_typeof(value)
    when 'number' then to_timestamp((value #>> '{}')::double precision / 1000)
    when 'string' then (value #>> '{}')::timestamptz
  end;
end $$;
"""


@dataclass(frozen=True, slots=True)
class Design:
    """One way to store triples, and the SQL that asks it.

    `equal` and `link_to` are conditions on the placeholders `value` and `target`; `order_by` is
    what orders each checked type and `in_index` the predicate of the index that does; `one_entity`
    finds all triples of the placeholder `entities`.
    """

    name: str
    has_columns: bool
    definition: str
    equal: str
    link_to: str
    order_by: dict[str, str]
    in_index: dict[str, str]
    one_entity: str

    @property
    def table(self) -> str:
        """The qualified name of the design's table."""
        return f'{SCHEMA}."{self.name}"'


def _definition(name: str, columns: str, indexes: str) -> str:
    table = f'{SCHEMA}."{name}"'
    create = f"create table {table} ({columns} value jsonb not null);"
    return create + indexes.replace("{table}", table).replace("{name}", name.replace("-", "_"))


_SORT_COLUMN: Final = dict.fromkeys(("number", "date", "string"), "sort_key")
_IS_SORTED: Final = dict.fromkeys(("number", "date", "string"), "sort_key is not null")
_ANY_ROW: Final = "app_id = %(app)s::uuid and entity_id = any(%(entities)s::uuid[])"

COLUMNS: Final = Design(
    name="columns",
    has_columns=True,
    definition=_definition(
        "columns",
        _SHARED_COLUMNS + _EXTRA_COLUMNS,
        _PRIMARY_KEY + _SHARED_INDEXES + _COLUMN_INDEXES,
    ),
    equal="value_md5 = instant_value_md5(%(value)s::jsonb)",
    link_to="ref = %(target)s::uuid",
    order_by=_SORT_COLUMN,
    in_index=_IS_SORTED,
    one_entity=_ANY_ROW,
)
EXPRESSIONS: Final = Design(
    name="expressions",
    has_columns=False,
    definition=_definition(
        "expressions",
        _SHARED_COLUMNS,
        _PRIMARY_KEY + _SHARED_INDEXES + _EXPRESSION_INDEXES.replace("{{}}", "{}"),
    ),
    equal="value = %(value)s::jsonb",
    link_to="(value #>> '{}')::uuid = %(target)s::uuid",
    order_by={
        "number": f"{SCHEMA}.number_of(value)",
        "date": f"{SCHEMA}.instant_of(value)",
        "string": f'{SCHEMA}.text_of(value) collate "C"',
    },
    in_index={
        name: f"ave and checked_data_type = '{name}'" for name in ("number", "date", "string")
    },
    one_entity=_ANY_ROW,
)
PARTIAL_KEY: Final = Design(
    name="columns-partial-key",
    has_columns=True,
    definition=_definition(
        "columns-partial-key",
        _SHARED_COLUMNS + _EXTRA_COLUMNS,
        _PARTIAL_KEY + _SHARED_INDEXES + _COLUMN_INDEXES,
    ),
    equal=COLUMNS.equal,
    link_to=COLUMNS.link_to,
    order_by=_SORT_COLUMN,
    in_index=_IS_SORTED,
    one_entity=f"((ea and {_ANY_ROW}) or (not ea and {_ANY_ROW}))",
)

DESIGNS: Final = (COLUMNS, EXPRESSIONS, PARTIAL_KEY)
