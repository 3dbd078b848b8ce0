"""Paging by keyset: the sort keys of a page, the rows beyond a row, and the cursors that name one."""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import takewhile
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Row, and_, bindparam, false, or_, true

from .errors import Invalid
from .reading import Reading

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


Bound = BindParameter[Any] | None  # a key value of the row behind which a page begins; None = it is empty


class Key(NamedTuple):
    """What a page is sorted by: an expression, its direction, whether it is never empty, whether it has an index."""

    expression: ColumnElement[Any]
    down: bool
    filled: bool
    indexed: bool = False


class Part(NamedTuple):
    """The rows of a page come from its parts in turn, until there are enough."""

    conditions: list[ColumnElement[bool]]
    order_by: list[Any]


def keys(reading: Reading, order: Sequence[tuple[str, bool]]) -> list[Key]:
    if len(order) > 8:
        raise Invalid("$orderby", "There can be at most %(max)s sort columns.", max=8)
    # Nothing sorts behind the id: no two items share one.
    wanted = list(takewhile(lambda part: part[0] != "id", order))
    keys = [
        Key(reading.sort_key(name), descending, _is_filled(reading, name), _is_indexed(reading, name))
        for name, descending in wanted
    ]
    by_id = order[len(wanted)][1] if len(wanted) < len(order) else bool(keys) and keys[-1].down
    return [*keys, Key(reading.id, by_id, True)]


def _is_filled(reading: Reading, name: str) -> bool:
    """Whether the column has a value on every row and the reader sees them all."""
    found = reading.definition
    named = name == "name" and found.column(name).required and name not in found.settings.get("gap_flagged", ())
    return (named or name in ("created", "modified")) and reading.source(name).visible is None


def _is_indexed(reading: Reading, name: str) -> bool:
    column = reading.definition.by_name.get(name)
    own = column is not None and column.type.wants_index and not column.type.target
    return own and reading.source(name).visible is None


def bound(values: Sequence[Any]) -> dict[str, Any]:
    """What the parts behind a row with these key values are executed with."""
    return {_name(place): value for place, value in enumerate(values) if value is not None}


def parts(keys: Sequence[Key], empty_keys: Sequence[bool] | None, back: bool, *, by_index: bool) -> list[Part]:
    """What a page is read from: behind a row (which of its keys are empty; the others are `bound` when it is executed),
    or from the beginning.

    Rows whose first key is empty come last, whichever way it goes; no index has them so. `by_index`: those with a value
    are read along the index, and the others by themselves, when these are at their end.
    """
    first = keys[0]
    row = None if empty_keys is None else _bounds(keys, empty_keys)
    if not by_index or first.filled or not first.indexed:
        return [Part([beyond(keys, row, back)] if row else [], order_by(keys, back))]
    with_value, rest = [first._replace(filled=True), *keys[1:]], keys[1:]
    is_empty = row is not None and row[0] is None
    behind = [beyond(with_value, row, back)] if row and not is_empty else []
    behind_empty = [beyond(rest, row[1:], back)] if row and is_empty else []
    filled = Part([first.expression.is_not(None), *behind], order_by(with_value, back))
    empty = Part([first.expression.is_(None), *behind_empty], order_by(rest, back))
    if row is None:
        return [empty, filled] if back else [filled, empty]
    if is_empty:
        return [empty, filled] if back else [empty]
    return [filled] if back else [filled, empty]


def order_by(keys: Sequence[Key], back: bool) -> list[Any]:
    """Empty values come last; walking back turns everything round."""
    orders = []
    for key, down, filled, _ in keys:
        order = key.desc() if down != back else key.asc()
        orders.append(order if filled else order.nulls_first() if back else order.nulls_last())
    return orders


def beyond(keys: Sequence[Key], row: Sequence[Bound], back: bool) -> ColumnElement[bool]:
    """The rows after (or, walking back, before) the row with these key values."""
    alternatives = []
    for position, key in enumerate(keys):
        same = [
            other.is_(None) if value is None else other == value
            for (other, *_), value in zip(keys[:position], row, strict=False)
        ]
        further = _further(key, row[position], back)
        if further is not None:
            alternatives.append(and_(*same, further))
    return and_(_from_first(keys[0], row[0], back), or_(false(), *alternatives))


def _bounds(keys: Sequence[Key], empty_keys: Sequence[bool]) -> list[Bound]:
    return [
        None if empty else bindparam(_name(place), type_=key.expression.type)
        for place, (key, empty) in enumerate(zip(keys, empty_keys, strict=True))
    ]


def _name(place: int) -> str:
    return f"behind_{place}"


def _from_first(key: Key, value: Bound, back: bool) -> ColumnElement[bool]:
    """The alternatives as one range of the first key, which its index can enter in the middle."""
    if not key.filled or value is None:
        return true()
    return key.expression <= value if key.down != back else key.expression >= value


def _further(key: Key, value: Bound, back: bool) -> ColumnElement[bool] | None:
    expression, down, filled, _ = key
    if value is None:
        return expression.is_not(None) if back else None
    beyond = expression < value if down != back else expression > value
    return beyond if back or filled else or_(beyond, expression.is_(None))


def cursor(row: Row[Any], keys: Sequence[Key], back: bool) -> str:
    values = [_pack(getattr(row, f"k{n}")) for n in range(len(keys))]
    return base64.urlsafe_b64encode(json.dumps([back, *values]).encode()).decode().rstrip("=")


def read_cursor(text: str, keys: Sequence[Key]) -> tuple[list[Any], bool]:
    try:
        back, *values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        unpacked = [_unpack(value) for value in values]
        for (key, *_), value in zip(keys, unpacked, strict=True):
            if value is not None and not _fits(key, value):
                raise ValueError(value)
        return unpacked, back is True
    except (ValueError, TypeError, KeyError, InvalidOperation, RecursionError, OverflowError):
        raise Invalid("$skiptoken", "This page address does not fit the list any more; begin again.") from None


def _fits(key: ColumnElement[Any], value: Any) -> bool:
    """Whether a cursor's value is of the key's type: PostgreSQL compares nothing else with it."""
    try:
        kind = key.type.python_type
    except NotImplementedError:
        kind = str
    return type(value) in (int, Decimal) if kind is Decimal else type(value) is kind


def _pack(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return {"t": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"d": value.isoformat()}
    return {"n": str(value)} if isinstance(value, Decimal) else value


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        if (value is not None and not isinstance(value, (str, int, bool))) or (
            isinstance(value, int) and abs(value) >= 2**31
        ):
            raise ValueError(value)
        if isinstance(value, str) and _UNSTORABLE.search(value):
            raise ValueError(value)
        return value
    ((kind, text),) = value.items()
    if kind == "t":
        instant = datetime.datetime.fromisoformat(text)
        if instant.tzinfo is None or not 1 < instant.year < 9999:
            raise ValueError(text)
        return instant
    if kind == "d":
        return datetime.date.fromisoformat(text)
    number = Decimal(text)
    if not number.is_finite() or number.adjusted() > 18:
        raise ValueError(text)
    return number
