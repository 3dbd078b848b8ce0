"""Who of some colleagues reads an item, and how they are let read it: by their groups in `shared_with` (SPEC 8)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from . import items, query
from .columns import Reference
from .errors import Forbidden, NotFound
from .query import Item
from .rights import Actor, Level


def may_let(item: Item) -> bool:
    """Whether its reader may let others read the item. What hangs on a case takes the case's rights: it gives none."""
    found = item.definition
    by_group = found.has("shared_with") and found.separation == "by_group"
    return by_group and item.editable and not (found.follows and item.get(found.follows))


def readers_among(session: Session, list_name: str, item_id: int, people: Iterable[Actor]) -> frozenset[int]:
    """The ids of those of these people who read the item in full."""
    return frozenset(one.user_id for one in people if one.user_id and _reads(session, list_name, item_id, one))


def let_read(session: Session, actor: Actor, list_name: str, item_id: int, people: Iterable[Actor]) -> None:
    """Share the item with these people's default groups. Raises NotFound, Forbidden, Invalid, Stale."""
    item = query.get(session, actor, list_name, item_id, right=Level.READ)
    if not may_let(item):
        raise Forbidden("You cannot let others read this.")
    shared = [one.id for one in item["shared_with"] or () if isinstance(one, Reference)]
    groups = {group for one in people if (group := _group(one)) is not None} - set(shared)
    if groups:
        wanted = {"shared_with": [*shared, *sorted(groups)]}
        items.update(session, actor, list_name, item_id, wanted, version=item.version)


def _group(person: Actor) -> int | None:
    return person.default_group if person.default_group is not None else min(person.groups, default=None)


def _reads(session: Session, list_name: str, item_id: int, person: Actor) -> bool:
    try:
        query.get(session, person, list_name, item_id, right=Level.READ, resolved=False)
    except NotFound:
        return False
    return True
