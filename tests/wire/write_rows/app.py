"""An app that rows are tried on, and the two doors into it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Final, LiteralString

import httpx
import psycopg

from tests.realtime.peer import Message, Peer, peer
from tests.sdk.apps import App, create_app, push_rules
from tests.served import ServedDatabase
from tests.wire.write_rows.names import Names
from tests.wire.write_rows.row import Author, Door, Row
from tests.wire.write_rows.tx_steps import Compiler

SECONDS: Final = 20.0

# All that a write may leave behind in an app, but for the number of the write.
_STORED: Final = """
select
  (select md5(coalesce(string_agg(t::text, '|' order by t::text), ''))
   from triples as t where app_id = %(app)s),
  (select md5(coalesce(string_agg(a::text, '|' order by a::text), ''))
   from attrs as a where app_id = %(app)s)
"""

# Jobs repair what restored attrs left behind (§9.3); they change attrs when they get to it.
_UNFINISHED: Final = """
select count(*) from indexing_jobs
where app_id = %(app)s and job_status in ('waiting', 'processing')
"""
JOB_SECONDS: Final = 30.0

_VERSION: Final = "select attrs_version from apps where id = %(app)s"
_LINKED: Final = "reverse-identity"


class WrittenApp:
    """One app; its sockets and its HTTP connection stay open from row to row."""

    def __init__(
        self,
        server: ServedDatabase,
        title: str,
        schema: Mapping[str, Any],
        rules: dict[str, Any] | None,
        stack: ExitStack,
    ) -> None:
        self.app: App = create_app(server, title)
        self._server = server
        self._stack = stack
        self._http = stack.enter_context(
            httpx.Client(
                base_url=server.http_url,
                timeout=SECONDS,
                headers={"app-id": self.app.id, "authorization": f"Bearer {self.app.admin_token}"},
            )
        )
        self._database = stack.enter_context(psycopg.connect(server.database_url, autocommit=True))
        self._sockets: dict[bool, Peer] = {}
        self._attrs: tuple[Any, list[dict[str, Any]]] = None, []
        pushed = self.post(self.dash("schema/push/apply"), {"schema": schema, "check_types": True})
        assert pushed.status_code == 200, pushed.text
        if rules is not None:
            push_rules(server, self.app, rules)

    def names(self) -> Names:
        """Names for one run of a row."""
        return Names(lambda name: str(self.attr(name)["id"]))

    # -- the doors --------------------------------------------------------------------------------

    def write(self, door: Door, row: Row, steps: Any) -> dict[str, Any]:
        """Try a write; what the server says, as the client of that door sees it."""
        if door == "socket":
            return self.write_at_socket(steps, is_admin=row.author == "admin")
        return self._write_over_http(steps, row.author, row.strict)

    def write_at_socket(self, steps: Any, *, is_admin: bool) -> Message:
        """A `transact` message."""
        compiled = Compiler(self.attrs()).compiled(steps)
        return self._socket(is_admin).ask("transact", tx_steps=compiled, created=1, order=1)

    def _write_over_http(self, steps: Any, author: Author, strict: bool) -> dict[str, Any]:
        headers = {"as-guest": "true"} if author == "guest" else {}
        body = {"steps": steps, "throw-on-missing-attrs?": strict}
        response = self._http.post("/admin/transact", json=body, headers=headers)
        shown: dict[str, Any] = response.json()
        return {**shown, "status": response.status_code}

    def _socket(self, is_admin: bool) -> Peer:
        if is_admin not in self._sockets:
            opened = self._stack.enter_context(peer(self._server, self.app.id))
            token = {"__admin-token": self.app.admin_token} if is_admin else {}
            assert opened.init(self.app.id, **token)["op"] == "init-ok"
            self._sockets[is_admin] = opened
        return self._sockets[is_admin]

    # -- what is stored ---------------------------------------------------------------------------

    def post(self, path: str, body: Any) -> httpx.Response:
        """A request as the app's admin."""
        return self._http.post(path, json=body)

    def get(self, path: str) -> Any:
        """What the app's admin reads at a path."""
        response = self._http.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def dash(self, path: str) -> str:
        """A path below the app's."""
        return f"/dash/apps/{self.app.id}/{path}"

    def attrs(self) -> list[dict[str, Any]]:
        """The JSON of every attr, read again where one has changed."""
        version = self._row(_VERSION)
        if self._attrs[0] != version:
            self._attrs = version, self.get(self.dash("schema/pull"))["attrs"]
        return self._attrs[1]

    def attr(self, name: str) -> dict[str, Any]:
        """The JSON of one attr."""
        found = self.find_attr(name)
        assert found is not None, f"there is no {name}"
        return found

    def find_attr(self, name: str) -> dict[str, Any] | None:
        """The same where it may be missing."""
        wanted = name.split(".")
        return next((a for a in self.attrs() if a["forward-identity"][1:] == wanted), None)

    def named(self, attr_id: str) -> list[str]:
        """The etype and label of an attr."""
        names = [a["forward-identity"][1:] for a in self.attrs() if a["id"] == attr_id]
        return list(names[0])

    def stored(self) -> Any:
        """A digest of all values and attrs, deleted ones too, once no job changes them."""
        deadline = time.monotonic() + JOB_SECONDS
        while self._row(_UNFINISHED) != (0,):
            assert time.monotonic() < deadline, "a job does not end"
            time.sleep(0.01)
        return self._row(_STORED)

    def _row(self, question: LiteralString) -> tuple[Any, ...] | None:
        return self._database.execute(question, {"app": self.app.id}).fetchone()

    def shown(self, key: str, names: Names) -> dict[str, Any] | None:
        """The object that a key of `Row.after` means, in the form in which rows have it."""
        etype, _, rest = key.partition(" ")
        where = {"id": names.resolved(rest)}
        if not rest.startswith("@"):
            label, _, value = rest.partition("=")
            where = {label: names.resolved(value)}
        etype = names.resolved(etype)
        links = self._links_of(etype)
        query = {etype: {"$": {"where": where}, **{label: {} for label in links}}}
        response = self.post("/admin/query", {"query": query})
        assert response.status_code == 200, response.text
        rows = response.json().get(etype, [])
        assert len(rows) < 2, rows
        return _without_id(rows[0], links, names) if rows else None

    def _links_of(self, etype: str) -> set[str]:
        """The labels of links from or to an etype that this app has defined."""
        links = [a for a in self.attrs() if _LINKED in a and a["catalog"] == "user"]
        sides = [a[side] for a in links for side in ("forward-identity", _LINKED)]
        return {label for _, owner, label in sides if owner == etype}


def _without_id(entity: dict[str, Any], links: set[str], names: Names) -> dict[str, Any]:
    """The object without its id, and with the ids of whom it is linked to as a set."""
    shown = {label: value for label, value in entity.items() if label not in {"id", *links}}
    for label in links:
        if behind := entity.get(label):
            shown[label] = {names.known(one["id"]) for one in behind}
    return shown
