"""The steps that define attrs: adding, changing, hiding and restoring them (§6.2, §9).

Judged against the catalog as it is under the app's lock; stored by `triples.attrs.write`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from triples.attrs import write
from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.attrs.change import changed
from triples.attrs.store import load_catalog
from triples.indexing.job_types import JOB_TYPES
from triples.indexing.store import NewJob, create_job
from triples.transact import refusals
from triples.transact.guard import check_new_attr, check_stored_attr
from triples.transact.steps import AddAttr, DeleteAttr, RestoreAttr, Step, UpdateAttr
from triples.transact.work import Work
from wire import json
from wire.errors import SqlRaise, ValidationFailed

_DEFINING: Final = (
    "etype",
    "label",
    "forward_ident",
    "value_type",
    "cardinality",
    "is_unique",
    "is_indexed",
    "is_required",
    "reverse_etype",
    "reverse_label",
    "reverse_ident",
    "checked_data_type",
    "on_delete",
    "on_delete_reverse",
)

_Name = tuple[str | None, str | None]

# Which of these etypes have entities?
_POPULATED: Final = """
select wanted.t
from json_to_recordset(%s::json) as wanted (a uuid, t text)
where exists (
  select from triples
  where triples.app_id = %s::uuid and triples.attr_id = wanted.a and triples.av
)
"""
# Which of these attrs lack a value on some entity of their etype?
_INCOMPLETE: Final = """
select wanted.a
from json_to_recordset(%s::json) as wanted (a uuid, i uuid)
where exists (
  select from triples as member
  where member.app_id = %s::uuid
    and member.attr_id = wanted.i
    and member.av
    and not exists (
      select from triples
      where triples.app_id = %s::uuid
        and triples.entity_id = member.entity_id
        and triples.attr_id = wanted.a
        and triples.value <> 'null'::jsonb
    )
)
"""

# Which of these attrs have a triple that is in the value index?
_STILL_INDEXED: Final = """
select wanted.a
from unnest(%s::uuid[]) as wanted (a)
where exists (
  select from triples
  where triples.app_id = %s::uuid and triples.attr_id = wanted.a and triples.ave
)
"""


def expected_catalog(catalog: AttrCatalog, steps: Iterable[Step]) -> AttrCatalog:
    """The attrs as the steps will leave them, for judging names before anything is written."""
    by_id = {attr.id: attr for attr in catalog.attrs if attr.catalog == "user"}
    for step in steps:
        match step:
            case AddAttr(attr=attr):
                by_id.setdefault(attr.id, attr)
            case UpdateAttr(change=change) if change.id in by_id:
                by_id[change.id] = changed(by_id[change.id], change)
            case DeleteAttr(attr_id=attr_id):
                by_id.pop(attr_id, None)
            case _:
                pass
    return AttrCatalog(catalog.app_id, catalog.version, by_id.values())


async def add_attrs(work: Work, steps: Sequence[AddAttr]) -> None:
    """Store new attrs; those that are stored already, just so, are skipped (realtime.md §6.3)."""
    new: dict[str, Attr] = {}
    names = _TakenNames(work.catalog.attrs)
    for step in steps:
        attr = step.attr
        check_new_attr(attr)
        known = new.get(attr.id) or work.catalog.by_id(attr.id)
        if known is None:
            names.take(attr)
            new[attr.id] = attr
        elif not _same(known, attr):
            raise SqlRaise(
                f"The attribute with id {attr.id} conflicts with an existing attribute"
                f" with id {attr.id}."
            )
    if not new:
        return
    work.new_attrs.update(new)
    before = work.catalog
    work.catalog = _extended(before, new.values())
    await _check_required_are_new(work, [attr for attr in new.values() if attr.is_required])
    await write.insert_attrs(work.conn, work.app_id, list(new.values()))
    await write.insert_nulls(
        work.conn,
        work.app_id,
        [
            (attr, id_attr.id)
            for attr in new.values()
            if (id_attr := before.id_attr(attr.etype)) is not None
        ],
    )


async def update_attrs(work: Work, steps: Sequence[UpdateAttr]) -> None:
    """Change attrs, every step in its order; unknown ones are skipped (§9.2)."""
    after: dict[str, Attr] = {}
    for step in steps:
        attr = after.get(step.change.id) or work.catalog.by_id(step.change.id)
        if attr is None:
            continue
        check_stored_attr(attr)
        after[attr.id] = changed(attr, step.change)
    pairs = [(work.attr(attr_id), attr) for attr_id, attr in after.items()]
    names = _TakenNames(a for a in work.catalog.attrs if a.id not in after)
    for _, new in pairs:
        check_new_attr(new)
        names.take(new)
    if not pairs:
        return
    await write.update_attrs(work.conn, work.app_id, pairs)
    work.catalog = await load_catalog(work.conn, work.app_id)
    indexed = [new for old, new in pairs if new.is_indexed and not old.is_indexed]
    await write.insert_nulls(work.conn, work.app_id, _with_id_attrs(work, indexed))
    await _check_complete(
        work, [new for old, new in pairs if new.is_required and not old.is_required]
    )


async def delete_attrs(work: Work, steps: Sequence[DeleteAttr]) -> None:
    """Hide attrs and their values; unknown ones are skipped (§9.3)."""
    gone: dict[str, Attr] = {}
    for step in steps:
        attr = work.catalog.by_id(step.attr_id)
        if attr is not None:
            check_stored_attr(attr)
            gone[attr.id] = attr
    if not gone:
        return
    id_attrs = {a.id: work.catalog.id_attr(a.etype) for a in gone.values()}
    pairs = [(a, None if (i := id_attrs[a.id]) is None else i.id) for a in gone.values()]
    await write.soft_delete_attrs(work.conn, work.app_id, pairs)
    work.catalog = await load_catalog(work.conn, work.app_id)


async def restore_attrs(work: Work, steps: Sequence[RestoreAttr]) -> None:
    """Bring hidden attrs back; raises `RecordNotUnique` where a name is in use again (§9.3)."""
    wanted = {step.attr_id for step in steps}
    hidden = [a for a in await write.deleted_attrs(work.conn, work.app_id) if a.id in wanted]
    taken = {(attr.etype, attr.label) for attr in work.catalog.attrs}
    taken |= {(a.reverse_etype or "", a.reverse_label or "") for a in work.catalog.attrs}
    for attr in hidden:
        names = [(attr.etype, attr.label)]
        if attr.reverse_etype is not None and attr.reverse_label is not None:
            names.append((attr.reverse_etype, attr.reverse_label))
        for name in names:
            if name in taken:
                raise refusals.name_taken(*name)
            taken.add(name)
    if not hidden:
        return
    await write.restore_attrs(work.conn, work.app_id, [attr.id for attr in hidden])
    work.catalog = await load_catalog(work.conn, work.app_id)
    await _queue_repairs(work, [work.attr(attr.id) for attr in hidden])


async def _queue_repairs(work: Work, attrs: Sequence[Attr]) -> None:
    """Let jobs make the triples of restored attrs agree with them again.

    They are as they were when the attr was deleted, in the middle of a job perhaps. What the attr
    says is true for new writes at once, and readers rely on nothing that is not done yet.
    """
    cursor = await work.conn.execute(_STILL_INDEXED, ([a.id for a in attrs], work.app_id))
    indexed = {row[0] for row in await cursor.fetchall()}
    for attr in attrs:
        wanted = []
        if attr.id in indexed:
            wanted.append(NewJob(attr.id, JOB_TYPES["remove-index"]))
        if attr.setting_unique:
            wanted.append(
                NewJob(attr.id, JOB_TYPES["unique" if attr.is_unique else "remove-unique"])
            )
        if attr.checking_data_type:
            kind = "remove-data-type" if attr.checked_data_type is None else "check-data-type"
            wanted.append(NewJob(attr.id, JOB_TYPES[kind], attr.checked_data_type))
        for job in wanted:
            await create_job(work.conn, work.app_id, None, job)
            work.has_queued_jobs = True


def _same(known: Attr, attr: Attr) -> bool:
    return all(getattr(known, name) == getattr(attr, name) for name in _DEFINING)


def _extended(catalog: AttrCatalog, attrs: Iterable[Attr]) -> AttrCatalog:
    return AttrCatalog(catalog.app_id, catalog.version, [*_user(catalog.attrs), *attrs])


def _user(attrs: Iterable[Attr]) -> list[Attr]:
    return [attr for attr in attrs if attr.catalog == "user"]


class _TakenNames:
    """The names of some attrs, and the ids of those names; a write may define thousands."""

    def __init__(self, attrs: Iterable[Attr]) -> None:
        self._forwards: set[_Name] = set()
        self._reverses: set[_Name] = set()
        self._idents: set[str | None] = set()
        for attr in attrs:
            self._add(attr)

    def take(self, attr: Attr) -> None:
        """Add the attr's names; raises what is answered unless they, and their ids, are free."""
        forward, reverse = (attr.etype, attr.label), (attr.reverse_etype, attr.reverse_label)
        is_link = attr.reverse_ident is not None
        if forward in self._forwards:
            raise refusals.name_taken(attr.etype, attr.label)
        if is_link and reverse in self._reverses:
            raise refusals.name_taken(attr.reverse_etype or "", attr.reverse_label or "")
        if forward in self._reverses or reverse in self._forwards or forward == reverse:
            raise refusals.not_unique("attr")
        if attr.forward_ident in self._idents:
            raise _ident_conflict(attr.etype, attr.label)
        if is_link and (
            attr.reverse_ident in self._idents or attr.reverse_ident == attr.forward_ident
        ):
            raise _ident_conflict(attr.reverse_etype or "", attr.reverse_label or "")
        self._add(attr)

    def _add(self, attr: Attr) -> None:
        self._forwards.add((attr.etype, attr.label))
        self._idents.add(attr.forward_ident)
        if attr.reverse_ident is not None:
            self._reverses.add((attr.reverse_etype, attr.reverse_label))
            self._idents.add(attr.reverse_ident)


