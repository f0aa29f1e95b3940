"""Who a provider says somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """A provider's word on one person.

    `sub` is the provider's name for them and never changes; `email` is there only if the provider
    has verified it.
    """

    sub: str
    email: str | None
    image_url: str | None

    def to_json(self) -> dict[str, Any]:
        """The form in which it waits to be fetched, in `$oauthCodes.userInfo`."""
        return {"sub": self.sub, "email": self.email, "imageURL": self.image_url}

    @classmethod
    def from_json(cls, value: Any) -> Identity:
        """What `to_json` made."""
        return cls(sub=value["sub"], email=value["email"], image_url=value["imageURL"])
