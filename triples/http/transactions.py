"""Writes over HTTP: `POST /admin/transact`, and trying one out (http-api.md §3.3, §3.5).

Steps name etypes and labels; they are compiled with the attrs stored at that moment. Where somebody
else defines a missing attr first, they are compiled again with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from triples.attrs.store import load_catalog
from triples.http.callers import UserOfToken, app_id_of, caller_of, impersonator_of
from triples.http.rule_trials import overridden, rules_override, shown_program
from triples.sql import pool
from triples.sql.turns import WRITES
from triples.transact.admin_steps import TxSteps, compile_steps
from triples.transact.permissions import Verdict
from triples.transact.request import Trial
from triples.transact.transact import Tried, transact, try_out
from wire.errors import ParamMissing, RecordNotUnique
from wire.http import Call, View, endpoint

T = TypeVar("T")

MAX_COMPILATIONS: Final = 5  # each but the last lost a race for a name


def admin_transact(user_of_token: UserOfToken, trusted_proxies: int = 0) -> View:
    """The view of `admin/transact`."""

    async def write(call: Call) -> dict[str, Any]:
        return await _write(call, user_of_token, trusted_proxies)

    return endpoint(post=write)


async def _write(call: Call, user_of_token: UserOfToken, trusted_proxies: int) -> dict[str, Any]:
    app_id = app_id_of(call)
    async with WRITES.connection(app_id) as conn:
        caller = await caller_of(call, conn, app_id, user_of_token)
        author = caller.author(call, trusted_proxies)
        body = call.body if isinstance(call.body, dict) else {}
        if "steps" not in body:
            raise ParamMissing(["body", "steps"])

        async def write(tx_steps: list[Any]) -> int:
            return (await transact(conn, app_id, tx_steps, author)).tx_id

        return {"tx-id": await _written(conn, app_id, body, write)}


def transact_perms_check(user_of_token: UserOfToken, trusted_proxies: int = 0) -> View:
    """The view of `admin/transact_perms_check`: what rules say of a write, for their author."""

    async def try_write(call: Call) -> dict[str, Any]:
        return await _try(call, user_of_token, trusted_proxies)

    return endpoint(post=try_write)


async def _try(call: Call, user_of_token: UserOfToken, trusted_proxies: int) -> dict[str, Any]:
    app_id = app_id_of(call)
    async with WRITES.connection(app_id) as conn:
        caller = await impersonator_of(call, conn, app_id, user_of_token)
        body = call.body if isinstance(call.body, dict) else {}
        if "steps" not in body:
            raise ParamMissing(["body", "steps"])
        author = overridden(caller.author(call, trusted_proxies), body)
        rules = await rules_override(body)
        trial = Trial(rules, commits=body.get("dangerously-commit-tx") is True)

        async def write(tx_steps: list[Any]) -> Tried:
            return await try_out(conn, app_id, tx_steps, author, trial)

        tried = await _written(conn, app_id, body, write)
    return {
        "tx-id": tried.tx_id,
        "all-checks-ok?": tried.passes,
        "committed?": tried.is_committed,
        "check-results": [_shown(verdict) for verdict in tried.verdicts],
    }


def _shown(verdict: Verdict) -> dict[str, Any]:
    check, bindings = verdict.check, verdict.check.bindings
    shown = {
        "data": bindings.data,
        "new-data": bindings.new_data,
        "rule-params": bindings.rule_params,
        "modified-fields": list(bindings.request.modified_fields),
        "linked-data": bindings.linked_data,
        "linked-etype": bindings.linked_etype,
        "actions": bindings.actions,
    }
    return {
        "scope": check.scope,
        "action": check.action,
        "etype": check.etype,
        "eid": check.entity_id,
        "program": shown_program(check.rule),
        "data": bindings.data,
        "bindings": {name: value for name, value in shown.items() if value is not None},
        "check-result": verdict.outcome,
        "check-pass?": verdict.passes,
    }


async def _written(
    conn: pool.Connection,
    app_id: str,
    body: dict[str, Any],
    write: Callable[[list[Any]], Awaitable[T]],
) -> T:
    steps, may_define = body["steps"], not body.get("throw-on-missing-attrs?")
    compilations = 0
    while True:
        compilations += 1
        catalog = await load_catalog(conn, app_id)
        compiled = compile_steps(steps, catalog, may_define_attrs=may_define)
        try:
            return await write(compiled.steps)
        except RecordNotUnique as error:
            if compilations == MAX_COMPILATIONS or not _lost_race(error, compiled):
                raise


def _lost_race(error: RecordNotUnique, compiled: TxSteps) -> bool:
    """Whether the error is about the name of an attr that the compilation made up."""
    return (error.hint.get("etype"), error.hint.get("label")) in compiled.defined and (
        error.hint.get("record-type") == "ident"
    )
