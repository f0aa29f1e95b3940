"""The login form of the operator site, which can be guessed at only slowly.

Failed sign-ins are counted for each address and for each name, in all processes together. A
stranger at one address is stopped long before the name is, so its owner still signs in from
elsewhere; both limits let another try pass after seconds to minutes, whoever used them up
(docs/operations.md).
"""

from __future__ import annotations

import math
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from triples.buckets import Draw, Limit, Refusal, draw_tokens, give_back
from triples.sql import pool
from triples.tenants import counted_address
from wire.http import Call

PERIOD_SECONDS: Final = 900.0
FROM_AN_ADDRESS: Final = Limit(10, 10, PERIOD_SECONDS)
UNDER_A_NAME: Final = Limit(50, 50, PERIOD_SECONDS)


class OperatorLoginForm(AdminAuthenticationForm):
    """Asks for name and password, and looks at them only while the limits allow it."""

    def clean(self) -> dict[str, Any]:
        """Refuse before anything is compared; a right password uses up nothing."""
        name = self.cleaned_data.get("username")
        if name is None or not self.cleaned_data.get("password"):
            return super().clean()
        assert self.request is not None
        draws = _draws(name, _address(self.request))
        refusal = async_to_sync(_drawn)(draws)
        if refusal is not None:
            raise ValidationError(_in_words(refusal), code="too-many-tries")
        cleaned = super().clean()
        async_to_sync(_given_back)(draws)
        return cleaned


def _draws(name: str, address: str | None) -> list[Draw]:
    return [
        Draw(["operator sign-ins from", address], FROM_AN_ADDRESS),
        Draw(["operator sign-ins as", name], UNDER_A_NAME),
    ]


def _address(request: HttpRequest) -> str | None:
    call = Call(request, body=None, path={})
    address = call.client_address(settings.ENVIRONMENT.trusted_proxies)
    return None if address is None else counted_address(address)


def _in_words(refusal: Refusal) -> str:
    where = "from your address" if refusal.draw.limit is FROM_AN_ADDRESS else "under this name"
    minutes = math.ceil((refusal.retry_after_seconds or 0) / 60)
    wait = "a minute" if minutes <= 1 else f"{minutes} minutes"
    return f"Too many sign-ins have failed {where}. Try again in {wait}."


async def _drawn(draws: list[Draw]) -> Refusal | None:
    async with pool.connection() as conn:
        return await draw_tokens(conn, draws)


async def _given_back(draws: list[Draw]) -> None:
    async with pool.connection() as conn:
        await give_back(conn, draws)
