"""Items that lie in each other by a lookup to their own list that says `tree`: no item lies in itself, at any depth."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .catalogue import Column, ListDefinition
from .database import one_at_a_time
from .errors import FieldError, Invalid
from .sqltypes import WHOLE, among, fold, folded

DEEPEST, FOLDERS_OF = 20, "folders_of"


def check(session: Session, found: ListDefinition, new: Mapping[str, Any], changed: Collection[str]) -> None:
    """Refuse a place in a tree that is below the item itself, or too deep for what lies in it. Raises Invalid."""
    if FOLDERS_OF in found.settings and {"name", *(column.name for column in found.trees)} & set(changed):
        _check_name(session, found, new)
    moved = [column for column in found.trees if column.name in changed and new.get(column.name) is not None]
    errors = [error for column in moved for error in [_refusal(session, found, column, new)] if error]
    if errors:
        raise Invalid.many(errors)


def _check_name(session: Session, found: ListDefinition, new: Mapping[str, Any]) -> None:
    """Refuse a folder that is called like another one beside it, as people and imports tell them by name."""
    one_at_a_time(session, "tree", found.id)
    name = str(new.get("name") or "")
    beside = [found.sql(column.name).is_not_distinct_from(new.get(column.name)) for column in found.trees]
    there = found.table.c.deleted.is_(None), found.table.c.id != (new.get("id") or 0)
    alike = folded(found.sql("name")) == fold(name)  # without accents: which of them are the same, Python says
    names = session.scalars(select(found.sql("name")).where(*beside, alike, *there))
    if any(one.casefold() == name.casefold() for one in names):
        raise Invalid("name", "There is a folder called “%(name)s” here already.", name=name[:80])


def below(session: Session, found: ListDefinition, column: Column, item_id: int) -> Iterator[Sequence[int]]:
    """The items that lie in one, level by level, whoever may see them."""
    level: Sequence[int] = [item_id]
    while level:
        there = among(session, found.sql(column.name), list(level), WHOLE)
        level = session.scalars(select(found.table.c.id).where(there, found.table.c.deleted.is_(None))).all()
        if level:
            yield level


def steps(found: ListDefinition, text: str) -> list[str]:
    """The names on a path from the top (“Contracts / 2026”, “/Contracts”); none where the text is no path."""
    names = [name.strip() for name in text.strip().removeprefix("/").split("/")] if found.trees and "/" in text else []
    return names if all(names) else []


def at(session: Session, found: ListDefinition, names: Sequence[str]) -> Sequence[int]:
    """The standing items to which these names lead from the top, whoever may see them."""
    inside, level = found.sql(found.trees[0].name), found.table.c
    places: Sequence[int | None] = [None]
    for name in names:
        here = inside.is_(None) if None in places else among(session, inside, list(places), WHOLE)
        asked = select(level.id).where(found.sql("name") == name, here, level.deleted.is_(None))
        places = session.scalars(asked).all()
    return [place for place in places if place is not None]


def _refusal(session: Session, found: ListDefinition, column: Column, new: Mapping[str, Any]) -> FieldError | None:
    one_at_a_time(session, "tree", found.id)  # two that are moved into each other at once
    above, depth = new[column.name], 1
    while above is not None and depth < DEEPEST:
        if above == new.get("id"):
            return FieldError(column.name, "This lies in the item itself; choose another.")
        above = session.scalar(select(found.sql(column.name)).where(found.table.c.id == above))
        depth += 1
    if above is None and (new.get("id") is None or depth + _height(session, found, column, new["id"]) <= DEEPEST):
        return None
    return FieldError(column.name, "Items lie in each other at most %(max)s deep.", {"max": DEEPEST})


def _height(session: Session, found: ListDefinition, column: Column, item_id: int) -> int:
    """How many levels lie in an item."""
    return sum(1 for _level in below(session, found, column, item_id))
