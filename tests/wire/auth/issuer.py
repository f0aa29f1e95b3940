"""An OpenID provider on a loopback port that says whatever a test wants it to say.

Its tokens are signed with a real key. `tests/sdk` has a provider that people sign in at; this one
is for what no honest provider would do.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey


@dataclass(slots=True)
class Issuer:
    """The provider: what it publishes, what it was asked, and how it signs."""

    url: str
    key: Any
    document: dict[str, Any]
    token_reply: tuple[int, Any] = (200, {})
    user_info: tuple[int, Any] = (200, {})
    pages: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    @property
    def discovery_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Good claims, changed; None leaves a claim out."""
        claims = {
            "iss": self.url,
            "aud": "our-client",
            "sub": "sub-1",
            "email": "ann@example.com",
            "email_verified": True,
            "exp": int(time.time()) + 300,
            "iat": int(time.time()),
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any], *, key: Any = None, alg: str = "RS256") -> str:
        """An id_token."""
        key = key or self.key
        header = {"alg": alg} if key.kid is None else {"alg": alg, "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[alg])

    def token(self, **changed: Any) -> str:
        """An id_token that differs from a good one."""
        return self.sign(self.claims(**changed))

    def answer(self, path: str, form: dict[str, str], headers: dict[str, str]) -> tuple[int, Any]:
        self.asked.append((path, form, headers))
        match path:
            case "/.well-known/openid-configuration":
                return 200, self.document
            case "/jwks":
                return 200, {"keys": [self.key.as_dict(private=False)]}
            case "/token":
                return self.token_reply
            case "/userinfo":
                return self.user_info
            case _:
                return self.pages.get(path, (404, {}))


def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


@contextmanager
def running_issuer(key: Any) -> Iterator[Issuer]:
    """A provider in a thread of its own."""
    issuer: Issuer

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, value = issuer.answer(self.path, form, headers)
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _reply  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    document = {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "userinfo_endpoint": f"{url}/userinfo",
        "jwks_uri": f"{url}/jwks",
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    }
    issuer = Issuer(url, key, document)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
