"""How one reader sees one list in SQL: each column with its mask, each lookup with its target's own rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, and_, case, cast, exists, null, select
from sqlalchemy.orm import Session

from .catalogue import SYSTEM_COLUMNS, ListDefinition, catalogue
from .columns import ColumnType, column_type
from .columns.numbers import WholeColumn
from .errors import Invalid
from .formulas import compiling
from .formulas.definitions import moments_of, tree_of
from .models import User
from .rights import Actor, Level, access

SYSTEM_TYPES: dict[str, ColumnType] = {
    "id": WholeColumn({}),
    "guid": column_type("text", {}),
    "version": WholeColumn({}),
    "created": column_type("datetime", {}),
    "created_by": column_type("person", {}),
    "modified": column_type("datetime", {}),
    "modified_by": column_type("person", {}),
    "external_id": column_type("text", {}),
}


@dataclass(frozen=True)
class Source:
    """A column in SQL: its stored value, its type, and on which rows it shows (None = all)."""

    raw: ColumnElement[Any]
    type: ColumnType
    visible: ColumnElement[bool] | None

    @property
    def shown(self) -> ColumnElement[Any]:
        """The value where it shows, NULL elsewhere."""
        return self.raw if self.visible is None else case((self.visible, self.raw))


class Reading:
    """One reader's look at one list, at `right` or better."""

    def __init__(
        self,
        session: Session,
        definition: ListDefinition,
        actor: Actor,
        right: Level = Level.EXISTS,
        *,
        deleted: bool = False,
    ) -> None:
        self.session, self.definition, self.actor, self.deleted = session, definition, actor, deleted
        self.access = access(session, definition, actor, right)
        self.table: Table = definition.table
        self.id: ColumnElement[int] = definition.table.c.id
        self._calculated: dict[str, Source] = {}

    @property
    def access_is_limited(self) -> bool:
        """Whether there may be rows that this reader does not see."""
        return self.access.condition is not None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Which rows there are for this reader."""
        deleted = self.table.c.deleted
        found: list[ColumnElement[bool]] = [deleted.is_not(None) if self.deleted else deleted.is_(None)]
        return found if self.access.condition is None else [*found, self.access.condition]

    def source(self, name: str) -> Source:
        """The column called `name`, for a filter or a sort. Raises Invalid for an unknown one."""
        kind = self._type(name)
        if not kind.is_stored:
            return self._formula(name, kind)
        raw = self.definition.sql(name)
        return Source(raw, kind, self._visible(name, kind, raw))

    def masked(self, name: str) -> ColumnElement[Any]:
        """The column's value for the select list. Lookups are resolved afterwards, under their target's rights."""
        if not self._type(name).is_stored:
            return self.source(name).shown
        raw, mask = self.definition.sql(name), self.access.mask(name)
        return raw if mask is None else case((mask, raw))

    def sort_key(self, name: str) -> ColumnElement[Any]:
        """What ORDER BY compares: a lookup sorts by its target's shown title."""
        source = self.source(name)
        if source.type.target and not source.type.is_multi:
            target = self.target(source.type.target)
            title = target.source("name")
            shown = (
                select(title.shown)
                .where(target.id == source.raw, *target.conditions())
                .correlate(self.table)
                .scalar_subquery()
            )
            value = shown if source.visible is None else case((source.visible, shown))
            return title.type.sort_expression(value)
        if source.type.is_multi and source.type.target and self.target(source.type.target).access_is_limited:
            return cast(null(), Text)  # by the numbers of what this reader may not see nothing is sorted
        if source.type.is_multi or source.type.name == "address":
            return cast(source.shown, Text)
        return source.type.sort_expression(source.shown)

    def target(self, name: str) -> Reading:
        """The list that a lookup points to, as the same reader sees it: only rows whose title shows."""
        if name == "users":
            return _Users(self)
        definition = catalogue(self.session).get(name)
        if definition.table is self.table:
            definition = _aliased(definition)
        return Reading(self.session, definition, self.actor, Level.HEADLINE)

    def _type(self, name: str) -> ColumnType:
        if name in SYSTEM_TYPES:
            return SYSTEM_TYPES[name]
        column = self.definition.by_name.get(name)
        if column is None:
            raise Invalid(
                "$filter", "The list %(list)s has no column %(column)s.", list=self.definition.name, column=name
            )
        return column.type

    def _formula(self, name: str, kind: ColumnType) -> Source:
        """A calculated column: its formula in SQL, shown where every column that it is made of shows."""
        if name not in self._calculated:
            node = tree_of(catalogue(self.session), self.definition, self.definition.column(name))
            raw = compiling.expression(self, node, moments_of(self.actor), getattr(kind.result, "decimals", 0))
            self._calculated[name] = Source(raw, kind.result, compiling.visible(self, node, name))
        return self._calculated[name]

    def _visible(self, name: str, kind: ColumnType, raw: ColumnElement[Any]) -> ColumnElement[bool] | None:
        mask = self.access.mask(name)
        if not kind.target or kind.is_multi or kind.target == "users":
            return mask
        target = self.target(kind.target)
        if target.access.condition is None:
            return mask
        reachable = exists().where(target.id == raw, *target.conditions()).correlate(self.table)
        return reachable if mask is None else and_(mask, reachable)


class _Users(Reading):
    """Users as the target of a person column: everybody may see a colleague's name."""

    def __init__(self, asking: Reading) -> None:
        self.session, self.actor, self.definition = asking.session, asking.actor, asking.definition
        self.table = User.__table__  # type: ignore[assignment]
        self.id = User.__table__.c.id

    access_is_limited = False  # type: ignore[assignment]

    def conditions(self) -> list[ColumnElement[bool]]:
        return []

    def source(self, name: str) -> Source:
        if name not in ("id", "name", "email"):
            raise Invalid("$filter", "A person has no column %(column)s.", column=name)
        kind = SYSTEM_TYPES["id"] if name == "id" else SYSTEM_TYPES["guid"]
        return Source(self.table.c[name], kind, None)


def _aliased(definition: ListDefinition) -> ListDefinition:
    """The same list under another table name, for a lookup into itself."""
    from dataclasses import replace

    return replace(definition, table=definition.table.alias())  # type: ignore[arg-type]


SYSTEM = frozenset(SYSTEM_COLUMNS)
