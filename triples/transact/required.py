"""Required attrs: an entity that is still there has a value of each (§6.4).

Checked after everything is written, for the entities this write touched.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from triples.attrs.attr import Attr
from triples.transact.work import Work
from wire import json
from wire.errors import ValidationFailed

# Which values have these entities in these etypes?
_PRESENT: Final = """
select wanted.e, wanted.t, attr.a
from json_to_recordset(%s::json) as wanted (e uuid, t text)
join json_to_recordset(%s::json) as attr (a uuid, t text) on attr.t = wanted.t
where (
  select true from triples
  where triples.app_id = %s::uuid
    and triples.entity_id = wanted.e
    and triples.attr_id = attr.a
    and triples.value <> 'null'::jsonb
  limit 1
)
"""


async def check_required(work: Work) -> None:
    """Raise `ValidationFailed` where a touched entity lacks what its etype requires."""
    pairs = {
        (entity_id, attr.etype)
        for entity_id, attr_id in work.touched
        if (attr := work.catalog.by_id(attr_id)) is not None
    }
    required = {
        etype: [a for a in work.catalog.of_etype(etype) if a.is_required or a.label == "id"]
        for etype in {etype for _, etype in pairs}
        if any(attr.is_required for attr in work.catalog.of_etype(etype))
    }
    pairs = {pair for pair in pairs if pair[1] in required}
    if not pairs:
        return
    present = await _present(work, pairs)
    missing: defaultdict[str, list[tuple[str, Attr]]] = defaultdict(list)
    for entity_id, etype in sorted(present):
        for attr in required[etype]:
            if attr.id not in present[entity_id, etype]:
                missing[attr.id].append((entity_id, attr))
    if missing:
        by_name = sorted(missing.values(), key=lambda group: (group[0][1].etype, group[0][1].label))
        raise _missing(by_name)


async def _present(work: Work, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """The attrs with a value, of entities that have any."""
    wanted = [{"e": entity_id, "t": etype} for entity_id, etype in pairs]
    etypes = {etype for _, etype in pairs}
    attrs = [{"a": a.id, "t": etype} for etype in etypes for a in work.catalog.of_etype(etype)]
    cursor = await work.conn.execute(
        _PRESENT, (json.dumps(wanted).decode(), json.dumps(attrs).decode(), work.app_id)
    )
    present: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for entity_id, etype, attr_id in await cursor.fetchall():
        present[entity_id, etype].add(attr_id)
    return present


def _missing(groups: list[list[tuple[str, Attr]]]) -> ValidationFailed:
    messages = []
    for group in groups:
        attr = group[0][1]
        plural = "attributes" if len(group) > 1 else "attribute"
        entities = ", ".join(entity_id for entity_id, _ in group)
        messages.append(f"Missing required {plural} `{attr.etype}/{attr.label}`: {entities}")
    records = [
        {
            "entity_id": entity_id,
            "attr_id": attr.id,
            "etype": attr.etype,
            "label": attr.label,
            "is_required": attr.is_required,
        }
        for group in groups
        for entity_id, attr in group
    ]
    return ValidationFailed(". ".join(messages), {"records": records})
