"""The attrs of the `$` namespaces by name, for statements that read or write their rows."""

from __future__ import annotations

from typing import Final

from triples.attrs.attr import Attr
from triples.attrs.system_catalog import SYSTEM_ATTRS

_BY_NAME: Final = {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}


def system_attr(etype: str, label: str) -> Attr:
    """The built-in attr of this name; there must be one."""
    return _BY_NAME[etype, label]


def attr_id(etype: str, label: str) -> str:
    """The id of the built-in attr of this name; there must be one."""
    return _BY_NAME[etype, label].id


def attr_ids(etype: str) -> list[str]:
    """The ids of all built-in attrs of an etype."""
    return [attr.id for attr in SYSTEM_ATTRS if attr.etype == etype]
