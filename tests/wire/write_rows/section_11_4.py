"""What a pushed schema comes to (transactions-permissions.md §11.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.wire.write_rows.row import Refused, invalid
from tests.wire.write_rows.world import one_link, one_property

Planned = tuple[str, str, Mapping[str, Any]]
"""An action, the name of its attr, and the rest of what it says, ids aside."""


@dataclass(frozen=True, slots=True)
class PushRow:
    """One push onto what the push of `stored` has left; `attrs` are asked of the attrs' JSON."""

    id: str
    document: Mapping[str, Any]
    stored: Mapping[str, Any] | None = None
    background: bool = True
    checks_types: bool = True
    steps: Sequence[Planned] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    refused: Refused | None = None


def _posts(**properties: Any) -> dict[str, Any]:
    return {"entities": {"~posts": {"attrs": properties}}, "links": {}}


def _linked(has: str = "one", far_has: str = "many", **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"attrs": {}}
    link = one_link("~posts.author", has, "~people.posts", far_has, **more)
    return {"entities": {"~posts": empty, "~people": empty}, "links": {"any": link}}


def _blob(**flags: Any) -> dict[str, Any]:
    """What a step says of a property."""
    plain = {"unique?": False, "index?": False, "required?": False}
    return {"value-type": "blob", "cardinality": "one", **plain, **flags}


def _ref(**flags: Any) -> dict[str, Any]:
    """What a step says of a link."""
    cascades = {"on-delete": None, "on-delete-reverse": None}
    return _blob() | {"value-type": "ref", "reverse": "~people.posts", **cascades, **flags}


ID: Final = {"value-type": "blob", "cardinality": "one", "unique?": True, "index?": False}
TITLE: Final = _posts(title=one_property("json"))
AUTHOR: Final = "~posts.author"
NEW_LINK: Final = [
    ("add-attr", "~posts.id", ID),
    ("add-attr", "~people.id", ID),
]


def _changed(name: str, action: str, flag: str, before: Any, after: Any) -> PushRow:
    """A property whose change is a job."""
    return PushRow(
        name,
        _posts(title=after),
        _posts(title=before),
        steps=[(action, "~posts.title", {})],
        attrs={"~posts.title": {flag: not action.startswith("remove-")}},
    )


PLAIN: Final = one_property("json")
INDEXED: Final = one_property("json", indexed=True)
UNIQUE: Final = one_property("json", unique=True)
REQUIRED: Final = one_property("json", required=True)
TYPED: Final = one_property("number")
ALL: Final = one_property("json", indexed=True, unique=True, required=True)

