"""What rows claim, held against what the server says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.wire.write_rows.app import WrittenApp
from tests.wire.write_rows.names import Names
from tests.wire.write_rows.row import Refused


def assert_refused(answer: dict[str, Any], refused: Refused, names: Names) -> None:
    """The error is this one, with no more in its hint but an echo of what was written."""
    echo = {"input"} - set(refused.hint)
    hint = {key: value for key, value in answer.get("hint", {}).items() if key not in echo}
    found = (answer.get("status"), answer.get("type"), answer.get("message"), hint)
    message, wanted_hint = names.resolved(refused.message), names.resolved(dict(refused.hint))
    assert found == (400, refused.type, message, wanted_hint)


def assert_shown(app: WrittenApp, names: Names, after: Mapping[str, Any]) -> None:
    """`/admin/query` shows just these objects."""
    shown = {key: app.shown(key, names) for key in after}
    assert shown == {key: names.resolved(value) for key, value in after.items()}


def assert_attr(attr: dict[str, Any] | None, properties: dict[str, Any] | None) -> None:
    """The attr's JSON says what is asked of it; `...` may be anything."""
    if attr is None or properties is None:
        assert attr is properties
        return
    found = {key: attr.get(key) for key in properties}
    assert found == {key: _with_anything(v, found[key]) for key, v in properties.items()}


def _with_anything(wanted: Any, found: Any) -> Any:
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [b if a is ... else a for a, b in zip(wanted, found, strict=True)]
    return wanted
