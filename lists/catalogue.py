"""The catalogue: every list's definition with its columns and table, read once and kept until it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Boolean, Integer, MetaData, String, Table, select
from sqlalchemy import Column as SqlColumn
from sqlalchemy.orm import Session

from . import generations
from .columns import ColumnType, Reader, ShownColumn, column_type
from .columns.auto_number import AutoNumberColumn
from .database import database_of, one_at_a_time, writes_beside_others
from .errors import NotFound
from .models import ColumnRow, Counter, ListRow, ViewRow
from .sqltypes import UtcDateTime

GENERATION = generations.DEFINITIONS
SYSTEM_COLUMNS = ("id", "guid", "version", "created", "created_by", "modified", "modified_by", "external_id")


@dataclass(frozen=True)
class Column:
    """A list's column. `physical` is its name in the table."""

    id: int
    name: str
    type: ColumnType
    titles: Mapping[str, str]
    options: Mapping[str, Any]
    position: int

    @property
    def physical(self) -> str:
        return f"c{self.id}"

    @property
    def is_own(self) -> bool:
        """Whether it is the list's own; else it comes along with a lookup, because that says `show`."""
        return self.id > 0

    @property
    def required(self) -> bool:
        return bool(self.options.get("required"))

    @property
    def default(self) -> Any:
        """What it begins with in a new item, as a definition says it."""
        given = self.options.get("default")
        return self.type.first if given is None else given

    @property
    def by_program(self) -> bool:
        """Set by the program only: refused from pages and the API."""
        return bool(self.options.get("by_program")) or not self.type.is_given

    @property
    def hidden(self) -> bool:
        """An inner column that no page or API shows."""
        return bool(self.options.get("hidden"))

    @property
    def in_form(self) -> bool:
        return not self.hidden and self.options.get("in_form", True)

    def title(self, language: str) -> str:
        return self.titles.get(language) or self.titles.get("en") or self.name

    def description(self, language: str) -> str:
        texts = self.options.get("description") or {}
        return texts.get(language) or texts.get("en") or "" if isinstance(texts, dict) else str(texts)


@dataclass(frozen=True)
class View:
    """A saved view: `settings` has columns, filter (OData text), order, group, kind. `user_id` None = everybody's."""

    id: int
    name: str
    titles: Mapping[str, str]
    user_id: int | None
    settings: Mapping[str, Any]

    def title(self, language: str) -> str:
        return self.titles.get(language) or self.titles.get("en") or self.name


