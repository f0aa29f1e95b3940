"""A tour of the published `instantdb` package: one stop for each public method of its clients.

The synchronous client has the asynchronous one's methods; `done` waits for either's answers, so
that every stop is made with both. A stop takes a `Tourist` and raises where an answer is wrong.
"""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from instantdb import AsyncInstant, Instant, InstantAPIError, InstantError, lookup

SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Tourist:
    """A client of either kind, and how to make another one like it."""

    db: Any
    make: Callable[..., Any]

    @property
    def guest(self) -> Any:
        """The client as somebody who is not signed in."""
        return self.db.as_user(guest=True)


Stop = Callable[[Tourist], Awaitable[None]]


async def done(answer: Any) -> Any:
    """The answer of a synchronous or an asynchronous method."""
    return await answer if inspect.isawaitable(answer) else answer


async def refusal(call: Callable[[], Any]) -> tuple[int, str, Any]:
    """What the server refuses the call with: status, type, record type."""
    with pytest.raises(InstantAPIError) as refused:
        await done(call())
    error = refused.value
    assert str(error) == error.body["message"]
    return error.status, error.body["type"], (error.hint or {}).get("record-type")


def new_id() -> str:
    return str(uuid.uuid4())


def somebody() -> str:
    return f"{uuid.uuid4()}@example.com"


async def query(tourist: Tourist) -> None:
    db, mine = tourist.db, new_id()
    await done(db.transact(db.tx.books[mine].update({"n": 1})))
    answer = await done(db.query({"books": {"$": {"where": {"id": mine}}}}, rule_params={"a": 1}))
    assert answer == {"books": [{"id": mine, "n": 1}]}
    wrong = await refusal(lambda: db.query({"books": {"authors": 1}}))
    assert wrong[:2] == (400, "validation-failed")
    stranger = tourist.make(admin_token=new_id())
    assert await refusal(lambda: stranger.query({"books": {}})) == (
        400,
        "record-not-found",
        "app-admin-token",
    )


async def transact(tourist: Tourist) -> None:
    db, goal, todo = tourist.db, new_id(), new_id()
    tx = db.tx
    answer = await done(
        db.transact(
            [
                tx.goals[goal].update({"title": "Get fit", "more": {"a": 1, "b": 2}}),
                tx.todos[todo].create({"text": "Run"}),
                tx.goals[goal].merge({"more": {"b": 3}}).link({"todos": todo}),
            ]
        )
    )
    assert isinstance(answer["tx-id"], int)
    nested = {"goals": {"$": {"where": {"id": goal}}, "todos": {}}}
    assert (await done(db.query(nested)))["goals"] == [
        {
            "id": goal,
            "title": "Get fit",
            "more": {"a": 1, "b": 3},
            "todos": [{"id": todo, "text": "Run"}],
        }
    ]
    await done(db.transact(tx.goals[goal].unlink({"todos": todo})))
    assert (await done(db.query(nested)))["goals"][0]["todos"] == []
    await done(db.transact(tx.goals[goal].delete()))
    assert (await done(db.query(nested)))["goals"] == []
    wrong = await refusal(lambda: db.transact(tx.todos[lookup("text", "x")].update({"n": 1})))
    assert wrong[:2] == (400, "validation-failed")


async def as_user(tourist: Tourist) -> None:
    db, email = tourist.db, somebody()
    token = await done(db.auth.create_token(email=email))
    own = {"$users": {"$": {"where": {"email": email}}}}
    for client in (db.as_user(email=email), db.as_user(token=token)):
        assert [each["email"] for each in (await done(client.query(own)))["$users"]] == [email]
    assert (await done(tourist.guest.query(own))) == {"$users": []}
    for client in (db.as_user(email=somebody()), db.as_user(token=new_id())):
        refused = await refusal(lambda client=client: client.query(own))  # type: ignore[misc]
        assert refused == (400, "record-not-found", "app-user")


async def debug_query(tourist: Tourist) -> None:
    db, shown, hidden = tourist.db, new_id(), new_id()
    namespace = f"secrets{uuid.uuid4().hex[:8]}"
    await done(
        db.transact(
            [
                db.tx[namespace][shown].update({"open": True}),
                db.tx[namespace][hidden].update({"open": False}),
            ]
        )
    )
    rules = {namespace: {"allow": {"view": "data.open"}}}
    answer = await done(tourist.guest.debug_query({namespace: {}}, rules=rules))
    assert answer["result"] == {namespace: [{"id": shown, "open": True}]}
    checks = {each["id"]: each["check"] for each in answer["check_results"]}
    assert checks == {shown: True, hidden: False}
    with pytest.raises(InstantError):  # an admin has no permissions to debug
        await done(db.debug_query({namespace: {}}))


async def debug_transact(tourist: Tourist) -> None:
    db, namespace = tourist.db, f"drafts{uuid.uuid4().hex[:8]}"
    write = db.tx[namespace][new_id()].update({"title": "x"})
    for verdict in (False, True):
        rules = {namespace: {"allow": {"create": str(verdict).lower()}}}
        answer = await done(tourist.guest.debug_transact(write, rules=rules))
        assert answer["all-checks-ok?"] is verdict
    assert await done(db.query({namespace: {}})) == {namespace: []}


