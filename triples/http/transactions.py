"""Writes over HTTP: `POST /admin/transact` (http-api.md §3.3).

Steps name etypes and labels; they are compiled with the attrs stored at that moment. Where somebody
else defines a missing attr first, they are compiled again with it.
"""

from __future__ import annotations

from typing import Any, Final

from triples.attrs.store import load_catalog
from triples.http.callers import UserOfToken, app_id_of, caller_of
from triples.sql import pool
from triples.transact.admin_steps import TxSteps, compile_steps
from triples.transact.author import Author
from triples.transact.transact import transact
from wire.errors import ParamMissing, RecordNotUnique
from wire.http import Call, View, endpoint

MAX_COMPILATIONS: Final = 5  # each but the last lost a race for a name


def admin_transact(user_of_token: UserOfToken, trusted_proxies: int = 0) -> View:
    """The view of `admin/transact`."""

    async def write(call: Call) -> dict[str, Any]:
        return await _write(call, user_of_token, trusted_proxies)

    return endpoint(post=write)


async def _write(call: Call, user_of_token: UserOfToken, trusted_proxies: int) -> dict[str, Any]:
    app_id = app_id_of(call)
    async with pool.connection() as conn:
        caller = await caller_of(call, conn, app_id, user_of_token)
        author = caller.author(call, trusted_proxies)
        body = call.body if isinstance(call.body, dict) else {}
        if "steps" not in body:
            raise ParamMissing(["body", "steps"])
        may_define = not body.get("throw-on-missing-attrs?")
        return {"tx-id": await _transacted(conn, app_id, author, body["steps"], may_define)}


async def _transacted(
    conn: pool.Connection, app_id: str, author: Author, steps: Any, may_define: bool
) -> int:
    compilations = 0
    while True:
        compilations += 1
        catalog = await load_catalog(conn, app_id)
        compiled = compile_steps(steps, catalog, may_define_attrs=may_define)
        try:
            return (await transact(conn, app_id, compiled.steps, author)).tx_id
        except RecordNotUnique as error:
            if compilations == MAX_COMPILATIONS or not _lost_race(error, compiled):
                raise


def _lost_race(error: RecordNotUnique, compiled: TxSteps) -> bool:
    """Whether the error is about the name of an attr that the compilation made up."""
    return (error.hint.get("etype"), error.hint.get("label")) in compiled.defined and (
        error.hint.get("record-type") == "ident"
    )