def _ident_conflict(etype: str, label: str) -> SqlRaise:
    return SqlRaise(f"Another attribute for {etype}.{label} exists with different properties.")


def _with_id_attrs(work: Work, attrs: Iterable[Attr]) -> list[tuple[Attr, str]]:
    return [
        (attr, id_attr.id)
        for attr in attrs
        if (id_attr := work.catalog.id_attr(attr.etype)) is not None
    ]


async def _check_required_are_new(work: Work, attrs: Sequence[Attr]) -> None:
    wanted = [{"a": id_attr, "t": attr.etype} for attr, id_attr in _with_id_attrs(work, attrs)]
    if not wanted:
        return
    cursor = await work.conn.execute(_POPULATED, (json.dumps(wanted).decode(), work.app_id))
    populated = {row[0] for row in await cursor.fetchall()}
    for attr in attrs:
        if attr.etype in populated:
            raise ValidationFailed.one(
                "attributes",
                attr.to_wire(),
                f"Can't create attribute `{attr.label}` as required because `{attr.etype}`"
                " already have entities",
            )


async def _check_complete(work: Work, attrs: Sequence[Attr]) -> None:
    wanted = [{"a": attr.id, "i": id_attr} for attr, id_attr in _with_id_attrs(work, attrs)]
    if not wanted:
        return
    values = (json.dumps(wanted).decode(), work.app_id, work.app_id)
    incomplete = {row[0] for row in await (await work.conn.execute(_INCOMPLETE, values)).fetchall()}
    for attr in attrs:
        if attr.id in incomplete:
            raise ValidationFailed.one(
                "attributes",
                attr.to_wire(),
                f"Can't update attribute `{attr.label}` to required because `{attr.etype}`"
                " already have entities without it",
            )
