"""A formula computed on the values of one row: for validation, defaults and the conditions of forms.

The semantics, which `compiling` shares: arithmetic with a blank is blank; a comparison is always true or false, two
blanks are equal, and a blank is neither smaller nor larger than anything; a blank condition does not hold.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from .primitives import PRIMITIVES, UNIT
from .tree import BOUND, Apply, Constant, Field, Kind, Moment, Moments, Node, Through


class Row(Protocol):
    """Where a formula's columns get their values."""

    def value(self, name: str) -> Any:
        """The stored value of a column of the list itself."""

    def through(self, node: Through) -> Any:
        """The value of the part behind a lookup, as it is stored; None where the reader may not see the item."""


def evaluate(node: Node, row: Row, moments: Moments) -> Any:
    """The formula's value: Decimal, str, bool, date, instant, an item's id, or None for blank. Never raises."""
    return stored(node, _value(node, row, moments))


def stored(node: Node, value: Any) -> Any:
    """A value that formulas compute with as one that columns hold."""
    if value is None or node.type.kind is not Kind.NUMBER:
        return value
    return Decimal(value).scaleb(-6)


def computed(node: Node, value: Any) -> Any:
    """A value that columns hold as one that formulas compute with."""
    if value is None or value == "":
        return None
    if node.type.kind is Kind.NUMBER:
        number = int((Decimal(value) * UNIT).to_integral_value())
        return number if abs(number) < BOUND * UNIT else None
    return value


def _value(node: Node, row: Row, moments: Moments) -> Any:
    match node:
        case Constant(value=value):
            return computed(node, value)
        case Field(name=name):
            return computed(node, row.value(name))
        case Through():
            return computed(node, row.through(node))
        case Moment(what=what):
            return moments.me.get(node.type.target or "users") if what == "me" else getattr(moments, what)
        case Apply(op=op, args=args):
            return _apply(op, args, row, moments)
    raise TypeError(node)


def _apply(op: str, args: tuple[Node, ...], row: Row, moments: Moments) -> Any:
    if op == "if":
        cases = zip(args[:-1:2], args[1::2], strict=False)
        chosen = next((value for condition, value in cases if _value(condition, row, moments)), args[-1])
        return _value(chosen, row, moments)
    if op == "and":
        return all(_value(arg, row, moments) for arg in args)
    if op == "or":
        return any(_value(arg, row, moments) for arg in args)
    values = [_value(arg, row, moments) for arg in args]
    if op == "not":
        return not values[0]
    if op == "isblank":
        return values[0] in (None, [])
    if op == "coalesce":
        return next((value for value in values if value is not None), None)
    if op in ("least", "greatest"):
        there = [value for value in values if value is not None]
        return (min if op == "least" else max)(there, default=None)
    if op in _COMPARISONS:
        return _COMPARISONS[op](*values)
    if op in ("neg", "abs"):
        return None if values[0] is None else -values[0] if op == "neg" else abs(values[0])
    result = PRIMITIVES[op](*values)
    return bool(result) if PRIMITIVES[op].gives == "b" else result


_COMPARISONS = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left is not None and right is not None and left < right,
    "le": lambda left, right: left is not None and right is not None and left <= right,
}