async def subscribe_query(tourist: Tourist) -> None:
    db, mine, namespace = tourist.db, new_id(), f"notes{uuid.uuid4().hex[:8]}"
    async with asyncio.timeout(SECONDS), db.subscribe_query({namespace: {}}) as heard:
        first = await anext(heard)
        assert (first["type"], first["data"]) == ("ok", {namespace: []})
        await done(db.transact(db.tx[namespace][mine].update({"text": "hi"})))
        second = await anext(heard)
        assert second["data"] == {namespace: [{"id": mine, "text": "hi"}]}
        assert set(heard.session_info) == {"machine_id", "session_id"}
        assert heard.ready_state == "open"
    assert heard.is_closed
    stranger = tourist.make(admin_token=new_id())
    async with asyncio.timeout(SECONDS), stranger.subscribe_query({namespace: {}}) as refused:
        payload = await anext(refused)
    assert (payload["type"], payload["error"].body["type"]) == ("error", "record-not-found")


async def close(tourist: Tourist) -> None:
    client = tourist.make()
    await done(client.query({"nothings": {}}))
    await done(client.aclose() if hasattr(client, "aclose") else client.close())
    with pytest.raises(RuntimeError):
        await done(client.query({"nothings": {}}))


async def send_magic_code(tourist: Tourist) -> None:
    code = await done(tourist.db.auth.send_magic_code(somebody()))
    assert code.isdigit()
    assert len(code) == 6


async def generate_magic_code(tourist: Tourist) -> None:
    auth = tourist.db.auth
    assert (await done(auth.generate_magic_code(somebody()))).isdigit()
    refused = await refusal(lambda: auth.generate_magic_code("nobody"))
    assert refused[:2] == (400, "param-malformed")


async def check_magic_code(tourist: Tourist) -> None:
    auth, email = tourist.db.auth, somebody()
    created = []
    for _ in range(2):
        code = await done(auth.generate_magic_code(email))
        user, is_new = await done(auth.check_magic_code(email=email, code=code))
        assert user["email"] == email
        created.append(is_new)
    assert created == [True, False]
    used = await refusal(lambda: auth.check_magic_code(email=email, code=code))
    assert used == (400, "record-not-found", "app-user-magic-code")


async def create_token(tourist: Tourist) -> None:
    auth, chosen = tourist.db.auth, new_id()
    token = await done(auth.create_token(id=chosen))
    assert (await done(auth.verify_token(token)))["id"] == chosen


async def verify_token(tourist: Tourist) -> None:
    auth, email = tourist.db.auth, somebody()
    user = await done(auth.verify_token(await done(auth.create_token(email=email))))
    assert user["email"] == email
    refused = await refusal(lambda: auth.verify_token(new_id()))
    assert refused == (400, "record-not-found", "app-user")


async def get_user(tourist: Tourist) -> None:
    auth, email = tourist.db.auth, somebody()
    token = await done(auth.create_token(email=email))
    user = await done(auth.get_user(email=email))
    assert user["email"] == email
    assert (await done(auth.get_user(id=user["id"])))["id"] == user["id"]
    assert (await done(auth.get_user(refresh_token=token)))["id"] == user["id"]
    assert await done(auth.get_user(email=somebody())) is None


async def delete_user(tourist: Tourist) -> None:
    auth, email = tourist.db.auth, somebody()
    await done(auth.create_token(email=email))
    assert (await done(auth.delete_user(email=email)))["email"] == email
    assert await done(auth.delete_user(email=email)) is None


async def sign_out(tourist: Tourist) -> None:
    auth, email = tourist.db.auth, somebody()
    first, second = [await done(auth.create_token(email=email)) for _ in range(2)]
    await done(auth.sign_out(refresh_token=first))
    await refusal(lambda: auth.verify_token(first))
    await done(auth.verify_token(second))
    await done(auth.sign_out(email=email))
    await refusal(lambda: auth.verify_token(second))
    refused = await refusal(lambda: auth.sign_out(email=somebody()))
    assert refused == (400, "record-not-found", "app-user")


async def get_presence(tourist: Tourist) -> None:
    assert await done(tourist.db.rooms.get_presence("chat", new_id())) == {}


STOPS: Final[dict[str, Stop]] = {
    "query": query,
    "transact": transact,
    "as_user": as_user,
    "debug_query": debug_query,
    "debug_transact": debug_transact,
    "subscribe_query": subscribe_query,
    "close": close,
    "auth.send_magic_code": send_magic_code,
    "auth.generate_magic_code": generate_magic_code,
    "auth.check_magic_code": check_magic_code,
    "auth.create_token": create_token,
    "auth.verify_token": verify_token,
    "auth.get_user": get_user,
    "auth.delete_user": delete_user,
    "auth.sign_out": sign_out,
    "rooms.get_presence": get_presence,
}
"""Method → stop; `aclose` and `close` are one."""

NOT_SERVED: Final = ("storage", "streams", "webhooks")
"""What belongs to parts that this server does not have yet."""


def public_methods(client: type[AsyncInstant | Instant]) -> set[str]:
    """Every method that a client of this class shows, by the name its stop has."""
    shown = client(app_id=new_id(), admin_token=new_id())
    found = set()
    for prefix, part in (("", shown), ("auth.", shown.auth), ("rooms.", shown.rooms)):
        for name, _ in inspect.getmembers(part, callable):
            if not name.startswith("_"):
                found.add("close" if name == "aclose" else prefix + name)
    parts = {name for name in vars(shown) if not name.startswith("_")}
    assert parts == {"tx", "auth", "rooms", *NOT_SERVED} & parts, parts
    return found
