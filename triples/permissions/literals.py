"""Reading CEL's literals: numbers within 64 bits, and strings and bytes with their escapes."""

from __future__ import annotations

import re
from typing import Final

from triples.permissions.tree import Uint

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
UINT_MAX: Final = 2**64 - 1

_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "?": "?",
    '"': '"',
    "'": "'",
    "`": "`",
}
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<octal>[0-3][0-7]{2})|[xX](?P<hex>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<simple>[abfnrtv\\?\"'`])|(?P<wrong>.|\Z))",
    re.DOTALL,
)


class LiteralUnreadable(ValueError):
    """The text is no literal; the message says why."""


def read_int(text: str) -> int:
    """`12`, `-0x1f`; raises `LiteralUnreadable` beyond 64 bits."""
    value = int(text, 0) if "x" in text else int(text)
    if not INT_MIN <= value <= INT_MAX:
        raise LiteralUnreadable(f"the integer {text} does not fit 64 bits")
    return value


def read_uint(text: str) -> Uint:
    """`12u`; raises `LiteralUnreadable` beyond 64 bits."""
    digits = text.rstrip("uU")
    value = int(digits, 0) if "x" in digits else int(digits)
    if not 0 <= value <= UINT_MAX:
        raise LiteralUnreadable(f"the unsigned integer {text} does not fit 64 bits")
    return Uint(value)


def read_string(text: str) -> str:
    """A quoted string, as written; raises `LiteralUnreadable` for an unknown escape."""
    body, is_raw = _body(text)
    return body if is_raw else _ESCAPE.sub(_character, body)


def read_bytes(text: str) -> bytes:
    """`b'…'`; octal and hexadecimal escapes are single bytes."""
    body, is_raw = _body(text[1:])
    if is_raw:
        return body.encode()
    read = bytearray()
    end = 0
    for found in _ESCAPE.finditer(body):
        read += body[end : found.start()].encode()
        byte = found["octal"] or found["hex"]
        if byte is not None:
            read.append(int(byte, 8 if found["octal"] else 16))
        else:
            read += _character(found).encode()
        end = found.end()
    return bytes(read + body[end:].encode())


def _body(text: str) -> tuple[str, bool]:
    """What stands between the quotes, and whether escapes stand for themselves."""
    is_raw = text[0] in "rR"
    quoted = text[1:] if is_raw else text
    width = 3 if len(quoted) >= 6 and quoted[:3] in ("'''", '"""') else 1
    return quoted[width:-width], is_raw


def _character(found: re.Match[str]) -> str:
    if (simple := found["simple"]) is not None:
        return _SIMPLE[simple]
    if found["wrong"] is not None:
        raise LiteralUnreadable(f"unknown escape {found[0]} in a string")
    digits = found["octal"] or found["hex"] or found["short"] or found["long"]
    code = int(digits, 8 if found["octal"] else 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise LiteralUnreadable(f"{found[0]} is no character")
    return chr(code)
