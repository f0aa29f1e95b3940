"""The attrs of the built-in app, which every app has: `$users`, `$files`, `$streams` and the rest.

Their ids are fixed, because backups and exported data refer to them (spec:
transactions-permissions.md §8). An id is a common high half for attrs or idents, and a low half
that spells the name; the table below holds the low halves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from triples.attrs.attr import Attr

SYSTEM_APP_ID: Final = "a1111111-1111-1111-1111-111111111ca7"

_ATTR_HALF: Final = "96653230-13ff-ffff-"
_IDENT_HALF: Final = "96653231-03ff-ffff-"
_JSON_BIT: Final = 8
_STRING_BIT: Final = 2


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the catalog; `low` is the shared low half of its attr and ident ids."""

    etype: str
    label: str
    low: str
    value_type: Literal["blob", "ref"] = "blob"
    cardinality: Literal["one", "many"] = "one"
    checked: Literal["string", "number", "boolean", "date"] | None = None
    unique: bool = False
    indexed: bool = False
    required: bool = False
    reverse: tuple[str, str, str] | None = None
    on_delete: Literal["cascade"] | None = None
    on_delete_reverse: Literal["cascade"] | None = None
    visible: bool = False


_ROWS: Final = (
    _Row("$users", "id", "a4b4-81ffffffffff", unique=True, indexed=True, visible=True),
    _Row(
        "$users",
        "email",
        "a4b4-46010bffffff",
        checked="string",
        unique=True,
        indexed=True,
        visible=True,
    ),
    _Row("$users", "type", "a4b5-3cbc9fffffff", checked="string", visible=True),
    _Row("$users", "imageURL", "a4b4-8600c4a457ff", checked="string", visible=True),
    _Row(
        "$users",
        "linkedPrimaryUser",
        "a4b4-b7d3ffffffff",
        value_type="ref",
        reverse=("$users", "linkedGuestUsers", "a4b4-b353ffffffff"),
        on_delete="cascade",
        visible=True,
    ),
    _Row("$magicCodes", "id", "60b4-81ffffffffff", unique=True, indexed=True),
    _Row("$magicCodes", "codeHash", "60b4-270c87048fff", checked="string", indexed=True),
    _Row("$magicCodes", "email", "60b4-46010bffffff", checked="string", indexed=True),
    _Row("$userRefreshTokens", "id", "a474-81ffffffffff", unique=True, indexed=True),
    _Row(
        "$userRefreshTokens",
        "hashedToken",
        "a474-7048e41cdcaf",
        checked="string",
        unique=True,
        indexed=True,
    ),
    _Row(
        "$userRefreshTokens",
        "$user",
        "a475-49123fffffff",
        value_type="ref",
        indexed=True,
        reverse=("$users", "$userRefreshTokens", "a4b5-48ffffffffff"),
        on_delete="cascade",
    ),
    _Row("$oauthProviders", "id", "73f4-81ffffffffff", unique=True, indexed=True),
    _Row(
        "$oauthProviders", "name", "73f4-d0309fffffff", checked="string", unique=True, indexed=True
    ),
    _Row("$oauthUserLinks", "id", "72f4-81ffffffffff", unique=True, indexed=True),
    _Row("$oauthUserLinks", "sub", "72f5-2a07ffffffff", checked="string", indexed=True),
    _Row(
        "$oauthUserLinks",
        "$user",
        "72f5-49123fffffff",
        value_type="ref",
        indexed=True,
        reverse=("$users", "$oauthUserLinks", "a4b4-e5ffffffffff"),
        on_delete="cascade",
    ),
    _Row(
        "$oauthUserLinks",
        "$oauthProvider",
        "72f4-e7c5d540c91f",
        indexed=True,
        reverse=("$oauthProviders", "$oauthUserLinks", "73f4-e5ffffffffff"),
        on_delete="cascade",
    ),
    _Row(
        "$oauthUserLinks",
        "sub+$oauthProvider",
        "72f5-2a05f175503f",
        checked="string",
        unique=True,
        indexed=True,
    ),
    _Row("$oauthClients", "id", "70b4-81ffffffffff", unique=True, indexed=True),
    _Row(
        "$oauthClients",
        "$oauthProvider",
        "70b4-e7c5d540c91f",
        value_type="ref",
        reverse=("$oauthProviders", "$oauthClients", "73f4-e17fffffffff"),
        on_delete="cascade",
    ),
    _Row("$oauthClients", "name", "70b4-d0309fffffff", checked="string", unique=True, indexed=True),
    _Row("$oauthClients", "clientId", "70b4-25a08d9a07ff", indexed=True),
    _Row("$oauthClients", "encryptedClientSecret", "70b4-46884b44882f", checked="string"),
    _Row("$oauthClients", "discoveryEndpoint", "70b4-34484ea91a3f", checked="string"),
    _Row("$oauthClients", "meta", "70b4-c24c1fffffff"),
    _Row("$oauthClients", "redirectTo", "70b5-120d1120a6ef", checked="string"),
    _Row("$oauthClients", "useSharedCredentials", "70b5-49124704451f", checked="boolean"),
    _Row("$oauthCodes", "id", "13b4-81ffffffffff", unique=True, indexed=True),
    _Row(
        "$oauthCodes", "codeHash", "13b4-270c87048fff", checked="string", unique=True, indexed=True
    ),
    _Row("$oauthCodes", "codeChallengeMethod", "13b4-211c0b61267f", checked="string"),
    _Row("$oauthCodes", "codeChallenge", "13b4-270c823816bf", checked="string"),
    _Row("$oauthCodes", "userInfo", "13b5-49122d2bbfff"),
    _Row(
        "$oauthCodes",
        "$oauthClient",
        "13b4-e0504b411b3f",
        value_type="ref",
        reverse=("$oauthClients", "$oauthCodes", "70b4-277fffffffff"),
        on_delete="cascade",
    ),
    _Row("$oauthRedirects", "id", "7474-81ffffffffff", unique=True, indexed=True),
    _Row(
        "$oauthRedirects",
        "stateHash",
        "7475-29826438247f",
        checked="string",
        unique=True,
        indexed=True,
    ),
    _Row("$oauthRedirects", "cookieHash", "7474-27394838247f", checked="string"),
    _Row("$oauthRedirects", "redirectUrl", "7475-120d112522bf", checked="string"),
    _Row("$oauthRedirects", "redirectTo", "7475-120d1120a6ef", checked="string"),
    _Row(
        "$oauthRedirects",
        "$oauthClient",
        "7474-e0504b411b3f",
        value_type="ref",
        reverse=("$oauthClients", "$oauthRedirects", "70b4-e8ffffffffff"),
        on_delete="cascade",
    ),
    _Row("$oauthRedirects", "codeChallengeMethod", "7474-211c0b61267f", checked="string"),
    _Row("$oauthRedirects", "codeChallenge", "7474-270c823816bf", checked="string"),
    _Row("$files", "id", "2a34-81ffffffffff", unique=True, indexed=True, visible=True),
    _Row(
        "$files",
        "path",
        "2a34-f04cffffffff",
        checked="string",
        unique=True,
        indexed=True,
        required=True,
        visible=True,
    ),
    _Row("$files", "size", "2a35-24609fffffff", checked="number", indexed=True, required=True),
    _Row("$files", "content-type", "2a34-29e5e4ffffff", checked="string", indexed=True),
    _Row("$files", "content-disposition", "2a34-21a24fffffff", checked="string", indexed=True),
    _Row(
        "$files",
        "location-id",
        "2a34-b40fffffffff",
        checked="string",
        unique=True,
        indexed=True,
        required=True,
    ),
    _Row("$files", "key-version", "2a34-aaffffffffff", checked="number"),
    _Row("$files", "url", "2a35-48afffffffff", checked="string", visible=True),
    _Row("$streams", "id", "94f4-81ffffffffff", unique=True, indexed=True, visible=True),
    _Row(
        "$streams",
        "clientId",
        "94f4-25a08d9a07ff",
        checked="string",
        unique=True,
        indexed=True,
        required=True,
        visible=True,
    ),
    _Row("$streams", "machineId", "94f4-c008e869103f", checked="string"),
    _Row(
        "$streams",
        "$files",
        "94f4-547fffffffff",
        value_type="ref",
        cardinality="many",
        unique=True,
        reverse=("$files", "$stream", "2a35-29c48067ffff"),
        on_delete_reverse="cascade",
        visible=True,
    ),
    _Row("$streams", "done", "94f4-37349fffffff", checked="boolean", visible=True),
    _Row("$streams", "size", "94f5-24609fffffff", checked="number", visible=True),
    _Row("$streams", "hashedReconnectToken", "94f4-7048f124dcaf", checked="string"),
    _Row("$streams", "abortReason", "94f4-00c6712024df", checked="string", visible=True),
)


