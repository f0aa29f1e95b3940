"""The attrs that a write makes up for names it does not find (transactions-permissions.md §3.1).

They are never typed.
"""

from __future__ import annotations

from triples.attrs.attr import Attr
from wire.ids import new_id


def blob(etype: str, label: str) -> Attr:
    """A property; `id` is unique."""
    return Attr(new_id(), etype, label, new_id(), "blob", "one", is_unique=label == "id")


def lookup_blob(etype: str, label: str) -> Attr:
    """A property that entities are looked up by."""
    is_indexed = label != "id"
    return Attr(
        new_id(), etype, label, new_id(), "blob", "one", is_unique=True, is_indexed=is_indexed
    )


def link(etype: str, label: str) -> Attr:
    """A link to an etype that is called like the label."""
    return Attr(
        new_id(),
        etype,
        label,
        new_id(),
        "ref",
        "many",
        reverse_ident=new_id(),
        reverse_etype=label,
        reverse_label=etype,
    )


def lookup_link(etype: str, label: str) -> Attr:
    """A link that entities are looked up by."""
    return Attr(
        new_id(),
        etype,
        label,
        new_id(),
        "ref",
        "one",
        is_unique=True,
        is_indexed=True,
        reverse_ident=new_id(),
        reverse_etype=label,
        reverse_label=etype,
    )
