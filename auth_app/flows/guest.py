"""Signing in as nobody in particular: a user without an address, who may become somebody later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth_app.account_write import account_write
from auth_app.flows.signed_in import SignedIn, sign_in
from auth_app.newcomers import Newcomer, admit
from auth_app.sign_up_rule import Request


async def sign_in_guest(app_id: str, extra: Mapping[str, Any], request: Request | None) -> SignedIn:
    """Make a guest; `request` is None for an admin, whom no rule stops."""
    async with account_write(app_id) as write:
        user_id = await admit(write, Newcomer("guest", request, extra=extra))
        return await sign_in(write, user_id, created=True)
