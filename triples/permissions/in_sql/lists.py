"""Lists in rules: what `ref` finds, JSON arrays in values, and lists known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.instaql.forms import Step
from triples.permissions.in_sql.formula import Formula, Maker
from triples.permissions.in_sql.refusal import NotSql
from triples.permissions.in_sql.values import Value
from triples.sql.fragment import Fragment, join, sql


@dataclass(frozen=True, slots=True)
class Path:
    """Links from an entity, and the property whose values stand at the end of them."""

    steps: tuple[Step, ...]
    leaf: Attr


@dataclass(frozen=True, slots=True)
class Members:
    """A list's members: a select of one column `value`; `fails` says where there is no list."""

    select: Maker
    fails: Maker | None = None


def path_of(catalog: AttrCatalog, etype: str, labels: tuple[str, ...]) -> Path:
    """The path that the labels name; raises `NotSql`: closures say what is wrong with it."""
    steps: list[Step] = []
    for label in labels[:-1]:
        found = catalog.resolve(etype, label)
        if found is None or not found[0].is_ref:
            raise NotSql(f"{etype}.{label} is not a link")
        steps.append(Step(*found))
        etype = steps[-1].target
    leaf = catalog.forward(etype, labels[-1])
    if leaf is None or leaf.is_ref:
        raise NotSql(f"{etype}.{labels[-1]} is not a property")
    return Path(tuple(steps), leaf)


def at_end(app_id: str, path: Path, entity: Maker, number: int) -> Members:
    """The values at the end of a path, one for each way that leads there."""

    def select(row: str) -> Fragment:
        tables: list[str] = []
        wheres: list[Fragment] = []
        at = entity(row)
        for depth, step in enumerate(path.steps):
            table = f"ref_{number}_{depth}"
            near, far = (
                ("entity_id", "ref") if step.direction == "forward" else ("ref", "entity_id")
            )
            tables.append(f"triples {table}")
            wheres += [_of(app_id, step.attr, table, "vae"), sql(f"{table}.{near} = ") + at]
            at = sql(f"{table}.{far}")
        leaf = f"ref_{number}_leaf"
        flag = "ea" if path.leaf.cardinality_one else None
        wheres += [_of(app_id, path.leaf, leaf, flag), sql(f"{leaf}.entity_id = ") + at]
        text = f"select {leaf}.value from {', '.join([*tables, f'triples {leaf}'])} where "
        return sql(text) + join(" and ", wheres)

    return Members(select)


def inside(value: Value) -> Members:
    """The members of a JSON array, or the keys of an object."""

    def select(row: str) -> Fragment:
        of = value.text(row)
        array = of.wrap("case jsonb_typeof(", ") when 'array' then ") + of
        keys = of.wrap(" when 'object' then jsonb_path_query_array(", ", '$.keyvalue().key')")
        return (array + keys + sql(" else '[]'::jsonb end")).wrap(
            "select member.value from jsonb_array_elements(", ") as member (value)"
        )

    def fails(row: str) -> Fragment:
        no_list = value.text(row).wrap("(jsonb_typeof(", ") not in ('array', 'object'))")
        if value.fails is None:
            return no_list
        return join(" or ", [value.fails(row), no_list]).wrap("(", ")")

    return Members(select, fails)


def contains(members: Members, value: Value, *, null_is_member: bool) -> Formula:
    """`value in list`; the values of a ref never contain null."""

    def found(row: str) -> Fragment:
        # As an array, what depends on no row is computed once.
        holds = value.text(row) + members.select(row).wrap(" = any (array(", "))")
        if null_is_member:
            return holds.wrap("(", ")")
        is_value = value.text(row) + sql(" <> 'null'::jsonb")
        return join(" and ", [is_value, holds]).wrap("(", ")")

    return _unless_fails(Formula(found), members, value)


def some_member(members: Members, test: Formula, column: str) -> Formula:
    """`exists`: true with one true member, false with all false, else fails."""
    can_fail = test.can_fail or members.fails is not None

    def some(row: str) -> Fragment:
        return _quantified("exists", members, test.true(row), column, row)

    def none(row: str) -> Fragment:
        return _quantified("not exists", members, _not(test.is_false(row)), column, row)

    return _unless_fails(Formula(some, none if can_fail else None), members)


def every_member(members: Members, test: Formula, column: str) -> Formula:
    """`all`: false with one false member, true with all true, else fails."""
    can_fail = test.can_fail or members.fails is not None

    def every(row: str) -> Fragment:
        return _quantified("not exists", members, _not(test.true(row)), column, row)

    def some_false(row: str) -> Fragment:
        return _quantified("exists", members, test.is_false(row), column, row)

    return _unless_fails(Formula(every, some_false if can_fail else None), members)


def count(members: Members) -> Value:
    """How many members a list has."""
    return Value(
        lambda row: members.select(row).wrap("to_jsonb((select count(*) from (", ") as counted))"),
        members.fails,
    )


def is_empty(members: Members) -> Formula:
    """Whether a list of a ref has no member."""
    return Formula(lambda row: members.select(row).wrap("not exists (", ")"))


def _quantified(
    quantifier: str, members: Members, test: Fragment, column: str, row: str
) -> Fragment:
    alias = column.partition(".")[0]
    listed = members.select(row).wrap(
        f"{quantifier} (select from (", f") as {alias} (value) where "
    )
    return listed + test + sql(")")


def _unless_fails(formula: Formula, members: Members, value: Value | None = None) -> Formula:
    """The formula where list and value are there; it fails where they are not."""
    failing = [part for part in (members.fails, value.fails if value else None) if part is not None]
    if not failing:
        return formula

    def fine(row: str) -> list[Fragment]:
        return [part(row).wrap("not (", ")") for part in failing]

    return Formula(
        lambda row: join(" and ", [*fine(row), formula.true(row)]).wrap("(", ")"),
        lambda row: join(" and ", [*fine(row), formula.is_false(row)]).wrap("(", ")"),
    )


def _not(predicate: Fragment) -> Fragment:
    return predicate.wrap("not (", ")")


def _of(app_id: str, attr: Attr, table: str, flag: str | None) -> Fragment:
    flagged = "" if flag is None else f" and {table}.{flag}"
    text = f"{table}.app_id = %s::uuid and {table}.attr_id = %s::uuid{flagged}"
    return sql(text, app_id, attr.id)
