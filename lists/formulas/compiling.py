"""A formula as an SQL expression, for one reader of a list: filters, sorts and pages then work on it in the database.

On SQLite the functions are those of `primitives`, on PostgreSQL those of `postgresql`; numbers are whole millionths
on the one and NUMERIC on the other, which `ExactDecimal(6)` hides.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from .. import models
from ..database import database_of
from ..sqltypes import ExactDecimal, UtcDateTime
from .primitives import PREFIX, PRIMITIVES
from .tree import PLACES, Apply, Constant, Field, Kind, Moment, Moments, Node, Through, own_columns

if TYPE_CHECKING:
    from ..reading import Reading

NUMBER = ExactDecimal(PLACES)
_TYPES: dict[Kind, Any] = {
    Kind.NUMBER: NUMBER, Kind.TEXT: Text(), Kind.BOOLEAN: Boolean(), Kind.DATE: Date(), Kind.INSTANT: UtcDateTime(),
    Kind.ITEM: Integer(),
}  # fmt: skip
_GIVES: dict[str, Any] = {"n": NUMBER, "t": Text(), "b": Boolean(), "d": Date()}


class in_millionths(FunctionElement[Any]):
    """in_millionths(number, places): a stored number with so many places as formulas compute with it."""

    type = NUMBER
    inherit_cache = True
    name = "in_millionths"


class with_places(FunctionElement[Any]):
    """with_places(number, places): a formula's number, which has no more, as a column of so many places stores it."""

    inherit_cache = True
    name = "with_places"


@compiles(in_millionths, "sqlite")
def _in_millionths_sqlite(element: in_millionths, compiler: Any, **kw: Any) -> str:
    number, places = element.clauses
    return f"({compiler.process(number, **kw)} * {10 ** (PLACES - _places(places))})"


@compiles(in_millionths, "postgresql")
def _in_millionths_postgresql(element: in_millionths, compiler: Any, **kw: Any) -> str:
    number, _ = element.clauses
    return compiler.process(cast(number, Numeric), **kw)


@compiles(with_places, "sqlite")
def _with_places_sqlite(element: with_places, compiler: Any, **kw: Any) -> str:
    number, places = element.clauses
    return f"({compiler.process(number, **kw)} / {10 ** (PLACES - _places(places))})"


@compiles(with_places, "postgresql")
def _with_places_postgresql(element: with_places, compiler: Any, **kw: Any) -> str:
    number, places = element.clauses
    return f"round({compiler.process(number, **kw)}, {_places(places)})"


def _places(element: Any) -> int:
    """The places, which are part of the statement's text: as columns of a table's definition are."""
    return int(element.name)


def condition(reading: Reading, node: Node, moments: Moments) -> ColumnElement[bool]:
    """A formula that is yes or no; never NULL."""
    return _Compiler(moments).condition(reading, node)


def expression(
    reading: Reading, node: Node, moments: Moments, places: int = 0, item_id: int | None = None
) -> ColumnElement[Any]:
    """The formula's value as a column of its type would store it, numbers with so many `places`.

    `item_id`: where the node is a lookup, this item is what it points to, and not the row's.
    """
    compiler = _Compiler(moments)
    if isinstance(node, Through) and item_id is not None:
        made: ColumnElement[Any] = compiler.through(reading, node, literal(item_id, Integer()))
    else:
        made = compiler.node(reading, node)
    if node.type.kind is Kind.NUMBER:
        return type_coerce(with_places(made, _number_of_places(places)), ExactDecimal(places))
    if node.type.kind is Kind.BOOLEAN:
        # One shape whatever the formula: it can be compared, grouped and sorted by.
        return case((made, true()), (not_(made), false()))
    return type_coerce(made, _TYPES[node.type.kind])


def visible(reading: Reading, node: Node, name: str) -> ColumnElement[bool] | None:
    """On which rows the value shows: where its own column and every column that it is made of do; None = on all."""
    masks = list(_masks(reading, [name, *own_columns(node)]))
    return and_(*masks) if masks else None


def _masks(reading: Reading, names: Iterable[str]) -> Iterable[ColumnElement[bool]]:
    """The different masks of these columns."""
    masks = (reading.access.mask(name) for name in names)
    return {id(mask): mask for mask in masks if mask is not None}.values()


def behind(reading: Reading, node: Through, item_id: int, moments: Moments) -> Select[Any]:
    """The value behind a lookup to this item, for this reader, numbers with all their places."""
    return select(expression(reading, node, moments, PLACES, item_id))


