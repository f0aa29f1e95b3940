"""Every row of the tables about schemas and jobs, through their endpoints on the running server.

The rows are data, in `write_rows/section_10.py`, `section_11_3.py` and `section_11_4.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest

from tests.served import ServedDatabase
from tests.wire.write_rows import section_10, section_11_3, section_11_4
from tests.wire.write_rows.app import WrittenApp
from tests.wire.write_rows.assertions import assert_attr, assert_refused, assert_shown
from tests.wire.write_rows.names import Names
from tests.wire.write_rows.row import attr
from tests.wire.write_rows.section_10 import JobRow
from tests.wire.write_rows.section_11_3 import StepsRow
from tests.wire.write_rows.section_11_4 import PushRow

JOB_SECONDS = 30.0
JOB_KEYS = {
    "id", "app_id", "group_id", "attr_id", "attr_name", "job_type", "job_status", "job_stage",
    "work_estimate", "work_completed", "error", "checked_data_type", "created_at", "updated_at",
    "done_at", "invalid_unique_value", "invalid_triples_sample", "error_data",
}  # fmt: skip


@pytest.fixture(scope="module")
def app(server: ServedDatabase) -> Iterator[WrittenApp]:
    """One for all rows, which have etypes of their own."""
    with ExitStack() as stack:
        yield WrittenApp(server, "schemas and jobs", {"entities": {}, "links": {}}, None, stack)


@pytest.mark.parametrize("door", ["indexing-jobs", "schema/steps/apply"])
@pytest.mark.parametrize("row", section_10.ROWS, ids=lambda row: row.id)
def test_job_comes_to_what_its_row_says(app: WrittenApp, row: JobRow, door: str) -> None:
    names = app.names()
    rank = attr("rank", "~notes.rank", **row.flags)
    own = attr("own", "~notes.id", unique_q=True)
    write(app, names, [["add-attr", own], ["add-attr", rank]])
    write(app, names, [noted(number, rank) for number, rank in enumerate(row.ranks)])

    job = asked(app, names.resolved("@rank"), row, door)

    wanted = {"error": None, "invalid_unique_value": None, "error_data": None, **(row.fails or {})}
    wanted.setdefault("invalid_triples_sample", None)
    assert job["job_status"] == ("completed" if row.fails is None else "errored")
    assert in_order({key: job[key] for key in wanted}) == in_order(names.resolved(wanted))
    assert_attr(app.attr(names.resolved("~notes.rank")), names.resolved(dict(row.attr)))
    ranks = row.ranks if row.ranks_after is None else row.ranks_after
    for number, rank in enumerate(ranks):
        shown = {} if rank is ... else {"rank": rank}
        assert_shown(app, names, {f"~notes @n{number}": shown})


@pytest.mark.parametrize("prefix", ["dash", "superadmin"])
@pytest.mark.parametrize("row", section_11_4.ROWS, ids=lambda row: row.id)
def test_push_comes_to_what_its_row_says(app: WrittenApp, row: PushRow, prefix: str) -> None:
    names = app.names()
    path = f"/{prefix}/apps/{app.app.id}/schema/push"
    options = {"check_types": row.checks_types, "supports_background_updates": row.background}
    if row.stored is not None:
        earlier = {"schema": names.resolved(row.stored), "check_types": True}
        assert app.post(f"{path}/apply", earlier).status_code == 200
    body = {"schema": names.resolved(row.document), **options}
    stored = app.stored()

    plan = app.post(f"{path}/plan", body)

    assert app.stored() == stored
    if row.refused is not None:
        assert_refused({**plan.json(), "status": plan.status_code}, row.refused, names)
        applied = app.post(f"{path}/apply", body)
        assert_refused({**applied.json(), "status": applied.status_code}, row.refused, names)
        assert app.stored() == stored
        return
    assert plan.status_code == 200, plan.text
    assert [named(step) for step in plan.json()["steps"]] == names.resolved(row.steps)
    assert all(a["id"] is None for a in attrs_in(plan.json()["new-schema"]))
    applied = app.post(f"{path}/apply", body)
    assert applied.status_code == 200, applied.text
    assert applied.json().keys() == {*plan.json(), "transaction", "indexing-jobs"}
    assert_applied(app, applied.json())
    for name, properties in row.attrs.items():
        assert_attr(app.find_attr(names.resolved(name)), names.resolved(properties))
    again = app.post(f"{path}/plan", body).json()["steps"]
    assert again == []


@pytest.mark.parametrize("row", section_11_3.ROWS, ids=lambda row: row.id)
def test_steps_come_to_what_their_row_says(app: WrittenApp, row: StepsRow) -> None:
    names = app.names()
    for earlier in row.before:
        write(app, names, earlier)
    stored, steps = app.stored(), names.resolved(row.steps)

    applied = app.post(app.dash("schema/steps/apply"), {"steps": steps})

    if row.refused is not None:
        assert_refused({**applied.json(), "status": applied.status_code}, row.refused, names)
        assert app.stored() == stored
        return
    assert applied.status_code == 200, applied.text
    reply = applied.json()
    assert reply.keys() == {"transaction", "steps", "indexing-jobs"}
    assert [without_job(step) for step in reply["steps"]] == steps
    assert_applied(app, reply)
    for name, properties in row.attrs.items():
        assert_attr(app.find_attr(names.resolved(name)), names.resolved(properties))
    assert_shown(app, names, row.after)


def test_schema_is_the_same_wherever_it_is_read(app: WrittenApp) -> None:
    """§11.2, §11.3."""
    names = app.names()
    title = attr("title", "~posts.title", index_q=True, checked_data_type="string")
    author = attr("author", "~posts.author", to="~people.posts", on_delete="cascade")
    write(app, names, [["add-attr", title], ["add-attr", author]])

    pulled = app.get(app.dash("schema/pull"))
    others = [f"/superadmin/apps/{app.app.id}/schema", "/admin/schema"]

    assert pulled.keys() == {"schema", "attrs", "app-title"}
    assert [app.get(path) for path in others] == [{"schema": pulled["schema"]}] * 2
    link = pulled["schema"]["refs"][names.resolved('["~posts" "author" "~people" "posts"]')]
    assert link == app.attr(names.resolved("~posts.author"))
    assert link == names.resolved(author) | {
        "required?": False,
        "inferred-types": None,
        "catalog": "user",
    }
    shown = pulled["schema"]["blobs"][names.resolved("~posts")]["title"]
    assert shown == names.resolved(title) | {
        "required?": False,
        "inferred-types": None,
        "catalog": "user",
    }


@pytest.mark.parametrize("door", ["dash", "admin"])
def test_deleted_attrs_are_listed_under_the_names_they_had(app: WrittenApp, door: str) -> None:
    """§9.3."""
    names = app.names()
    own = attr("own", "~notes.id", unique_q=True)
    write(app, names, [["add-attr", own]])
    write(app, names, [["add-attr", attr("a", "~notes.text", index_q=True, required_q=True)]])
    write(app, names, [["delete-attr", "@a"]])
    path = app.dash("soft_deleted_attrs") if door == "dash" else "/admin/soft_deleted_attrs"

    listed = app.get(path)

    assert listed.keys() == {"attrs", "grace-period-days"}
    assert listed["grace-period-days"] == 2
    [deleted] = [one for one in listed["attrs"] if one["id"] == names.resolved("@a")]
    snapshot = {"is_indexed": True, "is_required": True, "id_attr_id": "@own"}
    wanted = attr("a", "~notes.text") | {
        "required?": False,
        "inferred-types": None,
        "catalog": "user",
        "metadata": {"soft_delete_snapshot": snapshot},
        "deletion-marked-at": deleted["deletion-marked-at"],
    }
    wanted["forward-identity"] = ["@a_near", *branded("~notes", "text", names)]
    assert datetime.fromisoformat(deleted["deletion-marked-at"])
    assert deleted == names.resolved(wanted)


def branded(etype: str, label: str, names: Names) -> list[str]:
    """The names of a deleted attr with the id `@a`."""
    brand = f"{names.resolved('@a')}_deleted$"
    return [brand + names.resolved(etype), brand + label]


def write(app: WrittenApp, names: Names, steps: Any) -> None:
    done = app.write_at_socket(names.resolved(steps), is_admin=True)
    assert done["op"] == "transact-ok", done


def noted(number: int, rank: Any) -> list[Any]:
    values = {} if rank is ... else {"rank": rank}
    return ["update", "~notes", f"@n{number}", values]


def asked(app: WrittenApp, attr_id: str, row: JobRow, door: str) -> dict[str, Any]:
    """The job's JSON once it is over, whichever way it was asked for."""
    fields = {"attr-id": attr_id}
    if row.checked_type is not None:
        fields["checked-data-type"] = row.checked_type
    if door == "indexing-jobs":
        reply = app.post(app.dash(door), {**fields, "job-type": row.job_type})
        assert reply.status_code == 200, reply.text
        queued = reply.json()["job"]
    else:
        reply = app.post(app.dash(door), {"steps": [[row.job_type, fields]]})
        assert reply.status_code == 200, reply.text
        [queued] = reply.json()["indexing-jobs"]["jobs"]
    assert queued.keys() == JOB_KEYS
    [job] = finished(app, queued["group_id"])
    assert app.get(app.dash(f"indexing-jobs/{job['id']}")) == {"job": job}
    assert (job["app_id"], job["attr_id"]) == (app.app.id, attr_id)
    assert (job["job_type"], job["checked_data_type"]) == (row.job_type, row.checked_type)
    assert job["attr_name"] == ".".join(app.named(attr_id))
    assert job["done_at"] is not None
    return dict(job)


