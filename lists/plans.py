"""What readers ask of a list, kept as built: SQLAlchemy takes longer to build a page's statement than a database to
answer it. Built anew when a definition or a scope has changed, or somebody's roles or groups.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal, select
from sqlalchemy.orm import Session

from . import colours, filters, generations, keyset, paths, walking
from .catalogue import SYSTEM_COLUMNS, ListDefinition, definition
from .database import database_of, writes_beside_others
from .errors import Invalid
from .filters import Filter
from .formulas.tree import Node
from .keyset import Key
from .reading import SYSTEM_TYPES, Reading, Stage
from .rights import Actor, Level

V = TypeVar("V")
MOST_KEPT, MOST_ASKED = 500, 20_000  # per process; a plan takes 20-200 kB
ID, MOST_ROWS = "asked_id", "most_rows"  # what a plan is executed with


@dataclass(frozen=True)
class Plan:
    """A question about a list, in SQL: `statement` finds all rows.

    It is executed with MOST_ROWS, that of one item with its ID.
    """

    definition: ListDefinition
    names: tuple[str, ...]
    statement: Select[Any]
    keys: Sequence[Key] = ()
    by_index: bool = False
    along: Callable[[Any], Any] = lambda clause: clause  # what is asked of the index that rows are found by
    parts: dict[Hashable, Sequence[Select[Any]]] = field(default_factory=dict)

    def page(self, behind: Sequence[Any] | None = None, back: bool = False) -> Sequence[Select[Any]]:
        """What a page is read from in turn: behind (or before) the row with these key values, or from the beginning.

        Executed with `keyset.bound(behind)` too.
        """
        empty = None if behind is None else tuple(value is None for value in behind)
        if (empty, back) not in self.parts:
            found = keyset.parts(self.keys, empty, back, by_index=self.by_index)
            self.parts[empty, back] = [
                self.statement.where(*map(self.along, one.conditions)).order_by(*map(self.along, one.order_by))
                for one in found
            ]
        return self.parts[empty, back]


def of_page(
    session: Session, actor: Actor, list_name: str, *, where: Filter | None, order: Sequence[tuple[str, bool]],
    columns: Sequence[str] | None, search: str | None, stage: Stage, marks: Sequence[Node], limit: int,
) -> Plan:  # fmt: skip
    """Rows of a list in their order. Raises NotFound, Invalid."""
    found = definition(session, list_name)
    index = paths.choose(session, found, actor, _asked(where, search), order, stage, limit + 1)
    by_index, is_long = paths.is_large(session, found), paths.is_long(session, found)

    def build() -> Plan:
        reading = Reading(session, found, actor, _right(stage), stage=stage, index=index)
        keys, names = keyset.keys(reading, order), _names(found, columns)
        statement = select(*_selection(reading, names), *(key.label(f"k{n}") for n, (key, *_) in enumerate(keys)))
        statement = statement.limit(bindparam(MOST_ROWS, type_=Integer()))
        if marks:
            statement = statement.add_columns(colours.mark(reading, marks).label("mark_"))
        if is_long and walking.helps(reading, keys):
            near = walking.beside(reading)
            statement = statement.where(reading.id == near.id, *near.conditions, *asked(reading, where, search))
            return Plan(found, names, statement, keys, by_index, near.along)
        return Plan(found, names, statement.where(*conditions(reading, where, search)), keys, by_index)

    wanted = None if columns is None else tuple(columns)
    asked_for = (found.id, index, by_index, is_long, tuple(order), wanted, search, stage, repr(where), repr(marks))
    return kept(session, actor, ("page", *asked_for), build)


def of_item(session: Session, actor: Actor, list_name: str, right: Level, stage: Stage) -> Plan:
    """One item, at `right` or better. Raises NotFound."""
    found = definition(session, list_name)

    def build() -> Plan:
        reading, names = Reading(session, found, actor, right, stage=stage), _names(found, None)
        one = reading.id == bindparam(ID, type_=Integer())
        return Plan(found, names, select(*_selection(reading, names)).where(one, *reading.conditions()))

    return kept(session, actor, ("item", found.id, right, stage), build)


def of_count(
    session: Session, actor: Actor, list_name: str, *, where: Filter | None, search: str | None, stage: Stage, cap: int
) -> Select[Any]:
    """How many rows there are, counted up to one more than `cap`. Raises NotFound, Invalid."""
    found = definition(session, list_name)
    index = paths.choose(session, found, actor, _asked(where, search), (), stage, cap + 1)

    def build() -> Select[Any]:
        reading = Reading(session, found, actor, _right(stage), stage=stage, index=index)
        one = select(literal(1)).select_from(reading.table).where(*conditions(reading, where, search))
        return select(func.count()).select_from(one.limit(cap + 1).subquery())

    return kept(session, actor, ("count", found.id, index, search, stage, cap, repr(where)), build)


def conditions(reading: Reading, where: Filter | None, search: str | None) -> list[ColumnElement[bool]]:
    """Which rows a reader's filter and search find."""
    return [*reading.conditions(), *asked(reading, where, search)]