def _when_executed(what: str, zone: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """A moment that is right whenever the statement runs: what is built once is asked again tomorrow."""
    name = f"{what}_{re.sub('[^a-z]', '_', zone.lower())}"
    return bindparam(name, type_=kind, callable_=lambda: _moment(what, zone))


def _moment(what: str, zone: str) -> datetime.datetime | datetime.date:
    now = models.now()
    return now if what == "now" else now.astimezone(ZoneInfo(zone)).date()


class _Compiler:
    def __init__(self, moments: Moments) -> None:
        self.moments = moments

    def node(self, reading: Reading, node: Node) -> ColumnElement[Any]:
        match node:
            case Constant(value=value):
                return self.constant(node, value)
            case Field():
                return self.field(reading, node)
            case Moment(what="me"):
                return cast(literal(self.moments.me.get(node.type.target or "users"), Integer()), Integer())
            case Moment(what="zone"):
                return literal(self.moments.zone, Text())
            case Moment(what=what):
                return _when_executed(what, self.moments.zone, _TYPES[node.type.kind])
            case Through():
                return self.through(reading, node)
            case Apply():
                return self.apply(reading, node)
        raise TypeError(node)

    def constant(self, node: Constant, value: Any) -> ColumnElement[Any]:
        kind = _TYPES[node.type.kind]
        if isinstance(value, bool):
            return true() if value else false()
        return cast(null(), kind) if value is None else literal(value, kind)

    def field(self, reading: Reading, field: Field) -> ColumnElement[Any]:
        source = reading.source(field.name)
        # The masks of the list's own columns are asked once, for the whole; a lookup's target here.
        raw = source.raw if field.type.kind is not Kind.ITEM else source.shown
        if field.type.kind is Kind.NUMBER:
            return in_millionths(raw, _number_of_places(field.places or 0))
        return raw

    def through(self, reading: Reading, node: Through, item: ColumnElement[int] | None = None) -> ColumnElement[Any]:
        target = reading.target(node.target)
        inner = self.node(target, node.inner)
        shows = [] if node.target == "users" else _masks(target, own_columns(node.inner))
        item = reading.source(node.field.name).raw if item is None else item
        found = select(inner).where(target.id == item, *target.conditions(), *shows)
        return found.correlate(reading.table).scalar_subquery()

    def condition(self, reading: Reading, node: Node) -> ColumnElement[bool]:
        made = self.node(reading, node)
        never_blank = isinstance(node, Apply) and node.op in _TWO_VALUED
        return made if never_blank or isinstance(node, Constant) else func.coalesce(made, false())

    def apply(self, reading: Reading, node: Apply) -> ColumnElement[Any]:
        op, args = node.op, node.args
        if op in ("if", "and", "or", "not"):
            return self.logic(reading, node)
        made = [self.node(reading, arg) for arg in args]
        match op:
            case "isblank":
                return made[0].is_(None)
            case "coalesce":
                return made[0] if len(made) == 1 else func.coalesce(*made, type_=made[0].type)
            case "eq" | "ne":
                # Of a truth that is itself computed SQLAlchemy would leave out the parentheses.
                left, right = (Grouping(one) for one in made)
                return left.is_not_distinct_from(right) if op == "eq" else left.is_distinct_from(right)
            case "lt":
                return func.coalesce(made[0] < made[1], false())
            case "le":
                return func.coalesce(made[0] <= made[1], false())
            case "neg":
                return type_coerce(-made[0], NUMBER)
            case "abs":
                return func.abs(made[0], type_=NUMBER)
            case "least" | "greatest":
                return self.extreme(reading, op, made)
        primitive = PRIMITIVES[op]
        called = getattr(func, PREFIX + op)(*made, type_=_GIVES[primitive.gives])
        return func.coalesce(called, false()) if primitive.gives == "b" else called

    def logic(self, reading: Reading, node: Apply) -> ColumnElement[Any]:
        if node.op == "if":
            pairs = zip(node.args[:-1:2], node.args[1::2], strict=False)
            whens = [(self.condition(reading, condition), self.node(reading, value)) for condition, value in pairs]
            return type_coerce(case(*whens, else_=self.node(reading, node.args[-1])), _TYPES[node.type.kind])
        parts = [self.condition(reading, arg) for arg in node.args]
        if node.op == "not":
            return Grouping(not_(parts[0]))  # PostgreSQL reads NOT a IS NULL as NOT (a IS NULL)
        return and_(true(), *parts) if node.op == "and" else or_(false(), *parts)

    def extreme(self, reading: Reading, op: str, made: list[ColumnElement[Any]]) -> ColumnElement[Any]:
        name = f"{PREFIX}{op}" if database_of(reading.session).is_sqlite else op
        return getattr(func, name)(*made, type_=made[0].type)


_TWO_VALUED = {"and", "or", "not", "eq", "ne", "lt", "le", "isblank", "contains", "startswith", "before", "not_after"}


def _number_of_places(places: int) -> Any:
    return literal_column(str(places))
