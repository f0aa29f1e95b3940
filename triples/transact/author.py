"""Who writes: an admin, a signed-in user, or a guest."""

from __future__ import annotations

from dataclasses import dataclass

from triples.permissions.asker import Asker


@dataclass(frozen=True, slots=True)
class Author(Asker):
    """The one a write is made by; an admin's is not restricted to a user's rights."""

    def identity(self) -> str:
        """Tells authors apart: an answered `client-event-id` is repeated to the same one only."""
        if self.is_admin:
            return "admin"
        return "guest" if self.user_id is None else f"user:{self.user_id}"
