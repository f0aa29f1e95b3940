"""Writes in the SDK's own words: each function is one `tx[etype][target].<action>(…)`.

A target is an entity id or, as a tuple `(attr label, value)`, a lookup.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Target: TypeAlias = str | tuple[str, Any]
Chunk: TypeAlias = tuple[str, Target, list[tuple[str, Any, Any]]]


def update(etype: str, target: Target, fields: dict[str, Any]) -> Chunk:
    """`tx[etype][target].update(fields)`."""
    return (etype, target, [("update", fields, None)])


def create(etype: str, target: Target, fields: dict[str, Any]) -> Chunk:
    """`tx[etype][target].create(fields)`."""
    return (etype, target, [("create", fields, None)])


def merge(etype: str, target: Target, fields: dict[str, Any]) -> Chunk:
    """`tx[etype][target].merge(fields)`."""
    return (etype, target, [("merge", fields, None)])


def link(etype: str, target: Target, links: dict[str, Any]) -> Chunk:
    """`tx[etype][target].link(links)`."""
    return (etype, target, [("link", links, None)])


def unlink(etype: str, target: Target, links: dict[str, Any]) -> Chunk:
    """`tx[etype][target].unlink(links)`."""
    return (etype, target, [("unlink", links, None)])


def delete(etype: str, target: Target) -> Chunk:
    """`tx[etype][target].delete()`."""
    return (etype, target, [("delete", None, None)])


def update_existing(etype: str, target: Target, fields: dict[str, Any]) -> Chunk:
    """`tx[etype][target].update(fields, { upsert: false })`: refused where there is nothing."""
    return (etype, target, [("update", fields, {"upsert": False})])
