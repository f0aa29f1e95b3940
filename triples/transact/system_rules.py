"""The rules that built-in etypes have while an app has none of its own (§12.2, §14).

Not for admins. An entity of `$users` is open to the user it stands for, and so are the guests who
became that user; every other `$` entity is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from triples.attrs.attr import Attr
from triples.transact import guard
from triples.transact.deletes import Doomed
from triples.transact.lookups import value_lookup
from triples.transact.modes import existing
from triples.transact.steps import TripleStep
from triples.transact.work import Work
from wire.errors import PermissionDenied
from wire.ids import parse_uuid

# Which of these entities are guests who became this user?
_GUESTS_OF: Final = """
select entity_id
from triples
where app_id = %s::uuid
  and entity_id = any(%s::uuid[])
  and attr_id = %s::uuid
  and ref = %s::uuid
"""


async def check_system_rules(
    work: Work,
    steps: Sequence[TripleStep],
    attrs: Mapping[str, Attr],
    doomed: Iterable[Doomed],
) -> None:
    """Raise `PermissionDenied` where a step changes or links what its author may not see."""
    for _, etype in doomed:
        if etype.startswith("$"):
            raise PermissionDenied([etype, "object"])
    changed, linked = _concerned(work, steps, attrs)
    if not changed and not linked:
        return
    there = await existing(work, [*changed, *linked])
    guard.check_created(work.author, {pair[1] for pair in changed if pair not in there})
    own = await _own_users(work, [entity for entity, etype in there if etype == "$users"])
    for pair in changed:
        if pair[1] != "$users" or pair[0] not in own:
            raise PermissionDenied([pair[1], "object"])
    for pair in linked:
        if pair in there and (pair[1] != "$users" or pair[0] not in own):
            raise PermissionDenied([pair[1], "object"])


def _concerned(
    work: Work, steps: Iterable[TripleStep], attrs: Mapping[str, Attr]
) -> tuple[set[Doomed], set[Doomed]]:
    """The `$` entities that steps write to, and those they link to or unlink."""
    changed: set[Doomed] = set()
    linked: set[Doomed] = set()
    for step in steps:
        attr = attrs.get(step.attr_id)
        if attr is None:
            continue
        if attr.etype.startswith("$"):
            changed.add((work.entity(step.entity) or "", attr.etype))
        if attr.is_ref and attr.reverse_etype is not None and attr.reverse_etype.startswith("$"):
            lookup = value_lookup(attr, step)
            target = work.resolved.get(lookup) if lookup else parse_uuid(step.value)
            if target is not None:
                linked.add((target, attr.reverse_etype))
    return changed, linked


async def _own_users(work: Work, user_ids: Sequence[str]) -> set[str]:
    """Those that are the author, or guests of the author."""
    author_id = work.author.user_id
    if author_id is None or not user_ids:
        return set()
    primary = work.catalog.forward("$users", "linkedPrimaryUser")
    if primary is None:
        raise RuntimeError("the system catalog has $users.linkedPrimaryUser")
    values = (work.app_id, list(user_ids), primary.id, author_id)
    cursor = await work.conn.execute(_GUESTS_OF, values)
    guests = {row[0] for row in await cursor.fetchall()}
    return guests | ({author_id} & set(user_ids))
