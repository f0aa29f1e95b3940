"""Refusing a query: the errors of instaql.md §2.9, with their paths and their words."""

from __future__ import annotations

from typing import Any, Literal

from triples.attrs.attr import Attr
from triples.values.kinds import json_type_name
from wire import json
from wire.errors import ValidationFailed

Path = tuple[str | int, ...]


def text_of(value: Any) -> str:
    """A value as messages show it."""
    return json.dumps(value).decode()


def refusal(
    query: Any,
    expected: str,
    path: Path,
    message: str | None = None,
    *,
    key: Literal["expected", "expected?"] = "expected",
) -> ValidationFailed:
    """One error of data type `query`."""
    return refusals(query, [problem(expected, path, message, key=key)])


def refusals(query: Any, errors: list[dict[str, Any]]) -> ValidationFailed:
    """Several errors of data type `query`."""
    return ValidationFailed.of("query", query, errors)


def problem(
    expected: str,
    path: Path,
    message: str | None,
    *,
    key: Literal["expected", "expected?"] = "expected",
) -> dict[str, Any]:
    """One entry of `hint.errors`."""
    error: dict[str, Any] = {key: expected, "in": list(path)}
    if message is not None:
        error["message"] = message
    return error


def misshapen(expected: str, path: Path, query: Any) -> ValidationFailed:
    """A where value of a form that no operator has."""
    return ValidationFailed.of("coerced-query", query, [{"expected": expected, "in": list(path)}])


def not_a_link(attr: Attr) -> ValidationFailed:
    """A property stands where only a link can."""
    name = f"{attr.etype}.{attr.label}"
    return ValidationFailed.one("attr", name, f"{name} needs to be a link")


def wrong_type(query: Any, attr: Attr, value: Any, path: Path, expected: str) -> ValidationFailed:
    """A constant that a typed attr can never hold."""
    article = "" if expected in ("date-string?", "timestamp?") else "the "
    message = (
        f"The data type of `{attr.etype}.{attr.label}` is `{attr.checked_data_type}`, but the "
        f"query got {article}value `{text_of(value)}` of type `{json_type_name(value)}`."
    )
    return refusal(query, expected, path, message, key="expected?")
