"""By which index SQLite reads a page of a large list.

Its planner knows neither that a page ends soon nor how rare a value is (measured on 1,000,000 rows: 125-1,900 ms where
0.3-2 ms are enough). So we ask how many rows a condition finds, up to where walking along the sort order is faster, and
let only one index be used. PostgreSQL's planner knows both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isqrt
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from . import filters, granted
from .catalogue import ListDefinition
from .database import database_of
from .filters import And, Compare, Filter
from .reading import SCOPE, Reading, Stage
from .rights import PROGRAM, Actor, Level
from .sqltypes import WHOLE, among, by_scope

SMALL = 5_000  # rows: however they are read, it takes a moment
LONG = 100_000  # rows: what a reader of a tenth of them sees is no longer quickly sorted
KEPT_SECONDS, MOST_KEPT = 60.0, 20_000
_OPERATORS = ("eq", "in", "gt", "ge", "lt", "le")
_KEYS = ("id", "guid")
_INDEXED_OF_SYSTEM = ("modified", "external_id")


def choose(
    session: Session, found: ListDefinition, actor: Actor, where: Filter | None, order: Sequence[tuple[str, bool]],
    stage: Stage, limit: int,
) -> str | None:  # fmt: skip
    """The column whose index alone may be used, SCOPE for that of the rights; None = whichever the planner takes."""
    if not database_of(session).is_sqlite or stage is not Stage.STANDING or not is_large(session, found):
        return None
    parts = list(_parts(where))
    if key := next((part.path[0] for part in parts if part.path[0] in _KEYS and part.op in ("eq", "in")), None):
        return key
    # Walking along the order meets limit × rows ÷ found rows: here as many as are found.
    enough = isqrt(limit * _rows(session, found))
    numbers = dict(_numbers(session, found, actor, parts, enough))
    few = {name: number for name, number in numbers.items() if number <= enough}
    if few:
        return min(few, key=lambda name: few[name])
    first = order[0][0] if order else None
    is_known = where is None or all(part.path[0] in numbers for part in parts)  # how many rows it finds
    return first if first and is_known and _has_index(found, first) else None


def is_large(session: Session, found: ListDefinition) -> bool:
    """Whether it matters by which index a page is read."""
    return _rows(session, found) >= SMALL


def is_long(session: Session, found: ListDefinition) -> bool:
    """Whether a page is read by walking along its order, however few of the rows the reader sees."""
    return _rows(session, found) >= LONG


def _rows(session: Session, found: ListDefinition) -> int:
    return _kept(session, ("rows", found.id), lambda: session.scalar(select(func.max(found.table.c.id))) or 0)


def _numbers(
    session: Session, found: ListDefinition, actor: Actor, parts: Sequence[Compare], enough: int
) -> Iterator[tuple[str, int]]:
    """How many rows each condition finds that has an index, counted up to `enough`."""
    for part in parts:
        name = part.path[0]
        if len(part.path) > 1 or part.op not in _OPERATORS or part.value is None or not _has_index(found, name):
            continue
        if part.op == "eq" and found.has(name) and found.column(name).options.get("unique"):
            yield name, 1
            continue
        of_part = partial(_of_part, session, found, part)
        yield name, _number(session, found, (name, part.op, repr(part.value)), enough, of_part)
    scopes = None if actor.is_administrator else granted.scopes(session, actor.subjects, Level.EXISTS)
    if isinstance(scopes, tuple) and not found.settings.get("readers"):
        in_scopes = partial(among, session, by_scope(found.table.c.scope_id), scopes, WHOLE)
        yield SCOPE, _number(session, found, (SCOPE, scopes), enough, in_scopes)


def _of_part(session: Session, found: ListDefinition, part: Compare) -> ColumnElement[bool]:
    return filters.condition(Reading(session, found, PROGRAM), part)


def _parts(where: Filter | None) -> Iterator[Compare]:
    """The comparisons that must all hold; for what is no mere comparison one of nothing."""
    match where:
        case Compare():
            yield where
        case And(parts):
            for part in parts:
                yield from _parts(part)
        case None:
            pass
        case _:
            yield Compare(("",), "", None)


def _has_index(found: ListDefinition, name: str) -> bool:
    column = found.by_name.get(name)
    return name in _INDEXED_OF_SYSTEM if column is None else column.type.wants_index and not column.type.is_multi


def _number(
    session: Session, found: ListDefinition, what: Any, enough: int, asked: Callable[[], ColumnElement[bool]]
) -> int:
    def count() -> int:
        rows = select(literal(1)).select_from(found.table).where(asked()).limit(enough + 1).subquery()
        return session.scalar(select(func.count()).select_from(rows)) or 0

    return _kept(session, (found.id, what, enough.bit_length()), count)


def _kept(session: Session, key: Any, count: Callable[[], int]) -> int:
    """A number that need not be exact, and so is counted once in a while."""
    kept: dict[Any, tuple[float, int]] = database_of(session).caches.setdefault("numbers of rows", {})
    known = kept.get(key)
    if known is None or known[0] < time.monotonic():
        if len(kept) >= MOST_KEPT:
            kept.clear()
        known = kept[key] = (time.monotonic() + KEPT_SECONDS, count())
    return known[1]
