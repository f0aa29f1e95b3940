"""Random valid queries over a world: every option, every operator, links both ways, nested."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from tests.oracle.world import World
from tests.properties.worlds import ETYPES, POOLS, SCALARS, Draw, one_in
from triples.attrs.attr import Attr

COMPARISONS: Final = ("$gt", "$gte", "$lt", "$lte")
PATTERNS: Final = ("a", "%", "%a%", "a%", "%b", "_", "a_b", "%B%", "É", "a%b", "A%", "%\n%")


@st.composite
def queries(draw: Draw, world: World) -> dict[str, Any]:
    """One or two namespaces, rarely one that does not exist."""
    names = draw(st.lists(st.sampled_from(ETYPES), min_size=1, max_size=2, unique=True))
    query = {etype: draw(forms(world, etype, 0)) for etype in names}
    if one_in(draw, 31):
        query["zippy"] = {}
    return query


@st.composite
def forms(draw: Draw, world: World, etype: str, depth: int) -> dict[str, Any]:
    """A form with options, and children while it is not too deep."""
    form: dict[str, Any] = {}
    aggregates = depth == 0 and one_in(draw, 16)
    if options := draw(_options(world, etype, depth)):
        form["$"] = options
    if aggregates:
        form["$"] = {**options, "aggregate": "count"}
        return form
    links = _links(world, etype)
    if links and depth < 3:
        count = draw(st.integers(0, 2 if depth == 0 else 1))
        chosen = st.lists(st.sampled_from(links), max_size=count, unique_by=lambda link: link[0])
        for label, far in draw(chosen):
            form[label] = draw(forms(world, far, depth + 1))
        if one_in(draw, 31):
            form["nowhere"] = {}
    return form


@st.composite
def _options(draw: Draw, world: World, etype: str, depth: int) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if draw(st.integers(0, 9)) < (7 if depth == 0 else 3):
        options["where"] = draw(wheres(world, etype, 0))
    if one_in(draw, 3):
        label = draw(st.sampled_from(["serverCreatedAt", *_order_labels(world, etype)]))
        options["order"] = {label: draw(st.sampled_from(["asc", "desc"]))}
    if one_in(draw, 4):
        label = draw(st.sampled_from(["limit", "first", "last"] if depth == 0 else ["limit"]))
        options[label] = draw(st.integers(1, 4))
    if depth == 0:
        options.update(draw(_window(world, etype, options)))
    if one_in(draw, 5):
        labels = [attr.label for attr in world.catalog.of_etype(etype)]
        options["fields"] = draw(st.lists(st.sampled_from([*labels, "nowhere"]), max_size=3))
    return options


@st.composite
def _window(draw: Draw, world: World, etype: str, options: dict[str, Any]) -> dict[str, Any]:
    window: dict[str, Any] = {}
    if one_in(draw, 6):
        window["offset"] = draw(st.integers(0, 4))
    for end in ("after", "before"):
        if one_in(draw, 6):
            window[end] = draw(_cursors(world, etype, options))
            if draw(st.booleans()):
                window[f"{end}Inclusive"] = draw(st.booleans())
    return window


@st.composite
def _cursors(draw: Draw, world: World, etype: str, options: dict[str, Any]) -> list[Any]:
    """The cursor of a row, or of a row that was there once."""
    entity = draw(st.sampled_from(world.members(etype)))
    label = next(iter(options.get("order") or {}), "serverCreatedAt")
    if label == "serverCreatedAt":
        triple = world.id_triple(entity, etype)
        assert triple is not None
        return list(triple)
    attr = world.catalog.forward(etype, label)
    assert attr is not None
    found = world.values_of(entity, attr)
    return list(found[0]) if found else [entity, attr.id, None, 0]


@st.composite
def wheres(draw: Draw, world: World, etype: str, depth: int) -> dict[str, Any]:
    """One to three keys; groups may hold groups."""
    where: dict[str, Any] = {}
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3]))):
        if depth < 2 and one_in(draw, 6):
            kind = draw(st.sampled_from(["or", "and"]))
            where[kind] = draw(st.lists(wheres(world, etype, depth + 1), min_size=1, max_size=3))
        else:
            path, condition = draw(_conditions(world, etype))
            where[path] = condition
    return where


@st.composite
def _conditions(draw: Draw, world: World, etype: str) -> tuple[str, Any]:
    path: list[str] = []
    here = etype
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        if links := _links(world, here):
            label, here = draw(st.sampled_from(links))
            path.append(label)
    labels = [attr.label for attr in world.catalog.of_etype(here)] * 2
    labels += [label for label, _ in _links(world, here)]
    if one_in(draw, 61):
        return ".".join([*path, "nowhere"]), 1
    label = draw(st.sampled_from(labels))
    resolved = world.catalog.resolve(here, label)
    assert resolved is not None
    return ".".join([*path, label]), draw(_tests(world, resolved[0], resolved[1]))


@st.composite
def _tests(draw: Draw, world: World, attr: Attr, direction: str) -> Any:
    """A scalar or an operator object that is valid for the attr."""
    operand = _operands(world, attr, direction)
    operators = ["=", "=", "$in", "in", "$not", "$ne", "$isNull"]
    if attr.is_blob and attr.indexed and attr.typed:
        operators += [*COMPARISONS, "between"]
        if attr.checked_data_type == "string":
            operators += ["$like", "$ilike"] * 2
    match draw(st.sampled_from(operators)):
        case "=":
            return draw(operand)
        case "$in" | "in" as name:
            members = list(draw(st.lists(operand, max_size=3)))
            if attr.is_blob and attr.indexed and one_in(draw, 4):
                members.append(None)
            return {name: members}
        case "$isNull":
            return {"$isNull": draw(st.booleans())}
        case "between":
            return {"$gte": draw(operand), "$lt": draw(operand)}
        case "$like" | "$ilike" as name:
            return {name: draw(st.sampled_from(PATTERNS))}
        case name:
            return {name: draw(operand)}


def _operands(world: World, attr: Attr, direction: str) -> st.SearchStrategy[Any]:
    if attr.is_ref:
        far = attr.reverse_etype if direction == "forward" else attr.etype
        return st.sampled_from(world.members(far or "") or world.members("people"))
    if attr.label == "id":
        return st.sampled_from(world.members(attr.etype))
    return st.sampled_from(POOLS.get(attr.checked_data_type or "", SCALARS))


def _links(world: World, etype: str) -> list[tuple[str, str]]:
    """Labels of links from here, with where they lead."""
    found = []
    for attr in world.attrs:
        if attr.is_ref and attr.reverse_etype and attr.reverse_label:
            if attr.etype == etype:
                found.append((attr.label, attr.reverse_etype))
            if attr.reverse_etype == etype:
                found.append((attr.reverse_label, attr.etype))
    return found


def _order_labels(world: World, etype: str) -> list[str]:
    return [
        attr.label
        for attr in world.catalog.of_etype(etype)
        if attr.is_blob and attr.indexed and attr.typed and attr.label != "id"
    ]
