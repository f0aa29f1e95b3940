"""Deep merge of JSON values (transactions-permissions.md §5.3). Pure."""

from __future__ import annotations

from typing import Any


def deep_merge(old: Any, patch: Any) -> Any:
    """The value after a patch: objects are merged, null removes a key, all else overwrites."""
    if not isinstance(old, dict) or not isinstance(patch, dict):
        return patch
    merged = dict(old)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = deep_merge(merged[key], value)
        else:
            merged[key] = value
    return merged
