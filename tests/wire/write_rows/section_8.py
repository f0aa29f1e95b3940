"""What callers may do with `$` etypes where the rules allow everything (§8.3)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Author, Door, Refused, Row, attr, invalid

_OPEN: Final = dict.fromkeys(("view", "create", "update"), "true")
RULES: Final[dict[str, Any]] = {
    "$users": {"allow": _OPEN},
    "$files": {"allow": {**_OPEN, "delete": "true"}},
    "$streams": {"allow": {**_OPEN, "delete": "true"}},
}
ANN: Final = [["update", "$users", "@ann", {"email": "~mail"}]]
SHOWN: Final = {"email": "~mail"}
AUTHORS: Final[tuple[Author, ...]] = ("guest", "admin")
DENIED: Final = "is a system column. You aren't allowed to change this directly."
ENTITY: Final = "is a system entity. You aren't allowed to"
BY_ID: Final = "only tx-steps name attrs by id"
NO_STEP: Final = "the grammar of /admin/transact has no such step"


def _each(row_id: str, write: Any, **more: Any) -> list[Row]:
    """The row for a guest and for an admin."""
    return [Row("§8.3", f"{row_id}, {a}", write, author=a, **more) for a in AUTHORS]


def _column(name: str) -> Refused:
    return invalid("tx-step", f"{name} {DENIED}")


ATTR_STEPS: Final[list[tuple[list[Any], Door | None]]] = [
    (["update-attr", {"id": "#$users.email", "unique?": False}], "socket"),
    (["delete-attr", "#$users.email"], None),
]

ATTRS: Final = [
    *(
        row
        for etype in ("$users", "$files", "$streams")
        for row in _each(
            f"new attr on {etype}",
            [["add-attr", attr("a", f"{etype}.~nick")]],
            attrs={f"{etype}.~nick": {"id": "@a", "catalog": "user", "required?": False}},
        )
    ),
    *_each(
        "new attr on another $ etype",
        [["add-attr", attr("a", "$moop.x")]],
        refused=invalid("attributes", "$ is reserved for system tables. You can't create $moop"),
    ),
    *_each(
        "new attr with a name of the catalog",
        [["add-attr", attr("a", "$users.email")]],
        refused=invalid("attributes", "$users.email is a system column and it already exists."),
    ),
    *_each(
        "new link with a far name of the catalog",
        [["add-attr", attr("a", "~x.y", to="$users.email")]],
        refused=invalid("attributes", "$users.email is a system column and it already exists."),
    ),
    *_each(
        "new required attr",
        [["add-attr", attr("a", "$users.~nick", required_q=True)]],
        refused=invalid(
            "attributes",
            "You can't create a required system attribute. Make sure it's optional.",
        ),
    ),
    Row(
        "§8.3",
        "rename onto a name of the catalog",
        [["update-attr", {"id": "@a", "forward-identity": ["@a", "$users", "email"]}]],
        before=[[["add-attr", attr("a", "~notes.text")]]],
        author="admin",
        refused=invalid("attributes", "$users.email is a system column and it already exists."),
        only="socket",
        why=NO_STEP,
    ),
    *(
        Row(
            "§8.3",
            f"{step[0]} of the catalog",
            [step],
            author="admin",
            refused=invalid("attributes", f"$users.email {DENIED}"),
            only=only,
            why=NO_STEP if only else "",
        )
        for step, only in ATTR_STEPS
    ),
]

VALUES: Final = [
    *_each(
        "value of an attr of its own on $users",
        [["update", "$users", "@ann", {"~nick": "A"}]],
        before=[ANN],
        after={"$users @ann": {**SHOWN, "~nick": "A"}},
    ),
    *_each(
        "id of a user that exists",
        [["update", "$users", "@ann", {}]],
        before=[ANN],
        after={"$users @ann": SHOWN},
    ),
    *(
        row
        for label, value in {"email": "~new", "type": "user", "imageURL": "x"}.items()
        for row in (
            Row(
                "§8.3",
                f"{label} of a user, guest",
                [["update", "$users", "@ann", {label: value}]],
                before=[ANN],
                author="guest",
                refused=_column(f"$users.{label}"),
            ),
            Row(
                "§8.3",
                f"{label} of a user, admin",
                [["update", "$users", "@ann", {label: value}]],
                before=[ANN],
                author="admin",
                after={"$users @ann": {**SHOWN, label: value}},
            ),
        )
    ),
    Row(
        "§8.3",
        "column of a hidden etype, guest",
        [["add-triple", "@code", "#$magicCodes.email", "x"]],
        author="guest",
        refused=_column("$magicCodes.email"),
        only="socket",
        why=BY_ID,
    ),
    *(
        row
        for name, value in {
            "$files.size": 1,
            "$files.content-type": "x",
            "$files.location-id": "~x",
            "$streams.done": True,
            "$streams.clientId": "~x",
        }.items()
        for row in _each(
            f"column {name}",
            [["update", name.split(".")[0], "@file", {name.split(".")[1]: value}]],
            refused=_column(name),
        )
    ),
    *_each(
        "path of a stream's file",
        [["update", "$files", "@file", {"path": "$stream/x"}]],
        refused=invalid("tx-step", "The path for stream files can't be edited."),
    ),
]

ENTITIES: Final = [
    Row(
        "§8.3",
        "new user, guest",
        [["create", "$users", "@ann", {}]],
        author="guest",
        refused=invalid("tx-step", f"$users {ENTITY} create this directly."),
    ),
    Row(
        "§8.3",
        "new user, admin",
        [["create", "$users", "@ann", {"email": "~mail"}]],
        author="admin",
        after={"$users @ann": SHOWN},
    ),
    *_each(
        "new file",
        [["update", "$files", "@file", {"path": "~a.txt"}]],
        refused=Refused(
            "validation-failed",
            "Missing required attribute `$files/location-id`: @file."
            " Missing required attribute `$files/size`: @file",
            {
                "records": [
                    {
                        "entity_id": "@file",
                        "attr_id": f"#$files.{label}",
                        "etype": "$files",
                        "label": label,
                        "is_required": True,
                    }
                    for label in ("location-id", "size")
                ]
            },
        ),
    ),
    *_each(
        "delete of a file",
        [["delete", "$files", "@file"]],
        after={"$files @file": None},
    ),
    *(
        Row(
            "§8.3",
            f"delete from {etype}, guest",
            [["delete", etype, "@ann"]],
            before=[ANN],
            author="guest",
            refused=invalid("tx-step", f"{etype} {ENTITY} delete this directly."),
        )
        for etype in ("$users", "$streams", "$magicCodes")
    ),
    Row(
        "§8.3",
        "delete of a user, admin",
        [["delete", "$users", "@ann"]],
        before=[ANN],
        author="admin",
        after={"$users @ann": None},
    ),
    Row(
        "§8.3",
        "delete of a user by cascade, guest",
        [["delete", "~rooms", "@room"]],
        before=[
            ANN,
            [
                ["add-attr", attr("own", "~rooms.id", unique_q=True)],
                [
                    "add-attr",
                    attr("host", "~rooms.host", to="$users.~rooms", on_delete_reverse="cascade"),
                ],
            ],
            [["update", "~rooms", "@room", {}], ["link", "~rooms", "@room", {"host": "@ann"}]],
        ],
        author="guest",
        refused=invalid("tx-step", f"$users {ENTITY} delete this directly."),
    ),
    *_each(
        "link to a user",
        [["link", "~todos", "@todo", {"owner": "@ann"}]],
        before=[
            ANN,
            [
                ["add-attr", attr("own", "~todos.id", unique_q=True)],
                ["add-attr", attr("owner", "~todos.owner", to="$users.~todos")],
            ],
            [["update", "~todos", "@todo", {}]],
        ],
        after={"~todos @todo": {"owner": {"@ann"}}, "$users @ann": {**SHOWN, "~todos": {"@todo"}}},
    ),
]

ROWS: Final = [*ATTRS, *VALUES, *ENTITIES]
