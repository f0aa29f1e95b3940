"""The addresses the server answers on, taken before anything else is started."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from typing import Final

UNREAD_SECONDS: Final = 30  # then the system drops what a peer does not take, and its memory

# A machine without IPv6 still resolves `localhost` to ::1.
_NOT_ON_THIS_MACHINE: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class CannotListen(Exception):
    """An address is taken or does not exist; the message says what to do."""


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """One bound socket for each address of the host; `localhost` has two. Raises `CannotListen`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise CannotListen(f"INSTANT_HOST is {host!r}, which has no address: {error}") from error
    sockets: list[socket.socket] = []
    with ExitStack() as opened:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                bound = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
                    limit = UNREAD_SECONDS * 1000
                    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit)
                if family == socket.AF_INET6:
                    bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                bound.bind(address)
            except OSError as error:
                if error.errno in _NOT_ON_THIS_MACHINE:
                    continue
                raise CannotListen(_reason(host, port, error)) from error
            sockets.append(bound)
        opened.pop_all()
    if not sockets:
        raise CannotListen(f"No address of INSTANT_HOST={host} is one of this machine.")
    return sockets


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Choose another one: PORT={port + 1} bin/serve"
    return f"Cannot listen on {host}:{port}: {error.strerror}."
