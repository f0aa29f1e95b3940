"""Which servers may be asked on a stranger's word (http-api.md §5.3)."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from auth_app.oauth.web import NotReached, Web, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_address_is_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://127.1/x",
        "http://example.com/x",
        "ftp://example.com/x",
        "file:///etc/passwd",
        "https://user:password@example.com/x",
        "https:///x",
        "not a url",
        "https://exa mple.com/",
        "",
    ],
)
async def test_server_is_not_asked(url: str) -> None:
    with pytest.raises(NotReached):
        await Web().get(url)
