"""Whether entities are there: one is in an etype if any attr of the etype has a triple of it.

One question is asked for all entities together, alone or inside a larger statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from triples.attrs.catalog import AttrCatalog
from triples.transact.steps import Step, TripleStep
from wire import json

Member = tuple[str, str]
"""An entity and an etype."""
Existence = Mapping[Member, bool]

# Which of these entities have a triple in these etypes? A subquery with a limit is run for each
# entity and never turned into a join; its last condition is opaque, so that the few triples of an
# entity are read once, and not looked for attr by attr.
EXISTING: Final = """
  select wanted.i
  from json_to_recordset(%(members)s::json) as wanted (i int, e uuid, t text)
  where (
    select true from triples
    where triples.app_id = %(app_id)s::uuid
      and triples.entity_id = wanted.e
      and %(etypes)s::jsonb ->> triples.attr_id::text = wanted.t
    limit 1
  )
"""


def asked_for(steps: Iterable[Step], catalog: AttrCatalog) -> list[Member]:
    """The entities, named by id, whose existence the modes of steps depend on."""
    asked: dict[Member, None] = {}
    for step in steps:
        if not isinstance(step, TripleStep) or step.mode == "upsert":
            continue
        attr = catalog.by_id(step.attr_id)
        if attr is not None and isinstance(step.entity, str):
            asked[step.entity, attr.etype] = None
    return list(asked)


def existence_values(members: Sequence[Member], catalog: AttrCatalog | None) -> dict[str, Any]:
    """The values of `EXISTING`, but for the app's id."""
    wanted = [{"i": i, "e": entity, "t": etype} for i, (entity, etype) in enumerate(members)]
    etypes = {etype for _, etype in members}
    attrs = {} if catalog is None else {a.id: t for t in etypes for a in catalog.of_etype(t)}
    return {"members": json.dumps(wanted).decode(), "etypes": json.dumps(attrs).decode()}


def existence_of(members: Sequence[Member], found: Iterable[int]) -> dict[Member, bool]:
    """The answer, from the positions that `EXISTING` found."""
    positions = set(found)
    return {member: position in positions for position, member in enumerate(members)}
