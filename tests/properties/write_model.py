"""What writes do, said again as plainly as possible: lists in memory, no index, no cleverness.

Values are kept by `(entity, attr name)`. A refused write raises `Refused` with the wire's error
type and leaves the model as it was. Spec: transactions-permissions.md §4 to §6.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wire import json

VALIDATION, NOT_UNIQUE, SQL = "validation-failed", "record-not-unique", "sql-raise"
MAX_INDEXED_BYTES = 1012


class Refused(Exception):
    """The write is refused with one of these error types.

    There are several where rows of one statement break different constraints: PostgreSQL names the
    one it meets first.
    """

    def __init__(self, *error_types: str) -> None:
        super().__init__(*error_types)
        self.types = frozenset(error_types)


@dataclass(frozen=True)
class Spec:
    """An attr of the model: `far` is the etype a link leads to."""

    far: str | None = None
    many: bool = False
    unique: bool = False
    indexed: bool = False
    checked: str | None = None
    required: bool = False
    on_delete: bool = False
    on_delete_reverse: bool = False


@dataclass(frozen=True)
class Step:
    """One step; `entity` is an id, or `("by", attr, value)`."""

    op: str
    entity: Any
    attr: str = ""
    value: Any = None
    mode: str | None = None


@dataclass
class Model:
    """The attrs and the stored values."""

    attrs: dict[str, Spec]
    values: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    new_ids: int = 0

    def write(self, steps: list[Step]) -> None:
        """Apply a transaction, or raise `Refused`."""
        after = copy.deepcopy(self)
        _Transaction(after, self).run(steps)
        self.values, self.new_ids = after.values, after.new_ids

    def get(self, entity: str, attr: str) -> list[Any]:
        """The values of one attr of one entity."""
        return self.values.get((entity, attr), [])

    def exists(self, entity: str, etype: str) -> bool:
        """Whether the entity has any value in the etype."""
        return any(e == entity and _etype(attr) == etype for e, attr in self.values)

    def holder(self, attr: str, value: Any) -> str | None:
        """Who holds a unique value."""
        for (entity, name), values in self.values.items():
            if name == attr and value is not None and any(_same(v, value) for v in values):
                return entity
        return None

    def rename(self, old: str, new: str) -> None:
        """Give an entity of the model's own naming the id that the server gave it."""
        for entity, attr in list(self.values):
            values = [new if _same(v, old) else v for v in self.values.pop((entity, attr))]
            self.values[new if entity == old else entity, attr] = values


