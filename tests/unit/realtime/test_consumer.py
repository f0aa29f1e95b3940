"""What a socket's handshake says of its client (http-api.md §1.13)."""

from __future__ import annotations

import pytest

from realtime.consumer import client_address_of

CLIENT, CLAIMED, PROXY = "203.0.113.7", "198.51.100.1", "10.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        pytest.param([], 0, PROXY, id="nobody between"),
        pytest.param([CLAIMED], 0, PROXY, id="nobody to trust"),
        pytest.param([f"{CLAIMED}, {CLIENT}"], 1, CLIENT, id="a proxy that adds to the header"),
        pytest.param([CLAIMED, CLIENT], 1, CLIENT, id="a proxy that adds a header"),
        pytest.param([CLAIMED, CLIENT, PROXY], 2, CLIENT, id="two proxies that add headers"),
        pytest.param(["rubbish"], 1, None, id="rubbish"),
    ],
)
def test_client_is(forwarded: list[str], proxies: int, address: str | None) -> None:
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    scope = {"client": (PROXY, 1), "headers": [(b"host", b"a.b"), *headers]}
    assert client_address_of(scope, proxies) == address
