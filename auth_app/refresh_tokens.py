"""Refresh tokens: finding the user whom a token stands for (spec: http-api.md §4, §1.9).

A token is a uuid; the database holds only its hash, in `$userRefreshTokens.hashedToken`. The
search is by hash, so how long it takes says nothing of the stored tokens.
"""

from __future__ import annotations

from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql.pool import Connection
from wire.ids import hash_uuid_secret, parse_uuid

_SYSTEM: Final = AttrCatalog(SYSTEM_APP_ID, 0, ())

# Whose token is this, and what is the user's e-mail address?
_USER_OF_TOKEN: Final = """
select owner.ref::text, email.value
from triples as token
join triples as owner
  on owner.app_id = token.app_id
  and owner.entity_id = token.entity_id
  and owner.attr_id = %(user_attr)s::uuid
  and owner.ea
join triples as member
  on member.app_id = token.app_id
  and member.entity_id = owner.ref
  and member.attr_id = %(user_id_attr)s::uuid
  and member.ea
left join triples as email
  on email.app_id = token.app_id
  and email.entity_id = owner.ref
  and email.attr_id = %(email_attr)s::uuid
  and email.ea
where token.app_id = %(app_id)s::uuid
  and token.attr_id = %(token_attr)s::uuid
  and token.value_md5 = instant_value_md5(to_jsonb(%(hash)s::text))
  and token.value <> 'null'
  and token.av
"""


async def user_of_token(conn: Connection, app_id: str, token: Any) -> dict[str, Any] | None:
    """The user's id and e-mail address (null for guests), or None if the token opens nothing."""
    canonical = parse_uuid(token)
    if canonical is None:
        return None
    values = {
        "app_id": app_id,
        "hash": hash_uuid_secret(canonical),
        "token_attr": _attr("$userRefreshTokens", "hashedToken").id,
        "user_attr": _attr("$userRefreshTokens", "$user").id,
        "user_id_attr": _attr("$users", "id").id,
        "email_attr": _attr("$users", "email").id,
    }
    row = await (await conn.execute(_USER_OF_TOKEN, values)).fetchone()
    return None if row is None else {"id": row[0], "email": row[1]}


def _attr(etype: str, label: str) -> Attr:
    attr = _SYSTEM.forward(etype, label)
    if attr is None:
        raise LookupError(f"{etype}.{label} is not in the system catalog")
    return attr
