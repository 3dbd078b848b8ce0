"""Filters: a small tree that pages, views and the API's `$filter` all build, and its translation to SQL.

A masked value counts as absent: a filter never tells what its reader may not see (SPEC 8).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Text, and_, cast, exists, false, func, literal, not_, or_, true

from . import gathering
from .columns import ColumnType
from .columns.base import refuse
from .columns.numbers import NumberColumn
from .columns.references import ReverseLookupColumn
from .errors import Invalid
from .sqltypes import fold, json_has

if TYPE_CHECKING:
    from .reading import Reading, Source

MOST_NODES, DEEPEST = 200, 30
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Compare:
    """`path` (`("value",)` or `("company", "name")`) `op` `value`; ops as in columns.base. `empty` takes a bool."""

    path: tuple[str, ...]
    op: str
    value: Any


@dataclass(frozen=True)
class And:
    parts: Sequence[Filter]


@dataclass(frozen=True)
class Or:
    parts: Sequence[Filter]


@dataclass(frozen=True)
class Not:
    part: Filter


Filter = Compare | And | Or | Not


def field(name: str, op: str, value: Any) -> Compare:
    """A comparison; `name` may have one hop: `company/name`."""
    return Compare(tuple(name.split("/")), op, value)


def where(**equal: Any) -> And:
    """All of these columns equal these values (None = empty)."""
    return And(
        [
            Compare((name,), "empty" if value is None else "eq", True if value is None else value)
            for name, value in equal.items()
        ]
    )


def condition(reading: Reading, node: Filter) -> ColumnElement[bool]:
    """The SQL of a filter for this reader. Raises Invalid for an unknown column, a wrong operand or too much of it."""
    nodes = _count(node, 0)
    if nodes > MOST_NODES:
        raise Invalid("$filter", "A filter has at most %(max)s comparisons.", max=MOST_NODES)
    return _translate(reading, node)


def _count(node: Filter, depth: int) -> int:
    if depth > DEEPEST:
        raise Invalid("$filter", "A filter is at most %(max)s levels deep.", max=DEEPEST)
    if isinstance(node, (And, Or)):
        return sum(_count(part, depth + 1) for part in node.parts)
    return _count(node.part, depth + 1) if isinstance(node, Not) else 1


def _translate(reading: Reading, node: Filter) -> ColumnElement[bool]:
    match node:
        case And(parts):
            return and_(true(), *(_translate(reading, part) for part in parts))
        case Or(parts):
            return or_(false(), *(_translate(reading, part) for part in parts))
        case Not(part):
            # An absent value equals nothing: that it does not is true, not unknown (OData 4.01, 5.1.1.1).
            return not_(func.coalesce(_translate(reading, part), false()))
        case Compare(path, op, value):
            return _compare(reading, path, op, value)


def _compare(reading: Reading, path: tuple[str, ...], op: str, value: Any) -> ColumnElement[bool]:
    if len(path) == 2:
        return _through_lookup(reading, path, op, value)
    if len(path) != 1:
        raise Invalid("$filter", "A filter follows at most one lookup.")
    source = reading.source(path[0])
    if op == "empty":
        absent = blank(reading, source)
        return absent if value else not_(absent)
    if value is None:
        return _compare(reading, path, "empty", op == "eq")
    value = [_storable(one) for one in value] if isinstance(value, (list, tuple)) else _storable(value)
    if op not in source.type.operators:
        raise Invalid("$filter", "%(column)s cannot be filtered with “%(op)s”.", column=path[0], op=op)
    try:
        plain = _predicate(reading, source.type, source.raw, path[0], op, value)
    except Invalid as refusal:
        raise Invalid("$filter", "%(column)s: %(reason)s", column=path[0], reason=refusal.words) from None
    if source.visible is None:
        return plain
    return or_(not_(source.visible), plain) if op == "ne" else and_(source.visible, plain)


def _storable(value: Any) -> Any:
    """A text without what no database keeps: NUL and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else value


def blank(reading: Reading, source: Source) -> ColumnElement[bool]:
    """Whether a column has no value that this reader sees."""
    absent = source.raw.is_(None)
    if source.type.is_multi and source.type.target and not isinstance(source.type, ReverseLookupColumn):
        target = reading.target(source.type.target)
        if target.access_is_limited:
            seen = (
                exists()
                .where(json_has(source.raw, target.id), *target.conditions())
                .correlate(reading.definition.table)
            )
            absent = or_(absent, not_(seen))
    return absent if source.visible is None else or_(not_(source.visible), absent)


