"""How often sign-in may be tried: per address, and per e-mail, in all processes together (§1.11).

Nobody can keep the owner of an address out for long: wrong codes from one network are stopped
before they use up what the e-mail may try from everywhere (docs/decisions/0050-sign-in.md).
"""

from __future__ import annotations

from typing import Final

from auth_app.configuration import SignIn
from triples.buckets import Draw, Limit, draw_tokens
from triples.sql import pool
from triples.tenants import counted_address
from wire.errors import RateLimited
from wire.http import Call

HOUR_SECONDS: Final = 3600.0
CODES_PER_HOUR: Final = 20
GUESSES_PER_HOUR: Final = 20  # from one network
GUESSES_PER_HOUR_FROM_EVERYWHERE: Final = 60

_TOO_MANY_CODES: Final = (
    "Too many verification codes requested for this email. Please try again later."
)
_TOO_MANY_FROM_ADDRESS: Final = (
    "Too many sign-ins were begun from this address. Please try again later."
)


async def limit_codes(app_id: str, email: str) -> None:
    """Return if another code may be sent to the e-mail; raises `RateLimited`."""
    await _draw([Draw(["codes", app_id, email], _an_hour(CODES_PER_HOUR))], _TOO_MANY_CODES)


async def limit_guesses(config: SignIn, call: Call, app_id: str, email: str) -> None:
    """Return if another code may be tried; raises `RateLimited`."""
    draws = [
        Draw(["guesses", app_id, email, _network(config, call)], _an_hour(GUESSES_PER_HOUR)),
        Draw(["guesses", app_id, email], _an_hour(GUESSES_PER_HOUR_FROM_EVERYWHERE)),
    ]
    await _draw(draws, _TOO_MANY_CODES)


async def limit_address(config: SignIn, call: Call, what: str) -> None:
    """Return if the caller's address may begin another sign-in of a kind; raises `RateLimited`."""
    if config.requests_per_hour is None:
        return
    limit = _an_hour(config.requests_per_hour)
    await _draw([Draw(["address", what, _network(config, call)], limit)], _TOO_MANY_FROM_ADDRESS)


def _an_hour(tokens: int) -> Limit:
    return Limit(tokens, tokens, HOUR_SECONDS, is_greedy=False)


def _network(config: SignIn, call: Call) -> str | None:
    address = config.address_of(call)
    return None if address is None else counted_address(address)


async def _draw(draws: list[Draw], message: str) -> None:
    async with pool.connection() as conn:
        if await draw_tokens(conn, draws) is not None:
            raise RateLimited(message)
