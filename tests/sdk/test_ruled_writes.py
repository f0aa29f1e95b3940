"""The published SDK writes under rules: what is allowed is shared, what is denied is undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tests.sdk.apps import App, HttpServer, push_rules
from tests.sdk.chunks import update
from tests.sdk.core_clients import CoreClient
from tests.sdk.core_driver import SdkError


def test_denied_write_is_undone_and_an_allowed_one_shared(
    server: HttpServer, app: App, connect: Callable[[str], CoreClient]
) -> None:
    ann, bob = connect("ann"), connect("bob")
    milk, bread = str(uuid.uuid4()), str(uuid.uuid4())
    ann.transact(update("todos", milk, {"text": "milk", "price": 1}))
    push_rules(
        server,
        app,
        {
            "todos": {
                "allow": {
                    "create": "newData.price >= 0",
                    "update": "isCheap && request.modifiedFields.all(f, f == 'price')",
                },
                "bind": {"isCheap": "newData.price < 10"},
            }
        },
    )
    mine, theirs = ann.subscribe({"todos": {}}), bob.subscribe({"todos": {}})
    stored = {"todos": [{"id": milk, "text": "milk", "price": 1}]}
    mine.wait_for(stored)
    theirs.wait_for(stored)

    for denied in (
        update("todos", milk, {"price": 99}),
        update("todos", milk, {"text": "stolen"}),
        update("todos", bread, {"price": -1}),
    ):
        with pytest.raises(SdkError) as refusal:
            ann.transact(denied)
        assert refusal.value.message == "Permission denied: not perms-pass?"
        mine.wait_for(stored)

    ann.transact(update("todos", milk, {"price": 2}))
    changed = {"todos": [{"id": milk, "text": "milk", "price": 2}]}
    mine.wait_for(changed)
    theirs.wait_for(changed)
    assert [shown.data["todos"][0]["price"] for shown in theirs.shown] == [1, 2]
