"""What uses an item: the items of any list whose lookups point to it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from . import filters
from .catalogue import ListDefinition, catalogue, definition


def used(session: Session, list_name: str, item_ids: Sequence[int]) -> set[int]:
    """Which of these items others point to: asked at once for many, to be asked again of those few."""
    found = definition(session, list_name)
    wanted: set[int] = set()
    for other, column in catalogue(session).pointing_at.get(found.name, []):
        raw = other.sql(column.name)
        there = other.table.c.deleted.is_(None)
        if not column.type.is_multi:
            wanted |= set(session.scalars(select(raw).where(raw.in_(item_ids), there).distinct()))
        elif session.scalar(select(other.table.c.id).where(raw.is_not(None), there).limit(1)):
            to_one_of_them = or_(*(filters.json_has(raw, one) for one in item_ids))
            wanted |= {one for many in session.scalars(select(raw).where(there, to_one_of_them)) for one in many}
    return wanted & set(item_ids)


def users_of(session: Session, list_name: str, item_id: int, limit: int = 100) -> list[tuple[ListDefinition, int]]:
    """(list, id) of items that point to this one, at most `limit` from each column; for what the program decides."""
    found = definition(session, list_name)
    rows: list[tuple[ListDefinition, int]] = []
    for other, column in catalogue(session).pointing_at.get(found.name, []):
        raw = other.sql(column.name)
        node = filters.json_has(raw, item_id) if column.type.is_multi else raw == item_id
        ids = select(other.table.c.id).where(node, other.table.c.deleted.is_(None)).limit(limit)
        rows += [(other, number) for number in session.scalars(ids)]
    return rows
