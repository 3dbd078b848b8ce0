"""The stored rows behind the door: finding one for a change, writing it, and what follows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import Session

from . import bulk, locking, pending, query
from .catalogue import Column, ListDefinition, catalogue
from .errors import N_, Forbidden, NotFound, Stale
from .reading import Reading, Stage
from .rights import Actor, Level

SEE = N_("You may see this but not change it.")


def stored(
    session: Session, actor: Actor, found: ListDefinition, item_id: int, right: Level, *, stage: Stage = Stage.STANDING
) -> dict[str, Any]:
    """The stored row for a change, locked; NotFound where it may not be seen, Forbidden where it may only be seen."""
    if not 0 < item_id < 2**31:
        raise NotFound()
    locking.lock_row(session, found, item_id)
    reading = Reading(session, found, actor, right, stage=stage)
    there = select(found.table).where(found.table.c.id == item_id, *reading.conditions())
    row = session.execute(there).mappings().one_or_none()
    if row is None:
        # The recycle bin shows what one may edit: of what else lies there nobody hears.
        query.get(session, actor, found.name, item_id, right=right if stage else Level.EXISTS, stage=stage)
        raise Forbidden(
            N_("You may change this but not delete it.")
            if right is Level.DELETE and _may_edit(session, actor, found, item_id, stage)
            else SEE
        )
    return _by_name(found, row)


def _may_edit(session: Session, actor: Actor, found: ListDefinition, item_id: int, stage: Stage) -> bool:
    reading = Reading(session, found, actor, Level.EDIT, stage=stage)
    return session.scalar(select(reading.id).where(reading.id == item_id, *reading.conditions())) is not None


def raw(session: Session, found: ListDefinition, item_id: int) -> dict[str, Any]:
    """The stored row, locked, without asking for rights: for what the program does in consequence."""
    row = select(found.table).where(found.table.c.id == item_id).with_for_update()
    return _by_name(found, session.execute(row).mappings().one())


def _by_name(found: ListDefinition, row: Mapping[Any, Any]) -> dict[str, Any]:
    names = {column.physical: column.name for column in found.columns}
    return {names.get(str(key), str(key)): value for key, value in row.items()}


def _physical(found: ListDefinition, values: Mapping[str, Any]) -> dict[str, Any]:
    return {found.stored_names.get(name, name): value for name, value in values.items()}


def insert(session: Session, found: ListDefinition, new: Mapping[str, Any], scope: int) -> int:
    names = found.stored_names
    values = {names.get(name, name): value for name, value in new.items() if name != "id"}
    values["scope_id"] = scope
    return pending.insert_numbered(session, found.table, values)


def update(
    session: Session, found: ListDefinition, old: Mapping[str, Any], values: Mapping[str, Any], actor: Actor
) -> None:
    physical = _physical(found, values) | {
        "version": old["version"] + 1,
        "modified": bulk.instant(session),
        "modified_by": actor.user_id,
    }
    table = found.table
    done = session.execute(
        sql_update(table).where(table.c.id == old["id"], table.c.version == old["version"]).values(physical)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Stale("Somebody else has changed this meanwhile.")
    bulk.forget(session, found.name, old["id"])


def following_columns(session: Session, found: ListDefinition) -> list[tuple[ListDefinition, Column]]:
    """The lists whose items take the rights of this list's items, with the column that says so."""
    pointing = catalogue(session).pointing_at.get(found.name, [])
    return [(child, column) for child, column in pointing if child.follows == column.name]


def followers_of(
    session: Session, found: ListDefinition, item_id: int, *, gone: Mapping[str, Any] | None = None
) -> list[tuple[ListDefinition, int]]:
    """(list, id) of everything that follows this item; with `gone`, its row in a bin: what went there with it."""
    found_there: list[tuple[ListDefinition, int]] = []
    for child, column in following_columns(session, found):
        table = child.table
        there = table.c.deleted.is_(None)
        if gone:
            there = and_(table.c.deleted == gone["deleted"], table.c.bin_stage == gone["bin_stage"])
        ids = session.scalars(select(table.c.id).where(child.sql(column.name) == item_id, there).order_by(table.c.id))
        found_there += [(child, number) for number in ids]
    return found_there