def _attr(row: _Row) -> Attr:
    reverse_etype, reverse_label, reverse_low = row.reverse or (None, None, None)
    return Attr(
        id=_ATTR_HALF + row.low,
        etype=row.etype,
        label=row.label,
        forward_ident=_IDENT_HALF + row.low,
        reverse_etype=reverse_etype,
        reverse_label=reverse_label,
        reverse_ident=None if reverse_low is None else _IDENT_HALF + reverse_low,
        value_type=row.value_type,
        cardinality=row.cardinality,
        is_unique=row.unique,
        is_indexed=row.indexed,
        is_required=row.required,
        checked_data_type=row.checked,
        on_delete=row.on_delete,
        on_delete_reverse=row.on_delete_reverse,
        inferred_types=_JSON_BIT if row.label == "meta" else _STRING_BIT,
        catalog="system",
    )


SYSTEM_ATTRS: Final[tuple[Attr, ...]] = tuple(_attr(row) for row in _ROWS)
"""Every system attr."""

VISIBLE_SYSTEM_ATTR_IDS: Final[frozenset[str]] = frozenset(
    _ATTR_HALF + row.low for row in _ROWS if row.visible
)
"""Those that schema maps show; the others travel only in attr lists (§8.2)."""

SYSTEM_ETYPES: Final[frozenset[str]] = frozenset(row.etype for row in _ROWS)
"""The `$` namespaces that exist."""