@dataclass(frozen=True)
class ListDefinition:
    """A list as the program knows it. See docs/definitions.md for what `settings` may say. `views` are everybody's."""

    id: int
    guid: str
    name: str
    titles: Mapping[str, str]
    separation: str
    settings: Mapping[str, Any]
    version: int
    columns: tuple[Column, ...]
    views: tuple[View, ...]

    @property
    def table(self) -> Table:
        """The list's table in SQL: made when first asked for, since few of many lists are; one for all threads."""
        known: Table | None = self.__dict__.get("_table")
        return self.__dict__.setdefault("_table", build_table(self.id, self.columns)) if known is None else known

    def aliased(self) -> ListDefinition:
        """The same list under another table name, for a lookup into itself."""
        other = replace(self)
        other.__dict__["_table"] = self.table.alias()
        return other

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def has(self, name: str) -> bool:
        return name in self.by_name

    def column(self, name: str) -> Column:
        """The column called `name`; raises NotFound."""
        if name not in self.by_name:
            raise NotFound("The list %(list)s has no column %(column)s.", list=self.name, column=name)
        return self.by_name[name]

    def title(self, language: str) -> str:
        return self.titles.get(language) or self.titles.get("en") or self.name

    def item_title(self, language: str) -> str:
        """What one of its items is called ("Company"), else the list's own title."""
        titles = self.settings.get("item_title") or {}
        return titles.get(language) or titles.get("en") or self.title(language)

    def description(self, language: str) -> str:
        """What the list is for."""
        texts = self.settings.get("description") or {}
        return texts.get(language) or texts.get("en") or "" if isinstance(texts, Mapping) else str(texts)

    @property
    def kind(self) -> str:
        """`list`, `code` (a code list) or `library`."""
        return self.settings.get("kind", "list")

    @property
    def is_archived(self) -> bool:
        """Nothing in it changes any more, until it is brought back."""
        return bool(self.settings.get("archived"))

    @cached_property
    def own_columns(self) -> tuple[Column, ...]:
        """The columns that the list has itself, without those that come along with its lookups."""
        return tuple(column for column in self.columns if column.is_own)

    def own_column(self, name: str) -> Column:
        """The list's own column. Raises NotFound, also for one that only comes along with a lookup."""
        column = self.column(name)
        if not column.is_own:
            raise NotFound("The list %(list)s has no column %(column)s.", list=self.name, column=name)
        return column

    @property
    def visible_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.hidden)

    @property
    def form_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.in_form)

    @cached_property
    def reverse_lookups(self) -> tuple[Column, ...]:
        """The columns that show what points here."""
        return tuple(column for column in self.columns if column.type.name == "reverse_lookup")

    @cached_property
    def attachment_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.type.name == "attachment")

    @cached_property
    def numbered_columns(self) -> tuple[tuple[Column, AutoNumberColumn], ...]:
        """The columns that number their items."""
        return tuple((column, column.type) for column in self.columns if isinstance(column.type, AutoNumberColumn))

    @cached_property
    def pointing(self) -> tuple[tuple[str, ColumnType], ...]:
        """The names and types of the columns that point to items or people."""
        return tuple((column.name, column.type) for column in self.columns if column.type.target)

    @cached_property
    def trees(self) -> tuple[Column, ...]:
        """The lookups by which the list's items lie in each other."""
        return tuple(one for one in self.columns if one.options.get("tree") and one.type.target == self.name)

    @property
    def keeps_used(self) -> bool:
        """Whether an item stays as long as another one points to it: entries of code lists, folders."""
        return bool(self.settings.get("keep_used") or self.trees)

    @cached_property
    def amounts(self) -> frozenset[str]:
        """The columns that hold amounts of money."""
        return frozenset(column.name for column in self.columns if column.type.name == "currency")

    @cached_property
    def required_columns(self) -> tuple[Column, ...]:
        """Those that an item may not lack; every item of a list with content types has one."""
        return tuple(one for one in self.columns if one.required or one.type.name == "content_type")

    @cached_property
    def unique_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.options.get("unique"))

    @cached_property
    def hidden_names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns if column.hidden)

    @cached_property
    def stored_names(self) -> dict[str, str]:
        """The names in the table of the columns that are stored, by name."""
        return {column.name: column.physical for column in self.columns if column.type.is_stored}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The given default values, as a definition says them, of the columns that have one."""
        named = {column.name: column.default for column in self.columns if column.type.is_stored}
        return {name: default for name, default in named.items() if default is not None}

    @cached_property
    def ruled_columns(self) -> tuple[Column, ...]:
        """The columns that have formulas about what is written into them."""
        options = ("validation", "default_formula", "show_when")
        return tuple(column for column in self.columns if any(column.options.get(name) for name in options))

    @cached_property
    def headline(self) -> frozenset[str]:
        """Columns that a reader at headline level sees."""
        return frozenset(self.settings.get("headline", ("name",))) | self.exists

    @cached_property
    def exists(self) -> frozenset[str]:
        """Columns that show merely that the item exists."""
        return frozenset(self.settings.get("exists", ()))

    @property
    def follows(self) -> str | None:
        """The lookup column whose target's rights the item takes, where it is filled."""
        return self.settings.get("follows")

    @property
    def is_grouped(self) -> bool:
        """Its items belong to an owner and a sales group."""
        return self.has("sales_group")

    def sql(self, name: str) -> Any:
        """The table's column for a list column or a system column."""
        if name in self.by_name:
            return self.table.c[self.by_name[name].physical]
        return self.table.c[name]


class Catalogue:
    """All lists of one generation of definitions."""

    def __init__(self, generation: int, lists: list[ListDefinition]) -> None:
        known = {definition.name: definition for definition in lists}
        lists = [_with_shown(definition, known) for definition in lists]
        self.generation = generation
        self.by_name = {definition.name: definition for definition in lists}
        self.by_id = {definition.id: definition for definition in lists}
        self.formulas: dict[tuple[int, str], Any] = {}  # what stored formulas mean, by column: see formulas.definitions
        self.pointing_at: dict[str, list[tuple[ListDefinition, Column]]] = {}
        for definition in lists:
            for column in definition.columns:
                if column.type.target and column.type.is_stored:
                    self.pointing_at.setdefault(column.type.target, []).append((definition, column))

    def get(self, name: str) -> ListDefinition:
        """The list called `name`; raises NotFound."""
        if name not in self.by_name:
            raise NotFound("There is no such list.")
        return self.by_name[name]


def catalogue(session: Session) -> Catalogue:
    """The catalogue as of this session's transaction: one small query, the rest from memory."""
    cached = session.info.get("catalogue")
    if cached is not None:
        return cached
    one_at_a_time(session, GENERATION, shared=True)  # not while a list gets another separation: `list_settings.change`
    # Who has waited for the lock reads what stands now.
    read = generations.read if writes_beside_others(session) else generations.known
    generation = read(session)[GENERATION]
    caches = database_of(session).caches
    known = caches.get("catalogue")
    if known is None or known.generation != generation:
        known = Catalogue(generation, _load(session))
        if generations.of(session, GENERATION) is not None:  # what may be rolled back is nobody else's
            caches["catalogue"] = known
    session.info["catalogue"] = known
    return known


