"""Two apps with the same names for everything never see each other, in any frame."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.sdk.apps import App, HttpServer, create_app
from tests.sdk.chunks import create, delete, link, update, update_existing
from tests.sdk.core_clients import CoreClient, CoreProcess
from tests.sdk.core_driver import SdkError

GOALS: dict[str, Any] = {"goals": {"todos": {}}}
NORTH_CANARY = "canary-of-north"
SOUTH_CANARY = "canary-of-south"


@pytest.fixture
def north_app(server: HttpServer) -> App:
    return create_app(server, "north")


@pytest.fixture
def south_app(server: HttpServer) -> App:
    return create_app(server, "south")


@pytest.fixture
def north(core: CoreProcess, north_app: App) -> CoreClient:
    return core.connect(north_app.id, "north")


@pytest.fixture
def south(core: CoreProcess, south_app: App) -> CoreClient:
    return core.connect(south_app.id, "south")


def frames_received(core: CoreProcess, client: CoreClient) -> str:
    return "\n".join(
        frame.text
        for frame in core.frames()
        if frame.direction == "in" and frame.app == client.app_id
    )


def fill(client: CoreClient, canary: str, entity: str) -> None:
    """The same shape in every app; only the canary tells whose it is."""
    client.transact(
        update("goals", entity, {"title": canary, "number": 7}),
        update("todos", f"{entity[:-1]}0", {"text": canary, "done": False}),
        link("goals", entity, {"todos": f"{entity[:-1]}0"}),
    )


def test_same_namespaces_and_same_ids_stay_apart(
    core: CoreProcess, north: CoreClient, south: CoreClient, north_app: App, south_app: App
) -> None:
    """Entities even share their ids, so that a statement without the app id would mix them."""
    entity = f"{uuid.uuid4()!s}"[:-1] + "1"
    seen_north, seen_south = north.subscribe(GOALS), south.subscribe(GOALS)
    seen_north.wait_for({"goals": []})
    seen_south.wait_for({"goals": []})

    fill(north, NORTH_CANARY, entity)
    fill(south, SOUTH_CANARY, entity)
    seen_north.wait_until(lambda data: data["goals"] and data["goals"][0]["todos"], "its goal")
    seen_south.wait_until(lambda data: data["goals"] and data["goals"][0]["todos"], "its goal")
    north.transact(update("goals", entity, {"title": f"{NORTH_CANARY} again"}))
    south.transact(delete("todos", f"{entity[:-1]}0"))
    seen_south.wait_until(lambda data: data["goals"][0]["todos"] == [], "no todo")

    seen_north.wait_for(
        {
            "goals": [
                {
                    "id": entity,
                    "title": f"{NORTH_CANARY} again",
                    "number": 7,
                    "todos": [{"id": f"{entity[:-1]}0", "text": NORTH_CANARY, "done": False}],
                }
            ]
        }
    )
    for frames, foreign in (
        (frames_received(core, north), (SOUTH_CANARY, south_app.id, south_app.admin_token)),
        (frames_received(core, south), (NORTH_CANARY, north_app.id, north_app.admin_token)),
    ):
        assert not [secret for secret in foreign if secret in frames]


def test_write_in_one_app_does_not_refresh_the_other(
    core: CoreProcess, north: CoreClient, south: CoreClient, south_app: App
) -> None:
    """The log is read in order, so a refresh for the north's write would come before its own."""
    neighbour = core.connect(south_app.id, "neighbour in the south")
    seen = south.subscribe({"todos": {}})
    seen.wait_for({"todos": []})
    neighbour.transact(update("todos", str(uuid.uuid4()), {"text": "first"}))
    seen.wait_until(lambda data: len(data["todos"]) == 1, "its first todo")
    before = _refreshes_received(core, south)

    north.transact(update("todos", str(uuid.uuid4()), {"text": NORTH_CANARY}))
    neighbour.transact(update("todos", str(uuid.uuid4()), {"text": "second"}))
    seen.wait_until(lambda data: len(data["todos"]) == 2, "its second todo")

    assert _refreshes_received(core, south) == before + 1


def test_errors_do_not_name_what_another_app_holds(
    core: CoreProcess, north: CoreClient, south: CoreClient
) -> None:
    """What exists in the north does not exist in the south: `create` succeeds, `update` fails."""
    entity = str(uuid.uuid4())
    north.transact(create("todos", entity, {"text": NORTH_CANARY}))

    with pytest.raises(SdkError) as refusal:
        south.transact(update_existing("todos", entity, {"text": "x"}))
    assert NORTH_CANARY not in f"{refusal.value.message} {refusal.value.hint}"
    assert south.transact(create("todos", entity, {"text": SOUTH_CANARY}))["status"] == "synced"
    assert NORTH_CANARY not in frames_received(core, south)
    assert north.query_once({"todos": {}})["data"] == {
        "todos": [{"id": entity, "text": NORTH_CANARY}]
    }


def test_attr_of_another_app_is_unknown_here(
    core: CoreProcess, north: CoreClient, south: CoreClient
) -> None:
    north.transact(update("secrets", str(uuid.uuid4()), {"onlyInNorth": NORTH_CANARY}))

    assert south.query_once({"secrets": {}})["data"] == {"secrets": []}
    assert "onlyInNorth" not in frames_received(core, south)


def _refreshes_received(core: CoreProcess, client: CoreClient) -> int:
    return sum(
        frame.direction == "in" and '"op":"refresh-ok"' in frame.text
        for frame in core.frames(client)
    )
