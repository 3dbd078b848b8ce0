"""Number series: the next number of a column, from a counter row in the transaction that writes the item.

The counter's row stays locked until the transaction ends, so that numbers are free of gaps: whoever is refused, or
falls over, has taken none.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.orm import Session

from . import altering
from .catalogue import Column, ListDefinition
from .columns.auto_number import AutoNumberColumn
from .database import database_of, one_at_a_time
from .errors import Invalid
from .models import Counter, now

_NEXT = text(
    "INSERT INTO counters (name, value) VALUES (:name, :by) "
    "ON CONFLICT (name) DO UPDATE SET value = counters.value + :by RETURNING value"
)
_AT_LEAST = text(
    "INSERT INTO counters (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE "
    "SET value = CASE WHEN counters.value < :value THEN :value ELSE counters.value END"
)


def give(session: Session, found: ListDefinition, new: dict[str, Any]) -> None:
    """Give a new item its numbers. A number that an import brought along stays; the series goes on behind it.

    Raises Invalid for a number that another item has.
    """
    for column, kind in found.numbered_columns:
        if new.get(column.name):
            _keep_up(session, found, column, kind, new[column.name])
            continue
        year = _year_of(session, new["created"])
        new[column.name] = kind.written(_next(session, column, kind, year), year)


def keep_up(session: Session, found: ListDefinition, new: dict[str, Any], changed: Collection[str]) -> None:
    """Go on behind the numbers that an import has given to a standing item. Raises Invalid like `give`."""
    for column, kind in found.numbered_columns:
        if column.name in changed and new[column.name]:
            _keep_up(session, found, column, kind, new[column.name])


def number_all(session: Session, found: ListDefinition, column: Column) -> None:
    """Number the items without a number, in the order in which they were made; those in the recycle bin too.

    They are there when the column is new, and when it was in the bin. One statement for each year in which items were
    made: they may be many. Nobody may write the list meanwhile.
    """
    kind, table = column.type, found.table
    assert isinstance(kind, AutoNumberColumn)
    without = table.c[column.physical].is_(None)
    rest: list[ColumnElement[bool]] = [without]
    while (first := session.scalar(select(func.min(table.c.created)).where(*rest))) is not None:
        year = _year_of(session, first)
        end = datetime.datetime(year + 1, 1, 1, tzinfo=_zone(session))
        of_year, rest = [*rest, table.c.created < end], [without, table.c.created >= end]
        count = session.scalar(select(func.count()).select_from(table).where(*of_year)) or 0
        before = _next(session, column, kind, year, count) - count
        place = func.row_number().over(order_by=(table.c.created, table.c.id)) + before
        number = kind.written_expression(place, year).label("number")
        numbered = select(table.c.id, number).where(*of_year).subquery()
        session.execute(update(table).where(table.c.id == numbered.c.id).values({column.physical: numbered.c.number}))
    altering.create_unique_index(session, found.id, column.physical)


def forget(session: Session, column_id: int) -> None:
    """Take away the counters of a column that is gone for ever: another may get its number."""
    session.execute(delete(Counter).where(Counter.name.startswith(_counter(column_id, ""), autoescape=True)))


def _next(session: Session, column: Column, kind: AutoNumberColumn, year: int, by: int = 1) -> int:
    return session.execute(_NEXT, {"name": _counter(column.id, kind.series(year)), "by": by}).scalar_one()


def _keep_up(session: Session, found: ListDefinition, column: Column, kind: AutoNumberColumn, written: str) -> None:
    one_at_a_time(session, "unique", found.id, column.id, written)
    if session.scalar(select(found.table.c.id).where(found.sql(column.name) == written)):
        raise Invalid(column.name, "There is an item with the number %(value)s already.", value=written)
    series = kind.number_in(written)
    if series:
        number, year = series
        session.execute(_AT_LEAST, {"name": _counter(column.id, kind.series(year)), "value": number})


def _counter(column_id: int, series: str) -> str:
    return f"number:{column_id}:{series}"


def _year_of(session: Session, made: datetime.datetime | None) -> int:
    """The year by the house's clock."""
    return (made or now()).astimezone(_zone(session)).year


def _zone(session: Session) -> ZoneInfo:
    return ZoneInfo(database_of(session).house.time_zone)