def fresh(session: Session) -> Catalogue:
    """The lists as this transaction has made them so far, for nobody but the asker."""
    session.flush()
    return Catalogue(-1, _load(session))


def definition(session: Session, name: str) -> ListDefinition:
    """The definition of the list called `name`; raises NotFound."""
    return catalogue(session).get(name)


def forget(session: Session) -> None:
    """A definition changed in this transaction: read afresh, and tell the other processes by a new generation."""
    session.flush()
    session.execute(Counter.__table__.update().where(Counter.name == GENERATION).values(value=Counter.value + 1))  # type: ignore[attr-defined]
    session.info.pop("catalogue", None)
    generations.raised(session, GENERATION)


def table_name(list_id: int) -> str:
    """The name of the table of list `list_id`."""
    return f"list_{list_id}"


def _load(session: Session) -> list[ListDefinition]:
    columns: dict[int, list[Column]] = {}
    standing = select(ColumnRow).where(ColumnRow.deleted.is_(None))
    for row in session.scalars(standing.order_by(ColumnRow.position, ColumnRow.id)):
        kind = column_type(row.type, row.options)
        columns.setdefault(row.list_id, []).append(
            Column(row.id, row.name, kind, row.titles, row.options, row.position)
        )
    views: dict[int, list[View]] = {}
    everybodys = select(ViewRow).where(ViewRow.user_id.is_(None))
    for view in session.scalars(everybodys.order_by(ViewRow.position, ViewRow.id)):
        views.setdefault(view.list_id, []).append(View(view.id, view.name, view.titles, view.user_id, view.settings))
    return [
        ListDefinition(
            row.id, row.guid, row.name, row.titles, row.separation, row.settings, row.version,
            tuple(columns.get(row.id, ())), tuple(views.get(row.id, ())),
        )
        for row in session.scalars(select(ListRow).where(ListRow.deleted.is_(None)).order_by(ListRow.id))
    ]  # fmt: skip


def _with_shown(found: ListDefinition, lists: Mapping[str, ListDefinition]) -> ListDefinition:
    """The list with the columns that come along with its lookups, each behind its lookup."""
    if not any(column.options.get("show") for column in found.columns):
        return found
    columns: list[Column] = []
    for column in found.columns:
        columns.append(column)
        target = lists.get(str(column.type.target))
        for place, name in enumerate(column.options.get("show") or () if target else ()):
            shown = target.by_name.get(name) if target else None
            if shown is not None and not shown.hidden:
                columns.append(_shown(column, shown, place))
    return replace(found, columns=tuple(columns))


def _shown(lookup: Column, column: Column, place: int) -> Column:
    languages = {**lookup.titles, **column.titles}
    titles = {language: f"{lookup.title(language)}: {column.title(language)}" for language in languages}
    kind = ShownColumn(lookup.name, column.name, column.type.result)
    number = -(lookup.id * 100 + place)  # no other column's
    return Column(number, f"{lookup.name}.{column.name}", kind, titles, {}, lookup.position)


@dataclass(frozen=True)
class _Place:
    """A stored column's place in its table; equal ones are alike in SQL."""

    physical: str
    type: str
    options: str
    kind: ColumnType = field(compare=False)


def build_table(list_id: int, columns: Sequence[Column]) -> Table:
    """The table of a list: the system columns and one typed column per list column.

    The same columns have the same table, so that a change of one list does not make the compiled statements of all
    others useless.
    """
    stored = (column for column in columns if column.type.is_stored)
    places = (_Place(one.physical, one.type.name, repr(one.type.options), one.type) for one in stored)
    return _table(list_id, tuple(places))


@lru_cache(maxsize=10_000)
def _table(list_id: int, places: tuple[_Place, ...]) -> Table:
    columns = (SqlColumn(one.physical, one.kind.sql_type()) for one in places)
    return Table(table_name(list_id), MetaData(), *system_columns(), *columns)


def system_columns() -> list[SqlColumn[Any]]:
    """The columns that every list's table has."""
    return [
        SqlColumn("id", Integer, primary_key=True),
        SqlColumn("guid", String(36), nullable=False),
        SqlColumn("version", Integer, nullable=False),
        SqlColumn("scope_id", Integer, nullable=False),
        SqlColumn("created", UtcDateTime, nullable=False),
        SqlColumn("created_by", Integer),
        SqlColumn("modified", UtcDateTime, nullable=False),
        SqlColumn("modified_by", Integer),
        SqlColumn("external_id", String(200)),
        SqlColumn("deleted", UtcDateTime),
        SqlColumn("deleted_by", Integer),
        SqlColumn("bin_stage", Integer),
        SqlColumn("flagged", Boolean),
    ]


__all__ = [
    "Catalogue",
    "Column",
    "ListDefinition",
    "Reader",
    "View",
    "build_table",
    "catalogue",
    "definition",
    "forget",
]
