"""Who asks, and from where: what rules see of a request besides the data.

`auth` in a rule is the asker's `$users` row, which is read in the transaction or snapshot that the
rule decides about (`auth_fields`), and so is no part of this value.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """An admin, a signed-in user or a guest; no rule is asked about an admin.

    - `ip`: the client's address as seen behind the proxies, `request.ip`; empty if unknown.
    - `origin`: the `Origin` header of the request or of the socket's handshake; empty without.
    """

    is_admin: bool
    user_id: str | None
    ip: str = ""
    origin: str = ""