class _Transaction:
    """Runs the steps on `model`, which is thrown away if one is refused."""

    def __init__(self, model: Model, before: Model) -> None:
        self.model = model
        self.before = before
        self.resolved: dict[bytes, str] = {}
        self.touched: set[tuple[str, str]] = set()

    def run(self, steps: list[Step]) -> None:
        self._resolve(steps)
        doomed = self._doomed([s for s in steps if s.op == "delete-entity"])
        for step in steps:
            self._judge_mode(step)
        for step in steps:
            if step.op == "expect-triple":
                self._expect(step)
        for op in dict.fromkeys(step.op for step in steps):
            group = [step for step in steps if step.op == op]
            if op == "delete-entity":
                self._delete(doomed)
            elif op != "expect-triple":
                self._resolve(group)
                _RUN[op](self, group)
        self._check_required()

    # -- lookups ----------------------------------------------------------------------------

    def _resolve(self, steps: list[Step]) -> None:
        for lookup in [x for s in steps for x in (s.entity, s.value) if _is_lookup(x)]:
            if _key(lookup) not in self.resolved:
                found = self.model.holder(lookup[1], lookup[2])
                if found is not None:
                    self.resolved[_key(lookup)] = found

    def _entity(self, step: Step) -> str | None:
        return self.resolved.get(_key(step.entity)) if _is_lookup(step.entity) else step.entity

    def _made(self, steps: list[Step]) -> tuple[dict[bytes, str], list[tuple[str, str, Any]]]:
        created: dict[bytes, str] = {}
        rows = []
        for step in steps:
            if _is_lookup(step.entity) and _key(step.entity) not in self.resolved:
                _, attr, value = step.entity
                self.model.new_ids += 1
                entity = f"new-{self.model.new_ids}"
                created[_key(step.entity)] = self.resolved[_key(step.entity)] = entity
                rows.append((entity, attr, value))
        return created, rows

    def _checked(self, created: dict[bytes, str], step: Step, value: Any) -> tuple[str, str, Any]:
        by_new = _is_lookup(step.entity) and _key(step.entity) in created
        if by_new and step.attr == step.entity[1] and not _same(value, step.entity[2]):
            raise Refused(VALIDATION)
        spec = self.model.attrs[step.attr]
        if spec.far is not None and not _is_id(value):
            raise Refused(VALIDATION)
        if spec.checked and value is not None and not _TYPES[spec.checked](value):
            raise Refused(VALIDATION)
        entity = self._entity(step)
        assert entity is not None
        return entity, step.attr, value

    # -- steps ------------------------------------------------------------------------------

    def _judge_mode(self, step: Step) -> None:
        if step.mode in (None, "upsert"):
            return
        entity = self._entity(step)
        exists = entity is not None and (
            _is_lookup(step.entity) or self.before.exists(entity, _etype(step.attr))
        )
        if exists is (step.mode == "create"):
            raise Refused(VALIDATION)

    def _expect(self, step: Step) -> None:
        entity = self._entity(step)
        found = [] if entity is None else self.model.get(entity, step.attr)
        if not any(_same(value, step.value) for value in found or [None]):
            raise Refused(VALIDATION)

    def add(self, steps: list[Step]) -> None:
        created, rows = self._made(steps)
        for step in steps:
            value = step.value
            if _is_lookup(value):
                value = self.resolved.get(_key(value))
                if value is None:
                    raise Refused(VALIDATION)
            rows.append(self._checked(created, step, value))
        self._store(rows)

    def merge(self, steps: list[Step]) -> None:
        self._fold(steps, _merged)

    def increment(self, steps: list[Step]) -> None:
        def plus(known: bool, old: Any, delta: Any) -> Any:
            if not known or old is None:
                return delta
            if isinstance(old, bool) or not isinstance(old, int | float):
                raise Refused(VALIDATION)
            return old + delta

        self._fold(steps, plus)

    def _fold(self, steps: list[Step], combine: Callable[[bool, Any, Any], Any]) -> None:
        created, rows = self._made(steps)
        now: dict[tuple[str, str], Any] = {}
        for step in steps:
            if self.model.attrs[step.attr].far is not None:
                raise Refused(SQL if step.op == "deep-merge-triple" else VALIDATION)
            key = (self._entity(step) or "", step.attr)
            stored = self.model.get(*key)
            if key not in now and stored:
                now[key] = stored[0]
            now[key] = combine(key in now, now.get(key), step.value)
            rows.append(self._checked(created, step, now[key]))
        self._store(rows)

    def retract(self, steps: list[Step]) -> None:
        for step in steps:
            entity = self._entity(step)
            value = self.resolved.get(_key(step.value)) if _is_lookup(step.value) else step.value
            if entity is not None and not (_is_lookup(step.value) and value is None):
                self._remove(entity, step.attr, value)

    def _store(self, rows: list[tuple[str, str, Any]]) -> None:
        last: dict[Any, tuple[str, str, Any]] = {}
        for row in rows:
            many = self.model.attrs[row[1]].many
            last[row[0], row[1], json.canonical(row[2]) if many else None] = row
        incoming = sorted(last.values(), key=lambda row: (self.model.attrs[row[1]].many, row[:2]))
        new_members = []
        broken: set[str] = set()
        for entity, attr, value in incoming:
            is_new = not self.model.get(entity, attr)
            try:
                self._put(entity, attr, value)
            except Refused as refusal:
                broken |= refusal.types
                continue
            if is_new and attr.endswith(".id"):
                new_members.append((entity, _etype(attr)))
        if broken:
            raise Refused(*broken)
        for entity, etype in new_members:
            for attr, spec in self.model.attrs.items():
                plain = spec.indexed and spec.far is None and _etype(attr) == etype
                if plain and not self.model.get(entity, attr):
                    self.model.values[entity, attr] = [None]

    def _put(self, entity: str, attr: str, value: Any) -> None:
        spec = self.model.attrs[attr]
        stored = self.model.get(entity, attr)
        if any(_same(value, old) for old in stored):
            return
        if (spec.unique or spec.indexed) and len(json.dumps(value)) - 2 > MAX_INDEXED_BYTES:
            raise Refused(VALIDATION)
        if spec.unique and self.model.holder(attr, value) not in (None, entity):
            raise Refused(NOT_UNIQUE)
        self.model.values[entity, attr] = [*stored, value] if spec.many else [value]
        self.touched.add((entity, attr))

    def _remove(self, entity: str, attr: str, value: Any) -> None:
        left = [old for old in self.model.get(entity, attr) if not _same(old, value)]
        if len(left) < len(self.model.get(entity, attr)):
            self.touched.add((entity, attr))
            self.model.values[entity, attr] = left
        if not left:
            self.model.values.pop((entity, attr), None)

    # -- deleting ---------------------------------------------------------------------------

    def _doomed(self, steps: list[Step]) -> set[tuple[str, str]]:
        doomed = {(e, s.attr) for s in steps if (e := self._entity(s)) is not None}
        while True:
            following = {
                end
                for (owner, attr), targets in self.model.values.items()
                for target in targets
                if (far := self.model.attrs[attr].far) is not None
                for end, other, follows in (
                    ((owner, _etype(attr)), (target, far), self.model.attrs[attr].on_delete),
                    (
                        (target, far),
                        (owner, _etype(attr)),
                        self.model.attrs[attr].on_delete_reverse,
                    ),
                )
                if follows and other in doomed
            }
            if following <= doomed:
                return doomed
            doomed |= following

    def _delete(self, doomed: set[tuple[str, str]]) -> None:
        for (entity, attr), values in list(self.model.values.items()):
            far = self.model.attrs[attr].far
            for value in values:
                points_at_it = far is not None and (value, far) in doomed
                if (entity, _etype(attr)) in doomed or points_at_it:
                    self._remove(entity, attr, value)
        if doomed:
            self.resolved.clear()

    def _check_required(self) -> None:
        needs = {_etype(attr) for attr, spec in self.model.attrs.items() if spec.required}
        for entity, etype in {(e, _etype(attr)) for e, attr in self.touched}:
            of_etype = [attr for attr in self.model.attrs if _etype(attr) == etype]
            has = {a for a in of_etype if any(v is not None for v in self.model.get(entity, a))}
            wanted = {a for a in of_etype if self.model.attrs[a].required or a.endswith(".id")}
            if etype in needs and has and not wanted <= has:
                raise Refused(VALIDATION)


def _merged(known: bool, old: Any, patch: Any) -> Any:
    if not known or not isinstance(old, dict) or not isinstance(patch, dict):
        return patch
    result = {key: value for key, value in old.items() if patch.get(key, 0) is not None}
    for key, value in patch.items():
        if value is not None:
            deep = isinstance(old.get(key), dict) and isinstance(value, dict)
            result[key] = _merged(True, old[key], value) if deep else value
    return result


_RUN: dict[str, Callable[[_Transaction, list[Step]], None]] = {
    "add-triple": _Transaction.add,
    "deep-merge-triple": _Transaction.merge,
    "increment-triple": _Transaction.increment,
    "retract-triple": _Transaction.retract,
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def _etype(attr: str) -> str:
    return attr.partition(".")[0]


def _is_lookup(value: Any) -> bool:
    return isinstance(value, tuple)


def _key(lookup: Any) -> bytes:
    return json.canonical([lookup[1], lookup[2]])


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and (len(value) == 36 or value.startswith("new-"))


def _same(left: Any, right: Any) -> bool:
    return json.canonical(left) == json.canonical(right)
