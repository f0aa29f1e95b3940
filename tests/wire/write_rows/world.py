"""What the rows about values, links and entities stand on: one schema, pushed to each app."""

from __future__ import annotations

from typing import Any, Final


def one_property(
    kind: str, *, indexed: bool = False, unique: bool = False, required: bool = False
) -> Any:
    """A property of a schema document."""
    return {
        "valueType": kind,
        "required": required,
        "config": {"indexed": indexed, "unique": unique},
    }


def one_link(forward: str, has: str, reverse: str, reverse_has: str, **more: Any) -> Any:
    """A link; `on_delete` and `on_delete_reverse` cascade, `required` is about the forward side."""
    sides: list[dict[str, Any]] = []
    for name, many in ((forward, has), (reverse, reverse_has)):
        etype, label = name.split(".")
        sides.append({"on": etype, "has": many, "label": label})
    if more.get("on_delete"):
        sides[0]["onDelete"] = "cascade"
    if more.get("on_delete_reverse"):
        sides[1]["onDelete"] = "cascade"
    sides[0]["required"] = more.get("required", False)
    return {"forward": sides[0], "reverse": sides[1]}


SCHEMA: Final[dict[str, Any]] = {
    "entities": {
        "people": {
            "attrs": {
                "name": one_property("json"),
                "title": one_property("string"),
                "age": one_property("number"),
                "active": one_property("boolean"),
                "born": one_property("date"),
                "meta": one_property("json"),
                "email": one_property("string", unique=True),
            }
        },
        "profiles": {"attrs": {"bio": one_property("json")}},
        "books": {
            "attrs": {"title": one_property("json"), "isbn": one_property("json", unique=True)}
        },
        "cards": {
            "attrs": {
                "code": one_property("json", indexed=True),
                "serial": one_property("string", indexed=True, unique=True),
                "note": one_property("json"),
            }
        },
        "chapters": {"attrs": {"title": one_property("json")}},
        "pages": {"attrs": {"number": one_property("json")}},
        "boxes": {"attrs": {"label": one_property("json")}},
        "nodes": {"attrs": {"label": one_property("json")}},
        "articles": {
            "attrs": {"title": one_property("string", required=True), "note": one_property("json")}
        },
    },
    "links": {
        "friends": one_link("people.friends", "many", "people.friendOf", "many"),
        "author": one_link("books.author", "one", "people.books", "many"),
        "cards": one_link("people.cards", "many", "cards.holder", "one"),
        "profile": one_link("people.profile", "one", "profiles.owner", "one"),
        # Whoever deletes a book deletes its chapters, and their pages.
        "book": one_link("chapters.book", "one", "books.chapters", "many", on_delete=True),
        "chapter": one_link("pages.chapter", "one", "chapters.pages", "many", on_delete=True),
        # Whoever deletes a person deletes her boxes.
        "boxes": one_link("people.boxes", "many", "boxes.owner", "one", on_delete_reverse=True),
        "next": one_link("nodes.next", "one", "nodes.previous", "many", on_delete=True),
        "writer": one_link("articles.writer", "one", "people.articles", "many", required=True),
    },
}
