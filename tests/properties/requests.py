"""Random HTTP requests on every route: right parts, wrong parts, and rubbish, in all mixtures.

Most requests are almost right, since those get furthest: a known app and its secret, fields by the
names that handlers read, and values of every kind under them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.urls import URLPattern
from hypothesis import strategies as st

from instant_project.urls import urlpatterns
from tests.sdk.apps import App
from wire.ids import new_id

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH")
FIELDS: Final = (
    "query", "steps", "versions", "inference?", "throw-on-missing-attrs?", "rules-override",
    "dangerously-commit-tx", "app-id", "app_id", "email", "code", "id", "refresh-token",
    "refresh_token", "extra-fields", "machine_id", "session_id", "sse_token", "messages", "schema",
    "check_types?", "supports_background_updates?", "title", "rules", "client_id", "client_name",
    "redirect_uri", "id_token", "nonce", "provider_id", "provider_name", "service", "params",
    "discovery_endpoint", "client_secret", "meta", "email-type", "subject", "body", "name",
)  # fmt: skip
PARAMETERS: Final = (
    "app_id", "email", "id", "refresh_token", "room-type", "room-id", "local_connection_id",
    "client_id", "redirect_uri", "state", "code", "code_challenge", "code_challenge_method",
    "error",
)  # fmt: skip

_texts = st.one_of(
    st.sampled_from(
        (
            "",
            " ",
            "a@b.c",
            "A@B.C ",
            "nobody",
            "123456",
            "$users",
            "goals",
            "goals.title",
            "id",
            "https://127.0.0.1:1/x",
            "javascript:alert(1)",
            "\x00",
            "\ud800",
            "💥",
            "%00",
            "../..",
            'lookup__email__"a@b.c"',
            "9" * 400,
        )
    ),
    st.text(max_size=12),
)
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), _texts
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.one_of(st.sampled_from(FIELDS), _texts), inner, max_size=3)
    ),
    max_leaves=6,
)
_queries = st.one_of(
    st.sampled_from(
        (
            {"goals": {}},
            {"goals": {"$": {"where": {"title": "x"}, "limit": 1}}},
            {"$users": {}, "$$ruleParams": {"a": 1}},
            {"goals": {"$": {"where": {"id": {"$in": []}}, "order": {"serverCreatedAt": "desc"}}}},
            {"goals": {"todos": {"$": {"first": -1}}}},
        )
    ),
    st.dictionaries(st.sampled_from(("goals", "$users", "$files", "$")), _values, max_size=2),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes out."""

    method: str
    path: str
    parameters: dict[str, str]
    headers: dict[str, str]
    body: bytes


def paths() -> Iterator[str]:
    """Every path of the API, with `<parts>` still open.

    The operator's site is Django's own, and what has a file's name in its path serves files.
    """
    for pattern in urlpatterns:
        path = str(pattern.pattern) if isinstance(pattern, URLPattern) else "operator/"
        if not path.startswith("operator/") and "<path:" not in path:
            yield path


def filled(path: str, part: Callable[[], str]) -> str:
    """A path whose open parts have values."""
    while "<" in path:
        before, _, rest = path.partition("<")
        path = before + part() + rest.partition(">")[2]
    return path


@st.composite
def requests(draw: Any, routes: list[tuple[str, str]], app: App, user_token: str) -> Request:
    """A request on one of the routes, given as method and path; sometimes by another method."""
    ids = st.sampled_from((app.id, app.id, app.id, new_id(), "x", "%00", app.id.upper()))
    token = st.sampled_from((user_token, new_id(), "undefined", "", "per_x"))
    tokens = st.one_of(st.just(app.admin_token), st.just(app.admin_token), token)
    method, path = draw(st.sampled_from(routes))
    return Request(
        method=method if draw(st.integers(0, 19)) else draw(st.sampled_from(METHODS)),
        path=filled(path, lambda: str(draw(ids))),
        parameters=draw(_parameters(ids, tokens)),
        headers=draw(_headers(ids, tokens)),
        body=draw(_bodies(ids, tokens)),
    )


def _parameters(
    ids: st.SearchStrategy[str], tokens: st.SearchStrategy[str]
) -> st.SearchStrategy[dict[str, str]]:
    text = st.one_of(ids, tokens, _texts.filter(_is_encodable))
    return st.dictionaries(st.sampled_from(PARAMETERS), text, max_size=4)


@st.composite
def _headers(
    draw: Any, ids: st.SearchStrategy[str], tokens: st.SearchStrategy[str]
) -> dict[str, str]:
    headers = {}
    if draw(st.integers(0, 9)):
        headers["app-id"] = draw(ids)
    if draw(st.integers(0, 4)):
        headers["authorization"] = draw(
            st.one_of(
                tokens.map(lambda token: f"Bearer {token}".strip()),
                st.sampled_from(("", "Bearer", "Basic eA==")),
            )
        )
    impersonation = draw(st.sampled_from((None, None, None, "as-token", "as-email", "as-guest")))
    if impersonation:
        headers[impersonation] = draw(st.one_of(tokens, st.sampled_from(("a@b.c", "x", ""))))
    kinds = ("application/json",) * 6 + ("application/x-www-form-urlencoded", "text/plain", "")
    headers["content-type"] = draw(st.sampled_from(kinds))
    return headers


@st.composite
def _bodies(draw: Any, ids: st.SearchStrategy[str], tokens: st.SearchStrategy[str]) -> bytes:
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return bytes(draw(st.binary(max_size=20)))
    if kind == 1:
        return json.dumps(draw(_values)).encode()
    known = {"query": _queries, "steps": st.lists(_steps(ids), max_size=3)}
    fields: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=6, unique=True)):
        usual = known.get(name, st.one_of(ids, tokens) if _names_a_secret(name) else _texts)
        fields[name] = draw(usual if draw(st.integers(0, 3)) else _values)
    return json.dumps(fields).encode()


def _steps(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.tuples(
            st.sampled_from(("create", "update", "merge", "link", "unlink", "delete", "zap")),
            st.sampled_from(("goals", "todos", "$users", "$", "")),
            st.one_of(ids, st.sampled_from((["email", "a@b.c"], "lookup__n__1", 7, None))),
            st.one_of(st.dictionaries(st.sampled_from(("title", "todos", "id")), _values), _values),
        ).map(list),
        _values,
    )


def _names_a_secret(name: str) -> bool:
    return name.endswith(("id", "token"))


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
