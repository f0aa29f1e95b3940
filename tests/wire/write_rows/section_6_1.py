"""What is no list of steps (transactions-permissions.md §6.1)."""

from __future__ import annotations

from typing import Any, Final

from tests.wire.write_rows.row import Row, attr, invalid, misshapen

GRAMMAR: Final = "the shape of tx-steps; §3.2 has that of /admin/transact"


def _shape(name: str, steps: Any, expected: str, *where: Any) -> Row:
    refused = misshapen("tx-steps", expected, *where)
    return Row("§6.1", name, steps, refused=refused, only="socket", why=GRAMMAR)


def _wrong_attr(name: str, expected: str, *where: Any, **changes: Any) -> Row:
    step = ["add-attr", {**attr("a", "~notes.text"), **changes}]
    return _shape(f"add-attr with {name}", [step], expected, 0, 1, *where)


def _bad_id(entity: Any, shown: str) -> Row:
    return Row(
        "§6.1",
        f"entity {shown}",
        [["add-triple", entity, "#people.name", "x"]],
        refused=invalid(
            "tx-steps",
            f"Invalid entity ID '{shown}'. Entity IDs must be UUIDs."
            " Use id() or lookup() to generate a valid UUID.",
            where=[0, 1],
        ),
        only="socket",
        why=GRAMMAR,
    )


def _bad_id_lookup(position: int, step: list[Any]) -> Row:
    return Row(
        "§6.1",
        f"lookup by an id that is none, in position {position}",
        [step],
        refused=invalid(
            "tx-steps",
            "Invalid lookup '[\"#people.id\",\"bob\"]'. The lookup attribute is 'people.id',"
            " but the lookup value is not a valid UUID.",
            where=[0, position],
        ),
    )


ROWS: Final = [
    _shape("steps that are null", None, "coll?"),
    _shape("steps that are an object", {}, "coll?"),
    _shape("steps that are text", "delete", "coll?"),
    _shape("step that is text", ["add-triple"], "coll?", 0),
    _shape("step that is an object", [["delete-entity", "@ann"], {}], "coll?", 1),
    _shape("step without an op", [[]], "a known tx-step", 0, 0),
    _shape("step of an unknown op", [["drop-table", "people"]], "a known tx-step", 0, 0),
    _shape("step that is cut short", [["add-triple", "@ann"]], "4 to 5 elements", 0),
    _shape("retract of five", [["retract-triple", "@a", "@b", 1, None]], "4 elements", 0),
    _shape("delete of four", [["delete-entity", "@a", "people", 1]], "2 to 3 elements", 0),
    _shape("delete in a number", [["delete-entity", "@a", 7]], "string?", 0, 2),
    _shape("rule-params of three", [["rule-params", "@a", "people"]], "4 elements", 0),
    _shape("rule-params that are a list", [["rule-params", "@a", "people", []]], "map?", 0, 3),
    _shape("attr id that is none", [["add-triple", "@ann", "x", 1]], "uuid?", 0, 2),
    _shape("options that are a list", [["add-triple", "@ann", "@b", 1, []]], "map?", 0, 4),
    _shape(
        "unknown mode",
        [["add-triple", "@ann", "@b", 1, {"mode": "replace"}]],
        "create, update or upsert",
        *(0, 4, "mode"),
    ),
    _shape("add-attr of text", [["add-attr", "x"]], "map?", 0, 1),
    _shape("delete-attr of no id", [["delete-attr", "x"]], "uuid?", 0, 1),
    _wrong_attr("no id", "uuid?", "id", id=None),
    _wrong_attr("no name", "an identity", "forward-identity", **{"forward-identity": None}),
    _wrong_attr(
        "a blank name",
        "non-blank-string?",
        *("forward-identity", 2),
        **{"forward-identity": ["@i", "~notes", " "]},
    ),
    _wrong_attr(
        "a short identity",
        "[uuid, etype, label]",
        "forward-identity",
        **{"forward-identity": ["@i", "~notes"]},
    ),
    _wrong_attr("a kind that is none", "blob or ref", "value-type", **{"value-type": "x"}),
    _wrong_attr("no cardinality", "one or many", "cardinality", cardinality=None),
    _wrong_attr("unique? that is text", "boolean?", "unique?", **{"unique?": "yes"}),
    _wrong_attr("no index?", "boolean?", "index?", **{"index?": None}),
    _wrong_attr("no far name", "an identity", "reverse-identity", **{"value-type": "ref"}),
    _wrong_attr("restrict", "cascade", "on-delete", **{"on-delete": "restrict"}),
    _bad_id("x", "x"),
    _bad_id("", ""),
    _bad_id(7, "7"),
    _bad_id(None, "null"),
    _bad_id({"email": "x"}, '{"email":"x"}'),
    _bad_id(["email", "x"], '["email","x"]'),
    _bad_id(["#people.email"], '["#people.email"]'),
    _bad_id_lookup(1, ["update", "people", {"id": "bob"}, {"name": "Bob"}]),
    _bad_id_lookup(3, ["link", "books", "@book", {"author": {"id": "bob"}}]),
]
