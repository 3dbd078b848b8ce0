"""What lies in the recycle bins, over all lists: latest first, each thing once, not what merely went with another."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, union_all
from sqlalchemy.orm import Session

from .catalogue import ListDefinition, catalogue
from .errors import Invalid
from .reading import Reading, Stage
from .rights import Actor, Level, may_open
from .titles import titles_by_list

LISTS_PER_STATEMENT = 100  # SQLite puts at most 500 selects into one


@dataclass(frozen=True)
class Recycled:
    """An item in a bin. `deleted_by`: a user's id; `place`: where a page that ends with it goes on."""

    definition: ListDefinition
    id: int
    title: str
    deleted: datetime.datetime
    deleted_by: int | None

    @property
    def place(self) -> str:
        return f"{self.deleted.isoformat()}|{self.definition.id}|{self.id}"


def recycled(
    session: Session, actor: Actor, stage: Stage, *, by: int | None = None, after: str | None = None, limit: int = 50
) -> list[Recycled]:
    """What the actor may bring back from a bin; `by`: only what this user has deleted. Raises Invalid (`after`)."""
    place = _place(after) if after else None
    lists = [found for found in catalogue(session).by_id.values() if may_open(found, actor)]
    rows: list[Any] = []
    for start in range(0, len(lists), LISTS_PER_STATEMENT):
        parts = [_part(session, actor, found, stage, by, place) for found in lists[start : start + LISTS_PER_STATEMENT]]
        all_of_them = union_all(*parts).subquery()
        columns = all_of_them.c
        order = columns.deleted.desc(), columns.list_, columns.id
        rows += session.execute(select(all_of_them).order_by(*order).limit(limit)).all()
    rows = sorted(rows, key=lambda row: (-row.deleted.timestamp(), row.list_, row.id))[:limit]
    known = catalogue(session).by_id
    wanted: dict[str, list[int]] = {}
    for row in rows:
        wanted.setdefault(known[row.list_].name, []).append(row.id)
    titles = titles_by_list(session, actor, wanted, stage=stage)
    return [
        Recycled(found, row.id, titles[found.name].get(row.id, f"#{row.id}"), row.deleted, row.deleted_by)
        for row in rows
        for found in [known[row.list_]]
    ]


def lists_with_some(session: Session, actor: Actor, stage: Stage) -> list[ListDefinition]:
    """The lists of which something lies in a bin that the actor may bring back."""
    lists = [found for found in catalogue(session).by_id.values() if may_open(found, actor)]
    there: set[int] = set()
    for start in range(0, len(lists), LISTS_PER_STATEMENT):
        parts = [
            select(literal(found.id)).where(exists().where(*reading.conditions()))
            for found in lists[start : start + LISTS_PER_STATEMENT]
            for reading in [Reading(session, found, actor, Level.EDIT, stage=stage)]
        ]
        there |= set(session.scalars(union_all(*parts)))
    return [found for found in lists if found.id in there]


def _part(
    session: Session, actor: Actor, found: ListDefinition, stage: Stage, by: int | None,
    place: tuple[datetime.datetime, int, int] | None,
) -> Any:  # fmt: skip
    reading = Reading(session, found, actor, Level.EDIT, stage=stage)
    columns = found.table.c
    wanted = select(literal(found.id).label("list_"), columns.id, columns.deleted, columns.deleted_by)
    wanted = wanted.where(*reading.conditions(), *_not_with_another(session, found))
    if by is not None:
        wanted = wanted.where(columns.deleted_by == by)
    return wanted if place is None else wanted.where(_beyond(found, *place))


def _not_with_another(session: Session, found: ListDefinition) -> list[ColumnElement[bool]]:
    """An item that went to the bin because the one that it follows did comes back with that one."""
    leading = catalogue(session).by_name.get(str(found.column(found.follows).type.target)) if found.follows else None
    if leading is None or found.follows is None:
        return []
    other = leading.table.alias()
    same = and_(other.c.deleted == found.table.c.deleted, other.c.bin_stage == found.table.c.bin_stage)
    return [~exists().where(other.c.id == found.sql(found.follows), same).correlate(found.table)]


def _beyond(found: ListDefinition, deleted: datetime.datetime, list_id: int, item_id: int) -> ColumnElement[bool]:
    columns = found.table.c
    if found.id > list_id:
        return columns.deleted <= deleted
    if found.id < list_id:
        return columns.deleted < deleted
    return or_(columns.deleted < deleted, and_(columns.deleted == deleted, columns.id > item_id))


def _place(text: str) -> tuple[datetime.datetime, int, int]:
    deleted, _, rest = text.partition("|")
    list_id, _, item_id = rest.partition("|")
    try:
        at, place = datetime.datetime.fromisoformat(deleted), (int(list_id), int(item_id))
        if at.tzinfo is None or not all(0 < number < 2**31 for number in place):
            raise ValueError
    except ValueError as error:
        raise Invalid("after", "This is no place in the recycle bin.") from error
    return at, *place
