"""Steps of the admin API become tx-steps; missing attrs are defined once (http-api.md §3.3)."""

from __future__ import annotations

import time
from typing import Any

from triples.attrs.catalog import AttrCatalog
from triples.transact.admin_steps import compile_steps
from wire.ids import new_id

EMPTY = AttrCatalog(new_id(), 0, [])
MANY = 4_000


def compiled(*steps: list[Any]) -> list[list[Any]]:
    return compile_steps(list(steps), EMPTY, may_define_attrs=True).steps


def test_missing_attr_is_defined_once_and_first() -> None:
    [own, title, *values] = compiled(
        ["update", "todos", new_id(), {"title": "a"}], ["update", "todos", new_id(), {"title": "b"}]
    )
    names = [step[1]["forward-identity"][1:] for step in (own, title)]
    assert names == [["todos", "id"], ["todos", "title"]]
    assert [step[2] for step in values] == [own[1]["id"], title[1]["id"]] * 2


def test_missing_link_serves_both_of_its_ends() -> None:
    todo, owner = new_id(), new_id()
    steps = compiled(
        ["link", "todos", todo, {"owner": owner}], ["link", "owner", owner, {"todos": todo}]
    )
    [defined] = [step for step in steps if step[0] == "add-attr"]
    link = ["add-triple", todo, defined[1]["id"], owner]
    assert steps == [defined, link, link]


def test_thousands_of_missing_attrs_take_no_time() -> None:
    fields = {f"field {number}": 1 for number in range(MANY)}
    began = time.process_time()
    steps = compiled(*(["update", "todos", new_id(), fields] for _ in range(10)))
    assert len(steps) == MANY + 1 + 10 * (MANY + 1)
    assert time.process_time() - began < 4, "looking through all of them each time takes seconds"
