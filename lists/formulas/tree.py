"""The two trees of a formula: what was written (with places), and what it means (with types)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any

from ..errors import Invalid

PLACES = 6  # every number of a formula has at most so many decimal places
BOUND = 10**12  # and is smaller than this: what grows beyond it becomes blank
LONGEST_TEXT = 100_000  # characters of a text that a formula joins; a longer one becomes blank
LONGEST, MOST_NODES, DEEPEST_WRITTEN = 4000, 500, 100
# What a formula may take of SQLite's parser stack of 100 (YYSTACKDEPTH, fixed before 3.46); the rest is the question's.
HEAVIEST = 55


def misfit(at: int, message: str, **values: Any) -> Invalid:
    """A refusal that names the place; `at` counts from 0, people count from 1. The message has %(place)s."""
    return Invalid("", message, place=at + 1, **values)


# --- What was written -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A part of a formula as it was written; `at` is where it stands."""

    at: int

    @property
    def parts(self) -> tuple[Written, ...]:
        return ()


@dataclass(frozen=True)
class Given(Written):
    """A value: a number, a text (the empty one is blank) or a truth."""

    value: Decimal | str | bool


@dataclass(frozen=True)
class Word:
    """One name of a path: its text without brackets, and where it stands in the formula."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Path(Written):
    """A column, or one behind lookups: `company.name`."""

    words: tuple[Word, ...]


@dataclass(frozen=True)
class Call(Written):
    """A function or an operator with its arguments."""

    name: str
    args: tuple[Written, ...]

    @property
    def parts(self) -> tuple[Written, ...]:
        return self.args


# --- What it means --------------------------------------------------------------------------------


class Kind(Enum):
    """What a value is."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    ITEM = "item"
    OTHER = "other"  # of several parts: only whether it is blank can be asked
    BLANK = "blank"


@dataclass(frozen=True)
class Type:
    """A kind; of numbers the decimal places at most, of items the list (`users` for persons)."""

    kind: Kind
    places: int = 0
    target: str | None = None


TEXT, BOOLEAN, DATE, INSTANT = Type(Kind.TEXT), Type(Kind.BOOLEAN), Type(Kind.DATE), Type(Kind.INSTANT)
BLANK = Type(Kind.BLANK)


@dataclass(frozen=True)
class Node:
    """A part of a formula with its type."""

    type: Type

    @property
    def parts(self) -> tuple[Node, ...]:
        return ()


@dataclass(frozen=True)
class Constant(Node):
    """A value; None is blank."""

    value: Decimal | str | bool | None


@dataclass(frozen=True)
class Field(Node):
    """A column of the list that the formula stands in (or, inside of Through, of the list behind the lookup).

    `places`: how many decimal places its stored numbers have; None = it holds whole numbers of the system's own.
    `gathered`: of what is gathered from another list, what its own question takes of a parser's stack.
    """

    name: str
    places: int | None = None
    gathered: int = 0


@dataclass(frozen=True)
class Moment(Node):
    """What the reader brings along: `today`, `now`, `me` or `zone`."""

    what: str


@dataclass(frozen=True)
class Through(Node):
    """`inner`, computed on the item of the list `target` that the lookup `field` points to; blank if it is unseen."""

    field: Field
    target: str
    inner: Node


@dataclass(frozen=True)
class Apply(Node):
    """An operation on its arguments: one of `primitives`, or one of the structural ones that both back ends know.

    `uses`: calculated columns that it stands for; they are shown where all that they are made of is.
    """

    op: str
    args: tuple[Node, ...]
    uses: tuple[str, ...] = field(default=())

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.args


def apply(type_: Type, op: str, *args: Node) -> Apply:
    """Short for Apply."""
    return Apply(type_, op, args)


def measure(written: Written) -> tuple[int, int]:
    """(number of parts, depth), without recursion: what is measured may be far too deep for it."""
    waiting: list[tuple[Written, int]] = [(written, 1)]
    count = deepest = 0
    while waiting:
        part, depth = waiting.pop()
        count, deepest = count + 1, max(deepest, depth)
        waiting += [(one, depth + 1) for one in part.parts]
    return count, deepest


def weigh(node: Node) -> tuple[int, int]:
    """(number of parts, weight): what its SQL takes of a parser's stack where it is deepest."""
    if isinstance(node, Through):
        count, weight = weigh(node.inner)
        return count + 1, 5 + max(weight, _CONDITIONS)
    if not isinstance(node, Apply):
        if isinstance(node, Field) and node.gathered:
            return 1, node.gathered
        return 1, _CONDITIONS if node.type.kind is Kind.ITEM and isinstance(node, Field) else 4
    count, heaviest = 1, 0
    for place, part in enumerate(node.args):
        inside, weight = weigh(part)
        count, heaviest = count + inside, max(heaviest, weight + _weight_at(node.op, place, len(node.args)))
    return count, heaviest


_CONDITIONS = 14  # an inner question with its reader's rights
# What stands before an operation's first argument, and before a later one.
_WEIGHTS = {"and": (6, 6), "or": (6, 6), "not": (5, 5), "eq": (2, 4), "ne": (2, 4), "isblank": (2, 2), "lt": (4, 6),
            "le": (4, 6), "neg": (2, 2), "contains": (6, 8), "startswith": (6, 8), "before": (6, 8),
            "not_after": (6, 8)}  # fmt: skip


def _weight_at(op: str, place: int, of: int) -> int:
    if op == "if":
        return 4 if place == of - 1 else 6 if place % 2 else 7
    return _WEIGHTS.get(op, (3, 5))[min(place, 1)]


def own_columns(node: Node) -> Iterator[str]:
    """The columns of the list itself that a formula uses, also by way of calculated columns."""
    if isinstance(node, Field):
        yield node.name
    elif isinstance(node, Through):
        yield node.field.name
    if isinstance(node, Apply):
        yield from node.uses
    for part in node.parts:
        yield from own_columns(part)


def asks_if_blank(node: Node, name: str) -> bool:
    """Whether it asks of this column itself if it is blank."""
    if isinstance(node, Apply) and node.op == "isblank":
        return any(isinstance(part, Field) and part.name == name for part in node.args)
    return any(asks_if_blank(part, name) for part in node.parts)


def gathers(node: Node) -> bool:
    """Whether anything in it is gathered from what points at an item."""
    if isinstance(node, Through):
        return gathers(node.inner)
    return (isinstance(node, Field) and bool(node.gathered)) or any(gathers(part) for part in node.parts)


@dataclass(frozen=True)
class Moments:
    """What TODAY(), NOW() and ME() say to one reader. `now` is aware; `me`: the reader's id by target list."""

    now: datetime.datetime
    today: datetime.date
    zone: str
    me: dict[str, int | None]
