"""The recycle bin of items, in two stages, and the end of it.

What is deleted goes to its list's bin, from where whoever may edit it brings it back. Deleted there, it goes to the
second bin, which only administrators see. When the time is over (counted from the first deletion), or when an
administrator says so, it is purged: its values, versions and comments are gone. The bare row stays as a tombstone, so
that no number is given twice and what pointed to it points to nothing else.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import delete as sql_delete
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from . import changelog_buffer, checks, hooks, query, recording, rows, scopes, uses
from .catalogue import ListDefinition, catalogue, definition
from .columns import column_type
from .database import Database, one_at_a_time
from .errors import Conflict, Stale
from .hooks import Change
from .models import ColumnRow, Comment, Version, now
from .query import Item
from .reading import Stage
from .rights import PROGRAM, Actor, Level

PURGED_AT_ONCE = 50
Purging = TypeVar("Purging", bound=Callable[[Session, int, list[int], list[str]], None])
_purging: list[Callable[[Session, int, list[int], list[str]], None]] = []


def when_purged(function: Purging) -> Purging:
    """Register a function of the session, a list's id, and the ids and guids of items that are going for good: a room
    removes there what it keeps of them beside their row."""
    _purging.append(function)
    return function


def delete(session: Session, actor: Actor, list_name: str, item_id: int, *, version: int | None) -> None:
    """Put an item into the recycle bin, and with it what follows its rights (a case's activities, documents, …).

    Raises NotFound, Forbidden, Stale, Conflict (in use by other items of a code list).
    """
    found = definition(session, list_name)
    old = rows.stored(session, actor, found, item_id, Level.DELETE)
    if version is not None and version != old["version"]:
        raise Stale("Somebody else has changed this meanwhile.", current_version=old["version"])
    if found.keeps_used:
        one_at_a_time(session, "use", found.id)
        if uses.users_of(session, found.name, item_id, 1):
            if found.has("retired"):
                raise Conflict("Other records use this; retire it instead.")
            raise Conflict("Other records use this; move or delete them first.")
    at = now()
    for child, child_id in rows.followers_of(session, found, item_id):
        _put_away(session, actor, child, rows.raw(session, child, child_id), at)
    _put_away(session, actor, found, old, at)


def followers(session: Session, actor: Actor, list_name: str, item_id: int) -> dict[str, int]:
    """How many items of which lists go to the recycle bin with this one. Raises NotFound where it may not be read."""
    found = definition(session, list_name)
    query.get(session, actor, list_name, item_id, right=Level.READ)
    counts: dict[str, int] = {}
    for child, _child_id in rows.followers_of(session, found, item_id):
        counts[child.name] = counts.get(child.name, 0) + 1
    return counts


def restore(session: Session, actor: Actor, list_name: str, item_id: int) -> Item:
    """Bring an item back from a recycle bin, and what went there with it.

    Raises NotFound, Forbidden, Invalid (another item has taken a value of its own meanwhile that must be unique).
    """
    found = definition(session, list_name)
    old = rows.stored(session, actor, found, item_id, Level.EDIT, stage=_stage_of(session, actor, found, item_id))
    for child, child_id in rows.followers_of(session, found, item_id, gone=old):
        _bring_back(session, actor, child, rows.raw(session, child, child_id))
    _bring_back(session, actor, found, old)
    return query.get(session, actor, list_name, item_id)


def discard(session: Session, actor: Actor, list_name: str, item_id: int) -> None:
    """Take an item out of its list's bin into the second one, with what was deleted with it.

    Raises NotFound, Forbidden (who may not delete it may not do this either).
    """
    found = definition(session, list_name)
    old = rows.stored(session, actor, found, item_id, Level.DELETE, stage=Stage.BIN)
    for child, child_id in rows.followers_of(session, found, item_id, gone=old):
        _discard(session, actor, child, rows.raw(session, child, child_id))
    _discard(session, actor, found, old)


def purge(session: Session, actor: Actor, list_name: str, item_id: int) -> None:
    """End an item of the second bin for good, with what was deleted with it.

    Raises NotFound: also for whoever is no administrator, since nobody else hears of the second bin.
    """
    found = definition(session, list_name)
    old = rows.stored(session, actor, found, item_id, Level.DELETE, stage=Stage.SECOND_BIN)
    for child, child_id in rows.followers_of(session, found, item_id, gone=old):
        _purge(session, actor, child, [child_id])
    _purge(session, actor, found, [item_id])


def purge_old(database: Database, kept: datetime.timedelta) -> bool:
    """Purge a portion of what was deleted longer than `kept` ago, whichever bin it is in; says whether there was any.

    One transaction, one list: what went to the bin with an item is as old as it, and goes in its own list's turn.
    """
    before = now() - kept
    with database.read() as session:
        due = next((found for found in catalogue(session).by_id.values() if _due(session, found, before, 1)), None)
    if due is None:
        return False
    with database.write() as session:
        found = catalogue(session).by_id.get(due.id)
        ids = _due(session, found, before, PURGED_AT_ONCE, lock=True) if found else []
        if found and ids:
            _purge(session, PROGRAM, found, ids)
    return True


def forget_rows(session: Session, list_id: int, ids: list[int], guids: list[str]) -> None:
    """Remove what is kept of items beside their rows: versions, comments, and what the rooms above keep."""
    for model in (Version, Comment):
        session.execute(sql_delete(model).where(model.list_id == list_id, model.item_id.in_(ids)))
    for function in _purging:
        function(session, list_id, ids, guids)


def _due(
    session: Session, found: ListDefinition, before: datetime.datetime, limit: int, *, lock: bool = False
) -> list[int]:
    table = found.table
    in_a_bin = table.c.bin_stage.in_((Stage.BIN, Stage.SECOND_BIN))
    due = select(table.c.id).where(in_a_bin, table.c.deleted < before).limit(limit)
    return list(session.scalars(due.with_for_update(skip_locked=True) if lock else due))


def _stage_of(session: Session, actor: Actor, found: ListDefinition, item_id: int) -> Stage:
    """The bin that an item may be brought back from: of the second one only administrators hear."""
    there = select(found.table.c.bin_stage).where(found.table.c.id == item_id) if 0 < item_id < 2**31 else None
    in_second = actor.is_administrator and there is not None and session.scalar(there) == Stage.SECOND_BIN
    return Stage.SECOND_BIN if in_second else Stage.BIN


def _put_away(session: Session, actor: Actor, found: ListDefinition, old: dict[str, Any], at: Any) -> None:
    change = Change("delete", found, actor, old, dict(old))
    hooks.run_before(session, change)
    gone = {"deleted": at, "deleted_by": actor.user_id, "bin_stage": Stage.BIN}
    rows.update(session, found, old, gone, actor)
    recording.record(session, change, old["id"], old["version"] + 1, {}, old["scope_id"], None)
    hooks.run_after(session, change)


def _bring_back(session: Session, actor: Actor, found: ListDefinition, old: dict[str, Any]) -> None:
    gone = checks.gone(session, found, old)
    change = Change("restore", found, actor, old, {**old, **dict.fromkeys(gone)})
    hooks.run_before(session, change)
    checks.unique(session, actor, found, change.new, list(change.new), old["id"])  # another may have taken its value
    scope = scopes.scope_of(session, found, change.new)
    back = {"deleted": None, "deleted_by": None, "bin_stage": None, "scope_id": scope, **dict.fromkeys(gone)}
    rows.update(session, found, old, back, actor)
    before = {name: old[name] for name in gone}
    recording.record(session, change, old["id"], old["version"] + 1, before, None, scope)
    hooks.run_after(session, change)


def _discard(session: Session, actor: Actor, found: ListDefinition, old: dict[str, Any]) -> None:
    """No function of the definition hears of it: for whoever works with the list the item was gone already."""
    rows.update(session, found, old, {"bin_stage": Stage.SECOND_BIN}, actor)
    change = Change("discard", found, actor, old, dict(old))
    recording.record(session, change, old["id"], old["version"] + 1, {}, None, None)


def _purge(session: Session, actor: Actor, found: ListDefinition, ids: list[int]) -> None:
    """Empty the rows of everything that anybody ever wrote into them; the log keeps that and when they were there."""
    at = now()
    guids = []
    for item_id in ids:
        old = rows.raw(session, found, item_id)
        guids.append(old["guid"])
        nothing = {column.name: None for column in found.own_columns if column.type.is_stored}
        gone = {"bin_stage": Stage.PURGED, "flagged": None, "deleted_by": None, "created_by": None}
        rows.update(session, found, old, {**nothing, **gone}, actor)
        changelog_buffer.add(session, {
            "at": at, "list_id": found.id, "item_id": item_id, "guid": old["guid"], "kind": "purge",
            "actor_id": actor.user_id, "batch": actor.batch, "scope_before": None, "scope_after": None, "columns": [],
        })  # fmt: skip
    _empty_deleted_columns(session, found, ids)
    forget_rows(session, found.id, ids, guids)


def _empty_deleted_columns(session: Session, found: ListDefinition, ids: list[int]) -> None:
    """A column in its own bin keeps its values in the table: those of a purged item go now."""
    there = ColumnRow.list_id == found.id, ColumnRow.deleted.is_not(None), ColumnRow.purged.is_(None)
    hidden = [row.id for row in session.scalars(select(ColumnRow).where(*there)) if _is_stored(row)]
    if hidden:
        empty = ", ".join(f"c{number} = NULL" for number in hidden)
        change = text(f"UPDATE {found.table.name} SET {empty} WHERE id = :id")  # noqa: S608 - our own names
        session.execute(change, [{"id": item_id} for item_id in ids])


def _is_stored(row: ColumnRow) -> bool:
    return column_type(row.type, row.options).is_stored


__all__ = ["delete", "discard", "followers", "forget_rows", "purge", "purge_old", "restore", "when_purged"]