PROPERTIES: Final = [
    PushRow(
        "new etype without a property",
        {"entities": {"~posts": {"attrs": {}}}},
        steps=[("add-attr", "~posts.id", ID)],
        attrs={"~posts.id": {"unique?": True, "index?": False}},
    ),
    PushRow(
        "id that is spelled out",
        _posts(id=ALL),
        steps=[("add-attr", "~posts.id", ID)],
        attrs={"~posts.id": {"unique?": True, "index?": False, "required?": False}},
    ),
    PushRow(
        "new property with everything",
        _posts(title=one_property("string", indexed=True, unique=True, required=True)),
        steps=[
            ("add-attr", "~posts.id", ID),
            (
                "add-attr",
                "~posts.title",
                _blob(**{"unique?": True, "index?": True, "required?": True})
                | {"checked-data-type": "string"},
            ),
        ],
        attrs={
            "~posts.title": {
                "unique?": True,
                "index?": True,
                "required?": True,
                "checked-data-type": "string",
                "catalog": "user",
            }
        },
    ),
    PushRow(
        "type that is not asked for",
        _posts(title=TYPED),
        checks_types=False,
        steps=[("add-attr", "~posts.id", ID), ("add-attr", "~posts.title", _blob())],
        attrs={"~posts.title": {"checked-data-type": None}},
    ),
    PushRow(
        "rooms, metadata and links of an entity are not stored",
        {
            "entities": {
                "~posts": {
                    "attrs": {"title": {"valueType": "json", "metadata": {"a": 1}}},
                    "links": {"author": {"cardinality": "one", "entityName": "~people"}},
                }
            },
            "links": {},
            "rooms": {"chat": {"presence": {}}},
        },
        steps=[("add-attr", "~posts.id", ID), ("add-attr", "~posts.title", _blob())],
        attrs={"~posts.author": None},
    ),
    PushRow("nothing to do", TITLE, TITLE, attrs={"~posts.title": {"index?": False}}),
    PushRow(
        "property that is left out stays",
        _posts(),
        TITLE,
        attrs={"~posts.title": {"value-type": "blob"}},
    ),
    _changed("index", "index", "index?", PLAIN, INDEXED),
    _changed("no index", "remove-index", "index?", INDEXED, PLAIN),
    _changed("unique", "unique", "unique?", PLAIN, UNIQUE),
    _changed("not unique", "remove-unique", "unique?", UNIQUE, PLAIN),
    _changed("required", "required", "required?", PLAIN, REQUIRED),
    _changed("not required", "remove-required", "required?", REQUIRED, PLAIN),
    PushRow(
        "all three without background updates",
        _posts(title=ALL),
        TITLE,
        background=False,
        steps=[
            (
                "update-attr",
                "~posts.title",
                _blob(**{"unique?": True, "index?": True, "required?": True}),
            )
        ],
        attrs={"~posts.title": {"unique?": True, "index?": True, "required?": True}},
    ),
    *(
        PushRow(
            f"type, {'with' if background else 'without'} background updates",
            _posts(title=TYPED),
            TITLE,
            background=background,
            steps=[("check-data-type", "~posts.title", {"checked-data-type": "number"})],
            attrs={"~posts.title": {"checked-data-type": "number"}},
        )
        for background in (True, False)
    ),
    PushRow(
        "no type",
        TITLE,
        _posts(title=TYPED),
        steps=[("remove-data-type", "~posts.title", {})],
        attrs={"~posts.title": {"checked-data-type": None}},
    ),
    PushRow(
        "type that changes unasked",
        TITLE,
        _posts(title=TYPED),
        checks_types=False,
        attrs={"~posts.title": {"checked-data-type": "number"}},
    ),
    PushRow(
        "attrs of the catalog are left alone, others are not",
        {
            "entities": {
                "$users": {"attrs": {"email": one_property("number"), "~nick": PLAIN}},
                "$files": {"attrs": {"path": PLAIN}},
            }
        },
        steps=[("add-attr", "$users.~nick", _blob())],
        attrs={
            "$users.~nick": {"catalog": "user"},
            "$users.email": {"checked-data-type": "string"},
        },
    ),
]

