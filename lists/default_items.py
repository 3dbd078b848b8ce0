"""Defaults that are items of another list. They are kept by GUID, so that a list's file means that very item elsewhere,
or none; who may not see the item, or where it is gone, begins without it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from .catalogue import Column, ListDefinition, catalogue
from .reading import Reading
from .rights import Actor, Level


def has_item(column: Column) -> bool:
    """Whether the column's default may be an item."""
    return column.type.name == "lookup" and column.type.target != "users" and not column.by_program


def is_guid(value: Any) -> bool:
    """Whether a default is written as one that points at an item."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def of_list(
    session: Session, actor: Actor, found: ListDefinition, besides: Collection[str] = ()
) -> dict[str, int | None]:
    """The items with which new items of this actor begin, by column; None where there is none to be seen."""
    wanted = [column for name in found.defaults for column in [found.by_name[name]] if has_item(column)]
    return {
        column.name: number_of(session, actor, str(column.type.target), column.default)
        for column in wanted if is_guid(column.default) and column.name not in besides
    }  # fmt: skip


def number_of(session: Session, actor: Actor, list_name: str, guid: str) -> int | None:
    """The number of a standing item that the actor may choose."""
    return _one(session, actor, list_name, "id", "guid", guid)


def guid_of(session: Session, actor: Actor, list_name: str, number: int) -> str | None:
    """The GUID of a standing item that the actor may choose."""
    return _one(session, actor, list_name, "guid", "id", number)


def _one(session: Session, actor: Actor, list_name: str, wanted: str, by: str, value: Any) -> Any:
    target = catalogue(session).by_name.get(list_name)
    if target is None:
        return None
    conditions = [target.table.c[by] == value, *Reading(session, target, actor, Level.HEADLINE).conditions()]
    if target.has("retired"):
        conditions.append(target.sql("retired").is_not(True))
    return session.scalar(select(target.table.c[wanted]).where(*conditions))
