"""A real OpenID provider, `oidc-provider-mock` from PyPI, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.served import free_port

START_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
HTTP_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """The running provider."""

    url: str

    @property
    def discovery_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def add_user(self, sub: str, **claims: Any) -> None:
        """Somebody who can sign in there."""
        request = urllib.request.Request(
            f"{self.url}/users/{urllib.parse.quote(sub)}",
            data=json.dumps(claims).encode(),
            headers={"content-type": "application/json"},
            method="PUT",
        )
        urllib.request.urlopen(request, timeout=HTTP_SECONDS).close()

    def id_token(self, sub: str, client_id: str, nonce: str) -> str:
        """What a native button would get for the user."""
        asked = {
            "client_id": client_id,
            "redirect_uri": "http://localhost/native",
            "response_type": "code",
            "scope": "openid email",
            "nonce": nonce,
        }
        query = urllib.parse.urlencode(asked)
        code = _redirected(f"{self.url}/oauth2/authorize?{query}", {"sub": sub})["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
            "client_secret": "secret",
            "redirect_uri": asked["redirect_uri"],
        }
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(
            f"{self.url}/oauth2/token", data, timeout=HTTP_SECONDS
        ) as answer:
            token: str = json.load(answer)["id_token"]
        return token


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def _redirected(url: str, form: dict[str, str]) -> dict[str, str]:
    """The parameters of where a posted form leads to."""
    opener = urllib.request.build_opener(_Stay())
    try:
        opener.open(url, urllib.parse.urlencode(form).encode(), timeout=HTTP_SECONDS).close()
    except urllib.error.HTTPError as redirect:
        target = urllib.parse.urlsplit(redirect.headers["location"])
        return dict(urllib.parse.parse_qsl(target.query))
    raise AssertionError("the provider did not send anybody on")


@contextmanager
def running_oidc_provider(folder: Path) -> Iterator[OidcProvider]:
    """Start one on a free port of this machine; gone with the block."""
    port = free_port()
    provider = OidcProvider(f"http://localhost:{port}")
    with (folder / "oidc-provider").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(provider, process)
            yield provider
        finally:
            process.terminate()
            process.wait(HTTP_SECONDS)


def _wait_for(provider: OidcProvider, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(provider.discovery_url, timeout=HTTP_SECONDS).close()
        except OSError:
            assert process.poll() is None, "the provider ended"
            assert time.monotonic() < deadline, "the provider does not answer"
            time.sleep(POLL_SECONDS)
        else:
            return
