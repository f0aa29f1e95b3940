"""The kinds of jobs: their stages, and what each does to its attr.

Spec: transactions-permissions.md §10. All SQL here is constant text about the columns of `attrs`. A
job that rewrites triples first sets its attr, with a flag that tells readers not to rely on it yet;
then it makes the triples agree, a batch at a time; then it clears the flag. New writes copy the
attr from the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Stage = Literal[
    "estimate-work",
    "validate",
    "update-attr-start",
    "update-attr",
    "revalidate",
    "update-triples",
    "insert-nulls",
    "update-attr-done",
    "undo-triples",
]
"""`undo-triples` is where a job goes that failed after it had begun to rewrite triples."""


@dataclass(frozen=True, slots=True)
class JobType:
    """One kind of job.

    `start`, `done` and `abort` assign columns of the attr; `holds` is what must still be true of
    the attr after the start, else somebody has changed it meanwhile.
    """

    name: str
    serial_key: str
    stages: tuple[Stage, ...]
    start: str
    holds: str
    done: str
    abort: str

    @property
    def limits_size(self) -> bool:
        """Whether the job puts values into an index, which takes small ones only."""
        return self.name in ("index", "unique")

    def after(self, stage: Stage) -> Stage | None:
        """The stage that follows; None after the last."""
        if stage == "undo-triples":
            return None
        following = self.stages[self.stages.index(stage) + 1 :]
        return following[0] if following else None

    def has_started(self, stage: Stage) -> bool:
        """Whether the attr has been changed before this stage."""
        if stage == "undo-triples":
            return True
        begun = next(s for s in self.stages if s in ("update-attr-start", "update-attr"))
        return self.stages.index(stage) > self.stages.index(begun)


_REWRITE: Final[tuple[Stage, ...]] = (
    "update-attr-start",
    "estimate-work",
    "update-triples",
    "update-attr-done",
)

_ALL: Final = (
    JobType(
        "check-data-type",
        "data-type",
        (
            "estimate-work",
            "validate",
            "update-attr-start",
            "revalidate",
            "update-triples",
            "update-attr-done",
        ),
        start="checked_data_type = %(type)s, checking_data_type = true",
        holds="checked_data_type = %(type)s and checking_data_type",
        done="checking_data_type = false",
        abort="checked_data_type = null, checking_data_type = false",
    ),
    JobType(
        "remove-data-type",
        "data-type",
        _REWRITE,
        start="checked_data_type = null, checking_data_type = true",
        holds="checked_data_type is null and checking_data_type",
        done="checking_data_type = false",
        abort="checking_data_type = false",
    ),
    JobType(
        "index",
        "index",
        (*_REWRITE[:3], "insert-nulls", _REWRITE[3]),
        start="is_indexed = true, indexing = true",
        holds="is_indexed and indexing",
        done="indexing = false",
        abort="is_indexed = false, indexing = false",
    ),
    JobType(
        "remove-index",
        "index",
        _REWRITE,
        start="is_indexed = false, indexing = true",
        holds="not is_indexed and indexing",
        done="indexing = false",
        abort="indexing = false",
    ),
    JobType(
        "unique",
        "unique",
        _REWRITE,
        start="is_unique = true, setting_unique = true",
        holds="is_unique and setting_unique",
        done="setting_unique = false",
        abort="is_unique = label = 'id', setting_unique = false",
    ),
    JobType(
        "remove-unique",
        "unique",
        _REWRITE,
        start="is_unique = label = 'id', setting_unique = true",
        holds="is_unique = (label = 'id') and setting_unique",
        done="setting_unique = false",
        abort="setting_unique = false",
    ),
    JobType(
        "required",
        "required",
        ("estimate-work", "validate", "update-attr", "revalidate"),
        start="is_required = true",
        holds="is_required",
        done="is_required = true",
        abort="is_required = false",
    ),
    JobType(
        "remove-required",
        "required",
        ("update-attr",),
        start="is_required = false",
        holds="true",
        done="is_required = false",
        abort="is_required = is_required",
    ),
)

JOB_TYPES: Final[dict[str, JobType]] = {job_type.name: job_type for job_type in _ALL}
"""By the name that steps and requests use."""
