"""What one row of the table of writes says: what is there, what is written, what comes of it.

Steps are in the grammar of `POST /admin/transact`, which has names where tx-steps have ids; a door
that wants tx-steps compiles them (`tx_steps.py`). Steps whose op is a tx-step's are sent as they
are. Names in all values are replaced before anything is sent or compared (`names.py`):

- `@ann` an entity (or any other id), new for each run; `@ANN` the same id in upper case;
- `~red` text that no other run uses, for unique values and for etypes of the row's own;
- `#people.name` the id of an attr.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Door = Literal["socket", "http"]
Author = Literal["usual", "admin", "guest"]
"""`usual` is a client that nobody signed in at the socket, and the admin over HTTP."""

BOTH: Final[tuple[Door, ...]] = ("socket", "http")


@dataclass(frozen=True, slots=True)
class Refused:
    """The error a client gets. Hints are whole; an `input` that they leave out may be anything."""

    type: str
    message: str
    hint: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Refused, it has stored nothing; else `after` is what `/admin/query` then shows.

    `after` maps `etype @entity` or `etype label=value` to the whole object, without its id and
    with the entities behind each link, or to None for no object. `attrs` maps names to what is
    asked of the attr's JSON; None is no attr. `only` names the one door that can say it, and
    `why` the reason.
    """

    section: str
    id: str
    write: Any
    before: Sequence[Sequence[Any]] = ()
    after: Mapping[str, Any] = field(default_factory=dict)
    attrs: Mapping[str, Any] = field(default_factory=dict)
    refused: Refused | None = None
    author: Author = "usual"
    only: Door | None = None
    why: str = ""
    strict: bool = False

    def __post_init__(self) -> None:
        """A row that could not fail, or that keeps its reason to itself, is a mistake."""
        assert (self.refused is None) == bool(self.after or self.attrs), self.id
        assert (self.only is None) == (not self.why), self.id

    @property
    def doors(self) -> tuple[Door, ...]:
        """Where it is tried."""
        return BOTH if self.only is None else (self.only,)


def invalid(data_type: str, *messages: str, where: Sequence[Any] | None = None) -> Refused:
    """A refusal of the generic shape (§6.2)."""
    place = {} if where is None else {"in": list(where)}
    return Refused(
        "validation-failed",
        f"Validation failed for {data_type}: {', '.join(messages)}",
        {"data-type": data_type, "errors": [{"message": m, **place} for m in messages]},
    )


def misshapen(data_type: str, expected: str, *where: Any) -> Refused:
    """A refusal of the shape of steps (§6.1)."""
    return Refused(
        "validation-failed",
        f"Validation failed for {data_type}",
        {"data-type": data_type, "errors": [{"expected": expected, "in": list(where)}]},
    )


def raised(message: str) -> Refused:
    """A refusal that the original's database raises."""
    return Refused("sql-raise", f"Raised Exception: {message}", {})


def taken(name: str, value: str) -> Refused:
    """A refusal of a unique value; `value` is its JSON."""
    etype, _, label = name.partition(".")
    return Refused(
        "record-not-unique",
        f"`{label}` is a unique attribute on `{etype}` and an entity already exists"
        f" with `{name}` = {value}",
        {
            "record-type": "triple",
            "attr-id": f"#{name}",
            "etype": etype,
            "label": label,
            "value": value,
        },
    )


def attr(nickname: str, name: str, to: str | None = None, **flags: Any) -> dict[str, Any]:
    """The JSON of an attr with the id `@nickname`; `unique_q` stands for `unique?`."""
    etype, label = name.split(".")
    far = {} if to is None else {"reverse-identity": [f"@{nickname}_far", *to.split(".")]}
    return {
        "id": f"@{nickname}",
        "forward-identity": [f"@{nickname}_near", etype, label],
        "value-type": "blob" if to is None else "ref",
        "cardinality": "one",
        "unique?": False,
        "index?": False,
        **far,
        **{wire_key(key): value for key, value in flags.items()},
    }


def wire_key(key: str) -> str:
    """A key of an attr's JSON as an argument spells it."""
    return key.removesuffix("_q").replace("_", "-") + ("?" if key.endswith("_q") else "")
