"""The schema document that clients push, checked and turned into wanted attrs (§11.1).

What belongs to the system catalog is left out, and so is what the server does not store (rooms,
metadata, link names).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from triples.attrs.attr import CheckedDataType
from triples.attrs.system_catalog import SYSTEM_ATTRS
from wire.errors import ValidationFailed

_CHECKED: Final[dict[str, CheckedDataType]] = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
}
_RESERVED: Final = frozenset(
    {(attr.etype, attr.label) for attr in SYSTEM_ATTRS}
    | {(attr.reverse_etype, attr.reverse_label) for attr in SYSTEM_ATTRS if attr.reverse_etype}
)
_SYSTEM_LINKS: Final = frozenset(
    (attr.etype, attr.label, attr.reverse_etype, attr.reverse_label)
    for attr in SYSTEM_ATTRS
    if attr.is_ref
)


@dataclass(frozen=True, slots=True)
class WantedBlob:
    """A property as the document has it."""

    etype: str
    label: str
    is_unique: bool
    is_indexed: bool
    is_required: bool
    checked_data_type: CheckedDataType | None


@dataclass(frozen=True, slots=True)
class WantedLink:
    """A link as the document has it."""

    etype: str
    label: str
    reverse_etype: str
    reverse_label: str
    cardinality: Literal["one", "many"]
    is_unique: bool
    is_required: bool
    on_delete: Literal["cascade"] | None
    on_delete_reverse: Literal["cascade"] | None

    @property
    def names(self) -> tuple[str, str, str, str]:
        """The four names that make two links the same."""
        return (self.etype, self.label, self.reverse_etype, self.reverse_label)


@dataclass(frozen=True, slots=True)
class WantedSchema:
    """A whole document: its etypes in order, with their blobs, and the links."""

    etypes: tuple[str, ...]
    blobs: tuple[WantedBlob, ...]
    links: tuple[WantedLink, ...]


def parse_schema(raw: Any) -> WantedSchema:
    """The document's attrs; raises `ValidationFailed` for data-type `schema`."""
    document = _object(raw, "schema")
    entities = _object(document.get("entities") or {}, "entities")
    links = _object(document.get("links") or {}, "links")
    blobs = tuple(blob for etype, raw in entities.items() for blob in _blobs(etype, raw))
    wanted = [_link(name, raw) for name, raw in links.items()]
    return WantedSchema(
        tuple(entities), blobs, tuple(link for link in wanted if link.names not in _SYSTEM_LINKS)
    )


def _blobs(etype: str, raw: Any) -> Iterator[WantedBlob]:
    definition = _object(raw, "entities", etype)
    attrs = _object(definition.get("attrs") or {}, "entities", etype, "attrs")
    for label, raw_attr in attrs.items():
        if (etype, label) in _RESERVED or label == "id":
            continue
        attr = _object(raw_attr, "entities", etype, "attrs", label)
        config = _object(attr.get("config") or {}, "entities", etype, "attrs", label, "config")
        value_type = attr.get("valueType")
        yield WantedBlob(
            etype,
            label,
            is_unique=bool(config.get("unique")),
            is_indexed=bool(config.get("indexed")),
            is_required=attr.get("required") is True,
            checked_data_type=_CHECKED.get(value_type) if isinstance(value_type, str) else None,
        )


def _link(name: str, raw: Any) -> WantedLink:
    link = _object(raw, "links", name)
    forward = _object(link.get("forward"), "links", name, "forward")
    reverse = _object(link.get("reverse"), "links", name, "reverse")
    return WantedLink(
        _name(forward, "on", name, "forward"),
        _name(forward, "label", name, "forward"),
        _name(reverse, "on", name, "reverse"),
        _name(reverse, "label", name, "reverse"),
        cardinality=_has(forward, name, "forward"),
        is_unique=_has(reverse, name, "reverse") == "one",
        is_required=forward.get("required") is True,
        on_delete="cascade" if forward.get("onDelete") == "cascade" else None,
        on_delete_reverse="cascade" if reverse.get("onDelete") == "cascade" else None,
    )


def _has(side: dict[str, Any], *where: str) -> Literal["one", "many"]:
    match side.get("has"):
        case "one":
            return "one"
        case "many":
            return "many"
        case _:
            raise _refusal("must be one or many", "links", *where, "has")


def _name(side: dict[str, Any], key: str, *where: str) -> str:
    name = side.get(key)
    if not isinstance(name, str) or not name.strip():
        raise _refusal("must be a name", "links", *where, key)
    return name


def _object(raw: Any, *where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _refusal("must be an object", *where)
    return raw


def _refusal(problem: str, *where: str) -> ValidationFailed:
    path = [part for part in where if part != "schema"]
    message = f"{'->'.join(path) or 'The schema'} {problem}."
    return ValidationFailed.of("schema", None, [{"message": message, "in": ["schema", *path]}])
