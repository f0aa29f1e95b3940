"""How every way in ends: a new refresh token, and the user as clients read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auth_app.account_write import AccountWrite
from auth_app.refresh_tokens import add_refresh_token
from auth_app.users import User, user_with_id
from wire.errors import RecordNotFound


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who has just signed in; `created` if as a new user."""

    user: User
    refresh_token: str
    created: bool

    def user_to_wire(self) -> dict[str, Any]:
        """The user object with its token."""
        return self.user.to_wire(self.refresh_token)

    def to_wire(self) -> dict[str, Any]:
        """The user object, and whether it is new."""
        return {"user": self.user_to_wire(), "created": self.created}


async def sign_in(
    write: AccountWrite, user_id: str, *, created: bool, refresh_token: str | None = None
) -> SignedIn:
    """Save what was asked for, with a new token unless the user goes on with one that it has."""
    token = refresh_token or add_refresh_token(write, user_id)
    await write.save()
    user = await user_with_id(write.conn, write.app_id, user_id)
    if user is None:  # deleted a moment ago
        raise RecordNotFound("app-user")
    return SignedIn(user, token, created)
