"""Who writes: an admin, a signed-in user, or a guest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """The identity a write is made with; an admin's is not restricted to a user's rights."""

    is_admin: bool
    user_id: str | None

    def identity(self) -> str:
        """Tells authors apart: an answered `client-event-id` is repeated to the same one only."""
        if self.is_admin:
            return "admin"
        return "guest" if self.user_id is None else f"user:{self.user_id}"
