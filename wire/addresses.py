"""Who is at the other end of a connection, behind proxies or not (spec: http-api.md §1.13)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def client_address(
    peer: str, forwarded_for: str, trusted_proxies: int
) -> IPv4Address | IPv6Address | None:
    """The client's address; with n trusted proxies, the nth hop from the end of `X-Forwarded-For`.

    `peer` is whoever opened the connection, `forwarded_for` the header's text, empty without one.
    None when no address is known, as on a unix socket.
    """
    hops = [peer]
    if trusted_proxies:
        forwarded = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
        hops = (forwarded or hops)[-trusted_proxies:]
    try:
        return ip_address(hops[0])
    except ValueError:
        return None
