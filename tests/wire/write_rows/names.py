"""The names that rows use, and what they stand for in one run of one row."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from wire.ids import new_id

_OWN_TEXT: Final = re.compile(r"~(\w+)")
_ATTR: Final = re.compile(r"#(\$?\w+\.[\w-]+)")
_ID: Final = re.compile(r"@(\w+)")


class Names:
    """Replaces names by what they stand for, the same each time; `attr_id` knows those of attrs."""

    def __init__(self, attr_id: Callable[[str], str]) -> None:
        self._run = new_id()[:8]
        self._attr_id = attr_id
        self._ids: dict[str, str] = {}

    def resolved(self, value: Any) -> Any:
        """The value with every name in it replaced, in nested values and keys too."""
        match value:
            case str():
                return self._text(value)
            case list() | tuple():
                return [self.resolved(item) for item in value]
            case set():
                return {self.resolved(item) for item in value}
            case dict():
                return {self._text(key): self.resolved(item) for key, item in value.items()}
            case _:
                return value

    def known(self, entity_id: str) -> str:
        """The id, or `?` for one that the server has made up."""
        return entity_id if entity_id in self._ids.values() else "?"

    def _text(self, text: str) -> str:
        own = _OWN_TEXT.sub(rf"\1_{self._run}", text)
        with_attrs = _ATTR.sub(lambda found: self._attr_id(found[1]), own)
        return _ID.sub(lambda found: self._id(found[1]), with_attrs)

    def _id(self, nickname: str) -> str:
        is_upper = nickname.isupper()
        entity_id = self._ids.setdefault(nickname.lower(), new_id())
        return entity_id.upper() if is_upper else entity_id
