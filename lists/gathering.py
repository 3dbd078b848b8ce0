"""What points at an item: the questions behind reverse lookups and roll-ups, for one reader.

Only items that the reader sees count, and only where the lookup that points shows to the reader as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, cast, func, literal, null, select, type_coerce

from . import aggregates
from .catalogue import Column, catalogue
from .columns import Reference, References
from .columns.computed import RollupColumn
from .columns.numbers import NumberColumn
from .columns.references import ReverseLookupColumn
from .database import database_of
from .formulas import compiling
from .formulas.definitions import formula_of, moments_of
from .sqltypes import ExactDecimal, json_has

if TYPE_CHECKING:
    from .reading import Reading


@dataclass(frozen=True)
class Pointing:
    """The items of a list that point at the rows of a reading: their list as the reader sees it, and which they are."""

    reading: Reading
    conditions: Sequence[ColumnElement[bool]]


def pointing(reading: Reading, kind: RollupColumn | ReverseLookupColumn, other: Reading | None = None) -> Pointing:
    """Who points here by the lookup that the column names; nobody where that is there no more.

    `other`: the pointing list, where the caller reads it already.
    """
    other = other or reading.target(str(kind.options["list"]))
    lookup = other.definition.by_name.get(str(kind.options["column"]))
    if lookup is None or not lookup.type.is_stored or lookup.type.target != reading.definition.name:
        return Pointing(other, [null().is_not(None)])
    raw, mask = other.definition.sql(lookup.name), other.access.mask(lookup)
    here = json_has(raw, reading.id) if lookup.type.is_multi else raw == reading.id
    return Pointing(other, [here, *other.conditions(), *([] if mask is None else [mask])])


def any_points(reading: Reading, kind: ReverseLookupColumn) -> ColumnElement[Any]:
    """1 where anything points here, else NULL."""
    found = pointing(reading, kind)
    there = select(literal(1)).select_from(found.reading.table).where(*found.conditions)
    return case((there.correlate(reading.table).exists(), literal(1)))


def rolled_up(reading: Reading, column: Column) -> ColumnElement[Any]:
    """What the items that point here come to. Amounts in several currencies come to nothing: no sum of them is true."""
    kind = column.type
    assert isinstance(kind, RollupColumn)
    found = _counted(reading, column, kind)
    if kind.function == "count":
        return _asked(reading, found, type_coerce(func.count(), ExactDecimal(0)))
    name = str(kind.options["of"])
    if not found.reading.definition.has(name):
        return cast(null(), kind.result.sql_type())
    number = found.reading.definition.sql(name)
    value = _value(kind, number, found.reading.definition.column(name))
    code = _currency(found.reading, kind)
    if code is not None:
        value = case((func.min(code) == func.max(code), value))
    return _asked(reading, found, value)


def currency_of(reading: Reading, column: Column) -> ColumnElement[Any] | None:
    """The code of the currency of a rolled up amount; None where it is no amount."""
    kind = column.type
    if not isinstance(kind, RollupColumn) or kind.result.name != "currency":
        return None
    found = _counted(reading, column, kind)
    code = _currency(found.reading, kind)
    return None if code is None else _asked(reading, found, case((func.min(code) == func.max(code), func.min(code))))


def _counted(reading: Reading, column: Column, kind: RollupColumn) -> Pointing:
    """The items that count: what is added up, its currency and what the filter asks must show to the reader too."""
    found = pointing(reading, kind)
    other, conditions = found.reading, list(found.conditions)
    node = formula_of(catalogue(reading.session), other.definition, column, "filter")
    if node is not None:
        conditions.append(compiling.condition(other, node, moments_of(reading.actor)))
        shows = compiling.visible(other, node, str(kind.options["column"]))
        conditions += [] if shows is None else [shows]
    elif kind.options.get("filter"):
        conditions.append(null().is_not(None))  # a filter that lost what it was made of lets nothing through
    for name in (kind.options.get("of"), kind.currency_column):
        mask = other.access.mask(name) if name and other.definition.has(name) else None
        if mask is not None:
            conditions.append(mask)
    return Pointing(other, conditions)


def _asked(reading: Reading, found: Pointing, value: ColumnElement[Any]) -> ColumnElement[Any]:
    asked = select(value).select_from(found.reading.table).where(*found.conditions)
    return asked.correlate(reading.table).scalar_subquery()


def _value(kind: RollupColumn, number: ColumnElement[Any], of: Column) -> ColumnElement[Any]:
    if kind.function in ("min", "max"):
        return getattr(func, kind.function)(number, type_=number.type)
    assert isinstance(of.type, NumberColumn) and isinstance(kind.result, NumberColumn)
    if kind.function == "sum":
        return aggregates.total(number, of.type.decimals)
    return aggregates.average(number, of.type.decimals, kind.result.decimals)


def _currency(other: Reading, kind: RollupColumn) -> ColumnElement[Any] | None:
    """The currency of an amount; where an item names none, it is the house's."""
    if kind.result.name != "currency":
        return None
    house = literal(database_of(other.session).house.currency)
    name = kind.currency_column
    return func.coalesce(other.definition.sql(name), house) if name and other.definition.has(name) else house


def latest(reading: Reading, column: Column, ids: Sequence[int]) -> dict[int, tuple[list[int], int]]:
    """For each of these items the ids of the latest few that point at it, and how many do. One statement."""
    kind = column.type
    assert isinstance(kind, ReverseLookupColumn)
    found = pointing(reading, kind)
    table = found.reading.table
    order = (table.c.modified.desc(), table.c.id.desc())
    placed = (
        select(
            reading.id.label("here"), found.reading.id.label("there"),
            func.row_number().over(partition_by=reading.id, order_by=order).label("place"),
            func.count().over(partition_by=reading.id).label("number"),
        )
        .select_from(reading.table.join(table, found.conditions[0]))
        .where(reading.id.in_(ids), *found.conditions[1:]).subquery()
    )  # fmt: skip
    rows = reading.session.execute(select(placed).where(placed.c.place <= kind.FIRST).order_by(placed.c.place))
    answer: dict[int, tuple[list[int], int]] = {}
    for row in rows:
        answer.setdefault(row.here, ([], row.number))[0].append(row.there)
    return answer


def as_references(value: tuple[list[int], int], titles: dict[int, str], target: str) -> References:
    """What `latest` found of one item, with titles."""
    ids, count = value
    return References([Reference(one, titles[one], target) for one in ids if one in titles], count)