def asked(reading: Reading, where: Filter | None, search: str | None) -> list[ColumnElement[bool]]:
    """What filter and search ask of rows that the reader sees."""
    found = []
    if where is not None:
        found.append(filters.condition(reading, where))
    if search and search.strip():
        found.append(filters.condition(reading, _search_filter(reading.definition, search)))
    return found


def _asked(where: Filter | None, search: str | None) -> Filter | None:
    """All that is asked: of words that are searched nothing is known beforehand."""
    return filters.And([*([where] if where is not None else []), filters.Or([])]) if search else where


def kept(session: Session, actor: Actor, question: Hashable, build: Callable[[], V]) -> V:
    """What `build` makes of the question for this reader, kept from its second time on: most come once."""
    # Who writes beside others asks about scopes in another way (`granted.scopes`).
    key = (actor, writes_beside_others(session), question)
    asked_once: set[int] = database_of(session).caches.setdefault("questions asked once", set())
    if hash(key) not in asked_once:
        if len(asked_once) >= MOST_ASKED:
            asked_once.clear()
        asked_once.add(hash(key))
        return build()
    by = (generations.DEFINITIONS, generations.SCOPES)
    return generations.kept(session, "plans", by, key, build, MOST_KEPT)


def _right(stage: Stage) -> Level:
    return Level.EDIT if stage else Level.EXISTS


def _names(found: ListDefinition, columns: Sequence[str] | None) -> tuple[str, ...]:
    if columns is None:
        return (*SYSTEM_COLUMNS, *(column.name for column in found.columns))
    wanted = dict.fromkeys(("id", "guid", "version", "name", *_name_parts(found), *columns))
    for name in wanted:
        if name not in SYSTEM_TYPES and name not in found.by_name:
            raise Invalid("$select", "The list %(list)s has no column %(column)s.", list=found.name, column=name)
    return tuple(wanted)


def _name_parts(found: ListDefinition) -> tuple[str, ...]:
    """The columns that the shown name is made of beside `name`."""
    settings = found.settings
    return tuple(
        part
        for part in (settings.get("name_prefix"), settings.get("name_typed"), *settings.get("translated", {}).values())
        if part
    )


def _selection(reading: Reading, names: Sequence[str]) -> list[ColumnElement[Any]]:
    wanted = dict.fromkeys(("id", "guid", "version", *names))
    shown = [reading.masked(name).label(f"v_{name}" if name != "id" else "id") for name in wanted]
    codes = [code.label(f"u_{name}") for name in names for code in [reading.currency_of(name)] if code is not None]
    return [*shown, *codes, reading.access.level.label("level_")]


def _search_filter(found: ListDefinition, search: str) -> Filter:
    names = [
        column.name
        for column in found.columns
        if column.options.get("search", column.type.is_searched) or column.name == "name"
    ]
    words = search.split()[:8]
    return filters.And([filters.Or([filters.Compare((name,), "contains", word) for name in names]) for word in words])
