"""What the handlers of sign-in read from a request in the same way."""

from __future__ import annotations

from typing import Any

from wire.http import Call, body_param, json_object, optional_body_param
from wire.ids import parse_uuid


def app_id_in_body(call: Call, key: str = "app-id") -> str:
    """The app's id; keys are kebab-case or snake_case, per endpoint."""
    return body_param(call, key, coerce=parse_uuid)


def token_in_body(call: Call, key: str = "refresh-token") -> str:
    """A refresh token; an error does not repeat it."""
    return body_param(call, key, coerce=parse_uuid, secret=True)


def optional_token_in_body(call: Call, key: str = "refresh-token") -> str | None:
    """A refresh token, if there is one."""
    return optional_body_param(call, key, coerce=parse_uuid, secret=True)


def extra_fields_in_body(call: Call, key: str = "extra-fields") -> dict[str, Any]:
    """Fields for a new user; none by default."""
    return optional_body_param(call, key, coerce=json_object) or {}
