"""The attrs of the `$` namespaces by name, for statements that read or write their rows."""

from __future__ import annotations

from typing import Final

from triples.attrs.attr import Attr
from triples.attrs.system_catalog import SYSTEM_ATTRS

_BY_NAME: Final = {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}


def attr_id(etype: str, label: str) -> str:
    """The id of the built-in attr of this name; there must be one."""
    return _BY_NAME[etype, label].id


def attrs_of(etype: str) -> list[Attr]:
    """All built-in attrs of an etype."""
    return [attr for attr in SYSTEM_ATTRS if attr.etype == etype]