def finished(app: WrittenApp, group_id: str) -> list[dict[str, Any]]:
    """The jobs of a group, polled as clients do until all are over."""
    deadline = time.monotonic() + JOB_SECONDS
    while True:
        jobs: list[dict[str, Any]] = app.get(app.dash(f"indexing-jobs/group/{group_id}"))["jobs"]
        if all(job["job_status"] in ("completed", "errored") for job in jobs):
            return jobs
        assert time.monotonic() < deadline, jobs
        time.sleep(0.01)


def assert_applied(app: WrittenApp, reply: dict[str, Any]) -> None:
    """Attr steps have a transaction and job steps a job, which completes."""
    job_ids = [step[1]["job-id"] for step in reply["steps"] if is_job(step)]
    assert bool(reply["transaction"]) == any(not is_job(step) for step in reply["steps"])
    if not job_ids:
        assert reply["indexing-jobs"] is None
        return
    group = reply["indexing-jobs"]
    assert {job["id"] for job in group["jobs"]} == set(job_ids)
    jobs = finished(app, group["group-id"])
    assert [job["job_status"] for job in jobs] == ["completed"] * len(job_ids), jobs


def is_job(step: list[Any]) -> bool:
    return not step[0].endswith("-attr")


def without_job(step: list[Any]) -> list[Any]:
    if not is_job(step):
        return step
    return [step[0], {key: value for key, value in step[1].items() if key != "job-id"}]


def named(step: list[Any]) -> list[Any]:
    """A planned step as rows have it."""
    action, fields = step
    said = {
        key: value
        for key, value in fields.items()
        if key not in ("id", "attr-id", "forward-identity", "reverse-identity")
    }
    if "reverse-identity" in fields:
        said["reverse"] = ".".join(fields["reverse-identity"][1:])
    return [action, ".".join(fields["forward-identity"][1:]), said]


def attrs_in(maps: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        *maps["refs"].values(),
        *(a for attrs in maps["blobs"].values() for a in attrs.values()),
    ]


def in_order(job: dict[str, Any]) -> dict[str, Any]:
    """The same with its samples in the order of their entities."""
    sample, more = job["invalid_triples_sample"], job["error_data"]
    if sample is not None:
        job = {**job, "invalid_triples_sample": sorted(sample, key=lambda one: one["entity_id"])}
    if more is not None:
        job = {**job, "error_data": {**more, "entity-ids": sorted(more["entity-ids"])}}
    return job
