"""The life of attrs (transactions-permissions.md §9)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Refused, Row, attr, invalid, taken, wire_key

NO_STEP: Final = "the grammar of /admin/transact has no such step"
OWN: Final = ["add-attr", attr("own", "~notes.id", unique_q=True)]
TEXT: Final = ["add-attr", attr("a", "~notes.text")]
NOTE: Final = [["update", "~notes", "@note", {"text": "x"}]]
LINK: Final = ["add-attr", attr("a", "~notes.owner", to="~people.notes", on_delete="cascade")]


def _change(**changes: Any) -> list[Any]:
    """An `update-attr` step for `@a`; `rename` stands for a forward identity."""
    change = {wire_key(key): value for key, value in changes.items() if key != "rename"}
    if "rename" in changes:
        change["forward-identity"] = ["@a", *changes["rename"].split(".")]
    return ["update-attr", {"id": "@a", **change}]


def _update(name: str, *steps: Any, **more: Any) -> Row:
    return Row("§9.2", name, list(steps), author="admin", only="socket", why=NO_STEP, **more)


ADDED: Final = [
    Row(
        "§9.1",
        "the same attr again is nothing",
        [TEXT, TEXT],
        before=[[TEXT]],
        attrs={"~notes.text": {"id": "@a"}},
    ),
    Row(
        "§9.1",
        "required attr where there are no entities",
        [["add-attr", attr("a", "~notes.text", required_q=True)]],
        before=[[OWN]],
        attrs={"~notes.text": {"required?": True}},
    ),
    *(
        Row(
            "§9.1",
            f"attr of type {checked}",
            [["add-attr", attr("a", "~notes.text", checked_data_type=checked)]],
            attrs={"~notes.text": {"checked-data-type": checked}},
        )
        for checked in ("string", "number", "boolean", "date")
    ),
    Row(
        "§9.1",
        "new indexed attr is null where there are entities",
        [["add-attr", attr("b", "~notes.rank", index_q=True)]],
        before=[[OWN, TEXT], NOTE],
        after={"~notes @note": {"text": "x", "rank": None}},
        attrs={"~notes.rank": {"index?": True}},
    ),
    Row(
        "§9.1",
        "link with cascades",
        [
            [
                "add-attr",
                attr(
                    "a",
                    "~notes.owner",
                    to="~people.note",
                    unique_q=True,
                    on_delete="cascade",
                    on_delete_reverse="cascade",
                ),
            ]
        ],
        attrs={
            "~notes.owner": {
                "value-type": "ref",
                "cardinality": "one",
                "unique?": True,
                "on-delete": "cascade",
                "on-delete-reverse": "cascade",
                "reverse-identity": ["@a_far", "~people", "note"],
            }
        },
    ),
]

UPDATED: Final = [
    _update(
        "rename keeps the values",
        _change(rename="~notes.body"),
        before=[[OWN, TEXT], NOTE],
        after={"~notes @note": {"body": "x"}},
        attrs={"~notes.text": None, "~notes.body": {"id": "@a"}},
    ),
    _update(
        "rename of both sides of a link keeps the links",
        _change(rename="~notes.author", reverse_identity=["@a", "~people", "written"]),
        before=[
            [OWN, LINK, ["add-attr", attr("person", "~people.id", unique_q=True)]],
            [
                ["update", "~notes", "@note", {}],
                ["update", "~people", "@ann", {}],
                ["link", "~notes", "@note", {"owner": "@ann"}],
            ],
        ],
        after={"~notes @note": {"author": {"@ann"}}, "~people @ann": {"written": {"@note"}}},
    ),
    _update(
        "rename onto a name that is taken",
        _change(rename="~notes.id"),
        before=[[OWN, TEXT]],
        refused=Refused(
            "record-not-unique",
            "`id` already exists on `~notes`",
            {"record-type": "ident", "etype": "~notes", "label": "id"},
        ),
    ),
    _update(
        "two changes apply in their order",
        _change(rename="~notes.one", unique_q=True),
        _change(rename="~notes.two"),
        before=[[OWN, TEXT]],
        attrs={"~notes.one": None, "~notes.two": {"id": "@a", "unique?": True}},
    ),
    _update(
        "unique",
        _change(unique_q=True),
        before=[[OWN, TEXT], NOTE],
        after={"~notes text=x": {"text": "x"}},
        attrs={"~notes.text": {"unique?": True}},
    ),
    _update(
        "unique where a value is there twice",
        _change(unique_q=True),
        before=[[OWN, TEXT], [*NOTE, ["update", "~notes", "@other", {"text": "x"}]]],
        refused=taken("~notes.text", '"x"'),
    ),
    _update(
        "link where a value is no id",
        _change(value_type="ref", reverse_identity=["@a_far", "~people", "notes"]),
        before=[[OWN, TEXT], NOTE],
        refused=Refused("validation-failed", "Linked value must be a valid uuid.", {}),
    ),
    _update(
        "one link where there are two",
        _change(cardinality="one"),
        before=[
            [OWN, ["add-attr", attr("a", "~notes.tags", to="~tags.notes", cardinality="many")]],
            [["link", "~notes", "@note", {"tags": ["@one", "@two"]}]],
        ],
        refused=Refused(
            "record-not-unique", "Record not unique: triple", {"record-type": "triple"}
        ),
    ),
    _update(
        "indexed gives nulls",
        _change(index_q=True),
        before=[[OWN, TEXT], [["update", "~notes", "@note", {}]]],
        after={"~notes @note": {"text": None}},
        attrs={"~notes.text": {"index?": True}},
    ),
    _update(
        "required",
        _change(required_q=True),
        before=[[OWN, TEXT], NOTE],
        attrs={"~notes.text": {"required?": True}},
    ),
    _update(
        "required where a value is missing",
        _change(required_q=True),
        before=[[OWN, TEXT], [["update", "~notes", "@note", {"text": None}]]],
        refused=invalid(
            "attributes",
            "Can't update attribute `text` to required because `~notes` already have entities"
            " without it",
        ),
    ),
    _update(
        "many links",
        _change(cardinality="many"),
        before=[[OWN, LINK]],
        attrs={"~notes.owner": {"cardinality": "many"}},
    ),
    _update(
        "absent and null leave all as it was",
        _change(unique_q=None, index_q=None, required_q=None, cardinality=None, value_type=None),
        before=[[OWN, ["add-attr", attr("a", "~notes.text", unique_q=True, index_q=True)]]],
        attrs={
            "~notes.text": {
                "unique?": True,
                "index?": True,
                "required?": False,
                "cardinality": "one",
                "value-type": "blob",
            }
        },
    ),
    _update(
        "cascade that is not said is none",
        _change(unique_q=True),
        before=[[OWN, LINK]],
        attrs={"~notes.owner": {"unique?": True, "on-delete": None}},
    ),
    _update(
        "cascade that is said",
        _change(on_delete_reverse="cascade"),
        before=[[OWN, LINK]],
        attrs={"~notes.owner": {"on-delete": None, "on-delete-reverse": "cascade"}},
    ),
    _update(
        "rename keeps the cascade",
        _change(rename="~notes.author"),
        before=[[OWN, LINK]],
        attrs={"~notes.author": {"id": "@a", "on-delete": "cascade"}},
    ),
    _update(
        "checked type is not changed here",
        _change(checked_data_type="number"),
        before=[[OWN, TEXT]],
        attrs={"~notes.text": {"checked-data-type": None}},
    ),
    _update(
        "unknown attrs are nothing",
        ["update-attr", {"id": "@nobody", "unique?": True}],
        ["delete-attr", "@nobody"],
        ["restore-attr", "@nobody"],
        before=[[OWN, TEXT]],
        attrs={"~notes.text": {"id": "@a"}},
    ),
]

DELETED: Final = [
    Row(
        "§9.3",
        "deleted attr and its values are not shown",
        [["delete-attr", "@a"]],
        before=[[OWN, TEXT], NOTE],
        author="admin",
        after={"~notes @note": {}},
        attrs={"~notes.text": None, "~notes.id": {"id": "@own"}},
    ),
    Row(
        "§9.3",
        "name of a deleted attr is free",
        [["add-attr", attr("b", "~notes.text")], ["update", "~notes", "@other", {}]],
        before=[[OWN, TEXT], NOTE, [["delete-attr", "@a"]]],
        author="admin",
        after={"~notes @note": {}, "~notes @other": {}},
        attrs={"~notes.text": {"id": "@b"}},
    ),
    Row(
        "§9.3",
        "deleted attr comes back with its values",
        [["restore-attr", "@a"]],
        before=[
            [OWN, ["add-attr", attr("a", "~notes.text", unique_q=True, index_q=True)]],
            [["update", "~notes", "@note", {"text": "~x"}]],
            [["delete-attr", "@a"]],
        ],
        author="admin",
        after={"~notes @note": {"text": "~x"}},
        attrs={"~notes.text": {"id": "@a", "unique?": True, "index?": False, "required?": False}},
        only="socket",
        why=NO_STEP,
    ),
    Row(
        "§9.3",
        "deleted attr does not come back to a name that is taken",
        [["restore-attr", "@a"]],
        before=[
            [OWN, TEXT],
            [["delete-attr", "@a"]],
            [["add-attr", attr("b", "~notes.text")]],
        ],
        author="admin",
        refused=Refused(
            "record-not-unique",
            "`text` already exists on `~notes`",
            {"record-type": "ident", "etype": "~notes", "label": "text"},
        ),
        only="socket",
        why=NO_STEP,
    ),
    Row(
        "§9.3",
        "etype whose attrs are all deleted is gone",
        [["delete-attr", "@a"], ["delete-attr", "@own"]],
        before=[[OWN, TEXT], NOTE],
        author="admin",
        attrs={"~notes.text": None, "~notes.id": None},
    ),
]

ROWS: Final = [*ADDED, *UPDATED, *DELETED]
