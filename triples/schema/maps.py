"""Schema maps: attrs arranged as `refs` and `blobs`, the form that servers send (§11.2).

Pure values. Hidden system attrs are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.system_catalog import VISIBLE_SYSTEM_ATTR_IDS
from wire import json

_ALWAYS_THERE: Final = ("$files", "url")  # computed by queries, never stored


def schema_maps(attrs: Iterable[Attr]) -> dict[str, Any]:
    """`{"refs": …, "blobs": …}` of the attrs that clients may see."""
    refs: dict[str, Any] = {}
    blobs: dict[str, dict[str, Any]] = {}
    for attr in attrs:
        if attr.catalog == "system" and attr.id not in VISIBLE_SYSTEM_ATTR_IDS:
            continue
        wire = attr.to_wire()
        if (attr.etype, attr.label) == _ALWAYS_THERE:
            wire["required?"] = True
        if attr.is_blob:
            blobs.setdefault(attr.etype, {})[attr.label] = wire
        elif attr.reverse_ident is not None:
            refs[ref_key(attr)] = wire
    return {"refs": refs, "blobs": blobs}


def ref_key(attr: Attr) -> str:
    """The key of a link among `refs`: its four names."""
    names = (attr.etype, attr.label, attr.reverse_etype, attr.reverse_label)
    return "[" + " ".join(json.dumps(name).decode() for name in names) + "]"
