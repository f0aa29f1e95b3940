"""What must be done so that an app's attrs are what a schema document wants (§11.4).

Pure values: catalog and document in, steps out. A plan adds and changes, and never deletes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.schema.document import WantedBlob, WantedLink, WantedSchema
from wire.errors import ValidationFailed
from wire.ids import new_id

Step = list[Any]
Name = tuple[str | None, str | None]

_DUPLICATE: Final = (
    "Duplicate entry found for attribute. Check your schema for another link or attribute of this"
    " name; it may also have been made by a client as it wrote."
)
_BACKWARDS: Final = (
    "Conflicting link found for attribute. There is a link with the same names in the reverse"
    " direction. Swap `forward` and `reverse` of this link, or delete the stored one."
)
_CASCADE: Final = "Cascade delete is only possible on links with `has: 'one'`."


@dataclass(frozen=True, slots=True)
class Options:
    """How a client wants to be served."""

    checks_types: bool
    background: bool
    """Whether changes of stored attrs become jobs that the client follows."""


def plan_steps(catalog: AttrCatalog, wanted: WantedSchema, options: Options) -> list[Step]:
    """The steps, id attrs first; raises `ValidationFailed` where names or cascades conflict."""
    shown = {attr.etype for attr in catalog.attrs if attr.is_blob}
    steps = [_new_id_attr(etype) for etype in wanted.etypes if etype not in shown]
    for blob in wanted.blobs:
        steps += _blob_steps(catalog, blob, options)
    links = {
        (attr.etype, attr.label, attr.reverse_etype, attr.reverse_label): attr
        for attr in catalog.attrs
        if attr.is_ref
    }
    for link in wanted.links:
        steps += _link_steps(links.get(link.names), link, options)
    if errors := list(_errors(catalog, steps)):
        raise ValidationFailed.of(
            "schema", None, [{"message": message, "in": ["schema"]} for message in errors]
        )
    return steps


def wanted_maps(wanted: WantedSchema, options: Options) -> dict[str, Any]:
    """The document as schema maps; its attrs have no ids yet."""
    blobs: dict[str, dict[str, Any]] = {etype: {} for etype in wanted.etypes}
    for blob in wanted.blobs:
        blobs[blob.etype][blob.label] = {"id": None, **_blob_fields(blob, None, options)}
    refs = {
        "[" + " ".join(f'"{name}"' for name in link.names) + "]": {
            "id": None,
            **_link_fields(link, None, None),
        }
        for link in wanted.links
    }
    return {"refs": refs, "blobs": {etype: attrs for etype, attrs in blobs.items() if attrs}}


def _new_id_attr(etype: str) -> Step:
    attr = {
        "id": new_id(),
        "value-type": "blob",
        "cardinality": "one",
        "forward-identity": [new_id(), etype, "id"],
        "unique?": True,
        "index?": False,
    }
    return ["add-attr", attr]


def _blob_fields(blob: WantedBlob, ident: str | None, options: Options) -> dict[str, Any]:
    fields = {
        "value-type": "blob",
        "cardinality": "one",
        "forward-identity": [ident, blob.etype, blob.label],
        "unique?": blob.is_unique,
        "index?": blob.is_indexed,
        "required?": blob.is_required,
    }
    if options.checks_types and blob.checked_data_type is not None:
        fields["checked-data-type"] = blob.checked_data_type
    return fields


def _link_fields(
    link: WantedLink, forward_ident: str | None, reverse_ident: str | None
) -> dict[str, Any]:
    return {
        "value-type": "ref",
        "cardinality": link.cardinality,
        "forward-identity": [forward_ident, link.etype, link.label],
        "reverse-identity": [reverse_ident, link.reverse_etype, link.reverse_label],
        "unique?": link.is_unique,
        "index?": False,
        "required?": link.is_required,
        "on-delete": link.on_delete,
        "on-delete-reverse": link.on_delete_reverse,
    }


def _blob_steps(catalog: AttrCatalog, blob: WantedBlob, options: Options) -> Iterator[Step]:
    attr = catalog.forward(blob.etype, blob.label)
    if attr is None or attr.is_ref:
        yield ["add-attr", {"id": new_id(), **_blob_fields(blob, new_id(), options)}]
        return
    changes = {
        "index": (attr.is_indexed, blob.is_indexed),
        "unique": (attr.is_unique, blob.is_unique),
        "required": (attr.is_required, blob.is_required),
    }
    differing = {name: now for name, (before, now) in changes.items() if before != now}
    if differing and not options.background:
        change = _blob_fields(blob, attr.forward_ident, options) | {"id": attr.id}
        change.pop("checked-data-type", None)
        yield ["update-attr", change]
    elif differing:
        for name, now in differing.items():
            yield _job_step(name if now else f"remove-{name}", attr)
    if options.checks_types and attr.checked_data_type != blob.checked_data_type:
        if blob.checked_data_type is None:
            yield _job_step("remove-data-type", attr)
        else:
            yield _job_step("check-data-type", attr, blob.checked_data_type)


def _link_steps(attr: Attr | None, link: WantedLink, options: Options) -> Iterator[Step]:
    if attr is None:
        yield ["add-attr", {"id": new_id(), **_link_fields(link, new_id(), new_id())}]
        return
    required_differs = attr.is_required != link.is_required
    others_differ = (
        attr.cardinality,
        attr.is_unique,
        attr.on_delete,
        attr.on_delete_reverse,
    ) != (link.cardinality, link.is_unique, link.on_delete, link.on_delete_reverse)
    if required_differs and options.background:
        yield _job_step("required" if link.is_required else "remove-required", attr)
    if others_differ or (required_differs and not options.background):
        fields = _link_fields(link, attr.forward_ident, attr.reverse_ident) | {"id": attr.id}
        fields["index?"] = attr.is_indexed
        if options.background:
            fields["required?"] = attr.is_required
        yield ["update-attr", fields]


def _job_step(name: str, attr: Attr, checked_type: str | None = None) -> Step:
    identity = [attr.forward_ident, attr.etype, attr.label]
    fields: dict[str, Any] = {"attr-id": attr.id, "forward-identity": identity}
    if checked_type is not None:
        fields["checked-data-type"] = checked_type
    return [name, fields]


def _errors(catalog: AttrCatalog, steps: list[Step]) -> Iterator[str]:
    """Names that are taken, by stored attrs or an earlier step, and impossible cascades."""
    opposite: dict[Name, Name] = {}
    forward: Name
    reverse: Name
    blobs: set[Name] = set()
    for attr in catalog.attrs:
        forward = (attr.etype, attr.label)
        if attr.is_ref:
            reverse = (attr.reverse_etype, attr.reverse_label)
            opposite |= {forward: reverse, reverse: forward}
        else:
            blobs.add(forward)
    for action, fields in steps:
        if action not in ("add-attr", "update-attr"):
            continue
        forward = _name_in(fields, "forward-identity")
        reverse = _name_in(fields, "reverse-identity")
        if action == "add-attr":
            yield from _name_errors(forward, reverse, opposite, blobs)
            if fields["value-type"] == "ref":
                opposite |= {forward: reverse, reverse: forward}
            else:
                blobs.add(forward)
        if fields["value-type"] == "ref":
            if fields["cardinality"] == "many" and fields.get("on-delete"):
                yield _about(forward, _CASCADE)
            if not fields["unique?"] and fields.get("on-delete-reverse"):
                yield _about(reverse, _CASCADE)


def _name_errors(
    forward: Name, reverse: Name, opposite: dict[Name, Name], blobs: set[Name]
) -> Iterator[str]:
    if reverse != (None, None) and opposite.get(forward) == reverse:
        yield _about(forward, _BACKWARDS)
    elif forward in opposite or forward in blobs:
        yield _about(forward, _DUPLICATE)
    elif reverse in opposite or reverse in blobs:
        yield _about(reverse, _DUPLICATE)


def _name_in(fields: dict[str, Any], key: str) -> Name:
    identity = fields.get(key)
    return (identity[1], identity[2]) if identity else (None, None)


def _about(name: Name, problem: str) -> str:
    return f"{name[0]}->{name[1]}: {problem}"
