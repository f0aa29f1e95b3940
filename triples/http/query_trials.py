"""`/admin/query_perms_check`: a query as somebody's, with what each rule made of each entity.

Every rule is decided in Python, so that its value can be told; the tree is the one that the same
verdicts let through. Spec: transactions-permissions.md §17.
"""

from __future__ import annotations

from typing import Any

from triples.attrs.store import CatalogCache
from triples.http.callers import UserOfToken, app_id_of, impersonator_of
from triples.http.queries import viewer_of
from triples.http.rule_trials import overridden, rules_override, shown_program
from triples.instaql.answer import Answer, PreparedQuery, Viewer, judge_and_run, prepare_query
from triples.instaql.tree import tree_of, with_single_links
from triples.instaql.verdicts import Judged
from triples.permissions.failures import EvaluationFailed
from triples.permissions.rules import Rules
from triples.permissions.store import RULES
from triples.sql import pool
from triples.sql.turns import READS
from wire.http import Call, View, body_param, endpoint, json_object


def query_perms_check(
    catalogs: CatalogCache, user_of_token: UserOfToken, trusted_proxies: int = 0
) -> View:
    """The view of `admin/query_perms_check`."""

    async def tried(call: Call) -> dict[str, Any]:
        app_id = app_id_of(call)
        async with READS.connection(app_id) as conn:
            caller = await impersonator_of(call, conn, app_id, user_of_token)
            query = body_param(call, "query", coerce=json_object)
            rules = await rules_override(call.body)
            viewer = overridden(viewer_of(call, caller, trusted_proxies), call.body)
            prepared, answer, judged = await _tried(conn, catalogs, app_id, query, viewer, rules)
        tree: dict[str, Any] = tree_of(query, prepared.catalog, prepared, answer)
        if call.body.get("inference?"):
            tree = with_single_links(prepared.catalog, query, tree)
        return {"result": tree, "check-results": _results(judged, prepared), "rule-wheres": None}

    return endpoint(post=tried)


async def _tried(
    conn: pool.Connection,
    catalogs: CatalogCache,
    app_id: str,
    query: dict[str, Any],
    viewer: Viewer,
    override: Rules | None,
) -> tuple[PreparedQuery, Answer, Judged]:
    while True:
        catalog = await catalogs.get(app_id)
        rules = await RULES.get(app_id) if override is None else override
        prepared = prepare_query(query, catalog, viewer, rules, with_rows=True, in_python=True)
        if prepared.judging is None:
            raise AssertionError("without SQL, all rules are judged in Python")
        answer, judged = await judge_and_run(conn, prepared, prepared.judging, shows_cause=True)
        is_ruled_so = override is not None or answer.rules_stamp == rules.stamp
        if answer.attrs_version == catalog.version and is_ruled_so:
            return prepared, answer, judged
        catalogs.forget(app_id)
        RULES.forget(app_id)


def _results(judged: Judged, prepared: PreparedQuery) -> list[dict[str, Any]]:
    """One result for each entity, and for each of its fields that has a rule."""
    verdicts = {(each.undecided.rule.etype, each.undecided.label): each for each in judged.verdicts}
    results = []
    everybody = (
        (etype, *one) for etype, found in judged.candidates.items() for one in found.items()
    )
    for etype, entity_id, record in everybody:
        about = {"id": entity_id, "entity": etype, "record": record}
        labels = [None, *sorted(prepared.rules.field_labels(etype))]
        for label in labels:
            verdict = verdicts.get((etype, label))
            if verdict is None and label is not None:
                continue
            outcome = True if verdict is None else verdict.outcomes[entity_id]
            rule = None if verdict is None else verdict.undecided.rule
            results.append(
                {
                    **about,
                    "label": label,
                    "program": shown_program(rule),
                    "check": False if isinstance(outcome, EvaluationFailed) else outcome,
                }
            )
    return results
