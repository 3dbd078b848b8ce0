"""Items that lie in each other by a lookup to their own list that says `tree`: no item lies in itself, at any depth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .catalogue import Column, ListDefinition
from .database import one_at_a_time
from .errors import FieldError, Invalid

DEEPEST = 20


def check(session: Session, found: ListDefinition, new: Mapping[str, Any], changed: Collection[str]) -> None:
    """Refuse a place in a tree that is below the item itself, or too deep. Raises Invalid."""
    moved = [column for column in found.trees if column.name in changed and new.get(column.name) is not None]
    errors = [error for column in moved for error in [_refusal(session, found, column, new)] if error]
    if errors:
        raise Invalid.many(errors)


def _refusal(session: Session, found: ListDefinition, column: Column, new: Mapping[str, Any]) -> FieldError | None:
    one_at_a_time(session, "tree", found.id)  # two that are moved into each other at once
    above, depth = new[column.name], 1
    while above is not None and depth < DEEPEST:
        if above == new.get("id"):
            return FieldError(column.name, "This lies in the item itself; choose another.")
        above = session.scalar(select(found.sql(column.name)).where(found.table.c.id == above))
        depth += 1
    if above is None:
        return None
    return FieldError(column.name, "Items lie in each other at most %(max)s deep.", {"max": DEEPEST})
