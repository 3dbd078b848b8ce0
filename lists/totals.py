"""Counts, groups and totals of what a filter finds, each for one reader, in one bounded statement.

Money of different currencies is never added: an amount comes with its currency. A masked value counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal, null, select
from sqlalchemy.orm import Session

from . import filters, plans, query
from .catalogue import definition
from .columns import ColumnType, Reference
from .filters import Filter
from .reading import Reading
from .rights import Actor

FUNCTIONS = ("sum", "avg", "min", "max", "count", "filled")
MOST_ROWS = 100_000  # that are added up; beyond that a page says so, and shows no sum of a part
MOST_GROUPS = 500
Key = tuple[Any, ...]


def functions_of(kind: ColumnType) -> tuple[str, ...]:
    """What can be reckoned over a column of this type."""
    if kind.name in ("number", "currency"):
        return FUNCTIONS
    if kind.name == "percent":
        return ("avg", "min", "max", "count", "filled")
    return ("min", "max", "count", "filled") if kind.name in ("date", "datetime") else ("count", "filled")


@dataclass
class Part:
    """A group, or the whole: how many rows, and per column its totals as (currency or None, value)."""

    key: Key
    count: int = 0
    totals: dict[str, list[tuple[str | None, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """`parts` by key: `()` is the whole, `(a,)` a group, `(a, b)` a group within. None are there when it is `capped`:
    more rows or groups than are added up."""

    parts: Mapping[Key, Part]
    capped: bool

    @property
    def whole(self) -> Part | None:
        return self.parts.get(())

    def groups(self, level: int = 1) -> list[Part]:
        return [part for key, part in self.parts.items() if len(key) == level]


def summarise(
    session: Session,
    actor: Actor,
    list_name: str,
    *,
    where: Filter | None = None,
    search: str | None = None,
    by: Sequence[str] = (),
    totals: Mapping[str, str] | None = None,
) -> Summary:
    """Count and add up what the filter finds, in all and per value of the columns `by`; lookups come as References."""
    found, wanted = definition(session, list_name), dict(totals or {})
    reading = Reading(session, found, actor)
    sources = {name: reading.source(name) for name in (*by, *wanted)}
    columns: list[ColumnElement[Any]] = [sources[name].shown.label(f"g{place}") for place, name in enumerate(by)]
    for place, (name, function) in enumerate(wanted.items()):
        columns.append(_value(reading, name, function).label(f"v{place}"))
        columns.append(_currency(reading, name, sources[name].type).label(f"c{place}"))
    conditions = plans.conditions(reading, where, search)
    inner = select(literal(1).label("one"), *columns).where(*conditions).limit(MOST_ROWS + 1).subquery()
    keys = [inner.c[f"g{place}"] for place in range(len(by))]
    codes = [inner.c[f"c{place}"] for place in range(len(wanted))]
    sums = [one for place, function in enumerate(wanted.values()) for one in _sums(inner.c[f"v{place}"], function)]
    statement = select(*keys, *codes, func.count(), *sums).select_from(inner).group_by(*keys, *codes)
    rows = [tuple(row) for row in session.execute(statement.limit(MOST_GROUPS * 4 + 1))]
    count = sum(row[len(by) + len(codes)] for row in rows)
    if count > MOST_ROWS or len(rows) > MOST_GROUPS * 4:
        return Summary({}, True)
    rows = _resolved(session, actor, [sources[name].type for name in by], rows)
    parts = _Adding(len(by), wanted).parts(rows)
    return Summary({} if len(parts) > MOST_GROUPS + 1 else parts, len(parts) > MOST_GROUPS + 1)


def _value(reading: Reading, name: str, function: str) -> ColumnElement[Any]:
    if function in ("sum", "avg", "min", "max"):
        return reading.source(name).shown
    return case((~filters.blank(reading, reading.source(name)), 1)) if function == "filled" else literal(1)


def _currency(reading: Reading, amount: str, kind: ColumnType) -> ColumnElement[Any]:
    of_others = reading.currency_of(amount)  # what is rolled up, or comes along with a lookup
    if of_others is not None:
        return of_others
    name = kind.options.get("currency_column", "currency") if kind.name == "currency" else None
    return reading.source(name).shown if name and reading.definition.has(name) else cast(null(), Text)


def _sums(value: ColumnElement[Any], function: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """What is asked of the database for a function: its own value, and how many rows have one."""
    aggregate = {"min": func.min, "max": func.max, "sum": func.sum, "avg": func.sum}.get(function, func.count)
    return aggregate(value), func.count(value)


def _resolved(
    session: Session, actor: Actor, kinds: Sequence[ColumnType], rows: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Ids of lookups as References; what the reader may not see, or is gone, belongs with what is absent."""
    wanted = {kind.target: {row[place] for row in rows} - {None} for place, kind in enumerate(kinds) if kind.target}
    known = query.titles_by_list(session, actor, {target: ids for target, ids in wanted.items() if ids})

    def key(kind: ColumnType, value: Any) -> Any:
        if not kind.target or value is None:
            return value
        title = known.get(kind.target, {}).get(value)
        return None if title is None else Reference(value, title, kind.target)

    size = len(kinds)
    return [(*(key(kind, value) for kind, value in zip(kinds, row, strict=False)), *row[size:]) for row in rows]


class _Adding:
    """Adds the database's partial sums up to groups, groups within, and the whole."""

    def __init__(self, levels: int, wanted: Mapping[str, str]) -> None:
        self.levels, self.wanted = levels, wanted
        self.counts: dict[Key, int] = {(): 0}
        self.found: dict[tuple[Key, str], dict[str | None, tuple[Any, int]]] = {}

    def parts(self, rows: Sequence[tuple[Any, ...]]) -> dict[Key, Part]:
        size = len(self.wanted)
        for row in rows:
            codes, count = row[self.levels : self.levels + size], row[self.levels + size]
            sums = row[self.levels + size + 1 :]
            for level in range(self.levels + 1):
                key = row[:level]
                self.counts[key] = self.counts.get(key, 0) + count
                for place, (name, function) in enumerate(self.wanted.items()):
                    self._add((key, name), function, codes[place], sums[2 * place], sums[2 * place + 1])
        return {key: Part(key, count, self._totals(key)) for key, count in self.counts.items()}

    def _add(self, place: tuple[Key, str], function: str, code: str | None, value: Any, filled: int) -> None:
        if value is None:
            return
        before = self.found.setdefault(place, {}).get(code)
        if before is not None:
            joined = {"min": min, "max": max}.get(function, lambda left, right: left + right)
            value, filled = joined(before[0], value), before[1] + filled
        self.found[place][code] = (value, filled)

    def _totals(self, key: Key) -> dict[str, list[tuple[str | None, Any]]]:
        made: dict[str, list[tuple[str | None, Any]]] = {}
        for name, function in self.wanted.items():
            by_code = self.found.get((key, name), {})
            made[name] = [
                (code, value / filled if function == "avg" and filled else value)
                for code, (value, filled) in sorted(by_code.items(), key=lambda pair: pair[0] or "")
                if filled or function in ("count", "filled")
            ]
        return made