LINKS: Final = [
    *(
        PushRow(
            f"new link, {has} to {far_has}",
            _linked(has, far_has),
            steps=[
                *NEW_LINK,
                ("add-attr", AUTHOR, _ref(cardinality=has) | {"unique?": far_has == "one"}),
            ],
            attrs={AUTHOR: {"cardinality": has, "unique?": far_has == "one"}},
        )
        for has in ("one", "many")
        for far_has in ("one", "many")
    ),
    PushRow(
        "new link that is required and cascades both ways",
        _linked("one", "one", required=True, on_delete=True, on_delete_reverse=True),
        steps=[
            *NEW_LINK,
            (
                "add-attr",
                AUTHOR,
                _ref(**{"unique?": True, "required?": True})
                | {"on-delete": "cascade", "on-delete-reverse": "cascade"},
            ),
        ],
        attrs={AUTHOR: {"required?": True, "on-delete": "cascade", "on-delete-reverse": "cascade"}},
    ),
    PushRow(
        "required link",
        _linked(required=True),
        _linked(),
        steps=[("required", AUTHOR, {})],
        attrs={AUTHOR: {"required?": True}},
    ),
    PushRow(
        "link that is not required",
        _linked(),
        _linked(required=True),
        steps=[("remove-required", AUTHOR, {})],
        attrs={AUTHOR: {"required?": False}},
    ),
    PushRow(
        "required link without background updates",
        _linked(required=True),
        _linked(),
        background=False,
        steps=[("update-attr", AUTHOR, _ref(**{"required?": True}))],
        attrs={AUTHOR: {"required?": True}},
    ),
    PushRow(
        "link to many",
        _linked("many"),
        _linked(),
        steps=[("update-attr", AUTHOR, _ref(cardinality="many"))],
        attrs={AUTHOR: {"cardinality": "many"}},
    ),
    PushRow(
        "link from one",
        _linked("one", "one"),
        _linked(),
        steps=[("update-attr", AUTHOR, _ref(**{"unique?": True}))],
        attrs={AUTHOR: {"unique?": True}},
    ),
    PushRow(
        "cascade",
        _linked(on_delete=True),
        _linked(),
        steps=[("update-attr", AUTHOR, _ref(**{"on-delete": "cascade"}))],
        attrs={AUTHOR: {"on-delete": "cascade"}},
    ),
    PushRow(
        "no cascade",
        _linked(),
        _linked(on_delete=True),
        steps=[("update-attr", AUTHOR, _ref())],
        attrs={AUTHOR: {"on-delete": None}},
    ),
    PushRow(
        "link that is left out stays", _posts(), _linked(), attrs={AUTHOR: {"value-type": "ref"}}
    ),
]

DUPLICATE: Final = (
    "Duplicate entry found for attribute. Check your schema for another link or attribute of this"
    " name; it may also have been made by a client as it wrote."
)
BACKWARDS: Final = (
    "Conflicting link found for attribute. There is a link with the same names in the reverse"
    " direction. Swap `forward` and `reverse` of this link, or delete the stored one."
)
CASCADE: Final = "Cascade delete is only possible on links with `has: 'one'`."


def _impossible(name: str, message: str, stored: Any, document: Any) -> PushRow:
    return PushRow(name, document, stored, refused=invalid("schema", message, where=["schema"]))


REFUSED: Final = [
    PushRow(
        "link with a side that is a number",
        {"links": {"any": {"forward": 1}}},
        refused=Refused(
            "validation-failed",
            "Validation failed for schema: links->any->forward must be an object.",
            {
                "data-type": "schema",
                "errors": [
                    {
                        "message": "links->any->forward must be an object.",
                        "in": ["schema", "links", "any", "forward"],
                    }
                ],
            },
        ),
    ),
    _impossible(
        "link with the name of a property",
        f"~posts->author: {DUPLICATE}",
        _posts(author=PLAIN),
        _linked(),
    ),
    _impossible(
        "link whose far name is a property's",
        f"~people->posts: {DUPLICATE}",
        {"entities": {"~people": {"attrs": {"posts": PLAIN}}}},
        _linked(),
    ),
    _impossible(
        "link with the name of another link",
        f"~posts->author: {DUPLICATE}",
        _linked(),
        {"links": {"any": one_link(AUTHOR, "one", "~people.written", "many")}},
    ),
    _impossible(
        "link backwards",
        f"~people->posts: {BACKWARDS}",
        _linked(),
        {"links": {"any": one_link("~people.posts", "many", AUTHOR, "one")}},
    ),
    _impossible(
        "cascade on a side with many",
        f"~posts->author: {CASCADE}",
        None,
        _linked("many", on_delete=True),
    ),
    _impossible(
        "cascade on a far side with many",
        f"~people->posts: {CASCADE}",
        None,
        _linked(on_delete_reverse=True),
    ),
]

ROWS: Final = [*PROPERTIES, *LINKS, *REFUSED]