def _predicate(
    reading: Reading, kind: ColumnType, raw: ColumnElement[Any], name: str, op: str, value: Any
) -> ColumnElement[bool]:
    if op in ("contains", "startswith", "endswith"):
        return _text_predicate(reading, kind, raw, name, op, value)
    if kind.is_multi:
        return _multi_predicate(reading, kind, raw, op, value)
    same = _of_index(reading, kind, raw)
    if op == "in":
        return same.in_([operand for one in value if not _between(kind, operand := kind.parse_operand(one))])
    operand = _operand(kind, value)
    if _between(kind, operand):
        return _between_predicate(kind, raw, op, operand)
    if op == "eq":
        return same == operand
    if op == "ne":
        return raw.is_distinct_from(operand)
    language = reading.actor.language
    left, right = kind.sort_expression(raw, language), kind.sort_expression(literal(operand, raw.type), language)
    return {"gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}[op]


def _of_index(reading: Reading, kind: ColumnType, raw: ColumnElement[Any]) -> ColumnElement[Any]:
    """A text as its index has it: in every order of letters equal is what is the very same."""
    is_in_letters = kind.is_text and kind.wants_index and kind.ordering(raw) is raw
    return kind.sort_expression(raw, reading.actor.language) if is_in_letters else raw


def _between(kind: ColumnType, operand: Any) -> bool:
    """Whether a number has more decimal places than the column, so that no stored value can equal it."""
    return isinstance(kind, NumberColumn) and isinstance(operand, Decimal) and operand != round(operand, kind.decimals)


def _between_predicate(kind: ColumnType, raw: ColumnElement[Any], op: str, operand: Decimal) -> ColumnElement[bool]:
    if op in ("eq", "ne"):
        return false() if op == "eq" else true()
    step = Decimal(1).scaleb(-getattr(kind, "decimals", 0))
    below = literal(operand.quantize(step, ROUND_FLOOR), raw.type)
    return raw > below if op in ("gt", "ge") else raw <= below


def _operand(kind: ColumnType, value: Any) -> Any:
    operand = kind.parse_operand(value)
    if operand is None:
        raise refuse("“%(value)s” cannot be compared with this.", value=str(value)[:40])
    return operand


def _multi_predicate(
    reading: Reading, kind: ColumnType, raw: ColumnElement[Any], op: str, value: Any
) -> ColumnElement[bool]:
    operands = [_operand(kind, one) for one in value] if op == "in" else [_operand(kind, value)]
    found = or_(false(), *(_holds(reading, kind, raw, operand) for operand in operands))
    return not_(found) if op == "ne" else found


def _holds(reading: Reading, kind: ColumnType, raw: ColumnElement[Any], operand: Any) -> ColumnElement[bool]:
    """The multi-value has this one; a lookup's only where the reader may see its target."""
    if isinstance(kind, ReverseLookupColumn):
        pointing = gathering.pointing(reading, kind)
        found = exists().where(pointing.reading.id == operand, *pointing.conditions)
        return found.correlate(reading.definition.table)
    has = json_has(raw, literal(operand))
    if not kind.target:
        return has
    target = reading.target(kind.target)
    seen = target.conditions() if target.access_is_limited else []
    return and_(has, exists().where(target.id == operand, *seen).correlate(reading.definition.table)) if seen else has


def _text_predicate(
    reading: Reading, kind: ColumnType, raw: ColumnElement[Any], name: str, op: str, value: Any
) -> ColumnElement[bool]:
    if not isinstance(value, str):
        raise refuse("“%(value)s” cannot be compared with this.", value=str(value)[:40])
    if kind.target:
        return _through_lookup(reading, (name, "name"), op, value)
    pattern = fold(value).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = {"contains": f"%{pattern}%", "startswith": f"{pattern}%", "endswith": f"%{pattern}"}[op]
    return kind.search_expression(cast(raw, Text) if kind.is_multi else raw).like(pattern, escape="\\")


def _through_lookup(reading: Reading, path: tuple[str, ...], op: str, value: Any) -> ColumnElement[bool]:
    source = reading.source(path[0])
    if not source.type.target:
        raise Invalid("$filter", "%(column)s is not a lookup.", column=path[0])
    target = reading.target(source.type.target)
    joined = reading.points_at(source, target)
    inner = _compare(target, path[1:], op, value)
    found = exists().where(joined, inner, *target.conditions()).correlate(reading.definition.table)
    return found if source.visible is None else and_(source.visible, found)
