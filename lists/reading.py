"""How one reader sees one list in SQL: each column with its mask, each lookup with its target's own rights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, and_, case, cast, exists, false, null, select
from sqlalchemy.orm import Session

from . import gathering
from .catalogue import ListDefinition, catalogue
from .columns import ColumnType, ShownColumn, column_type
from .columns.computed import RollupColumn
from .columns.numbers import WholeColumn
from .columns.references import ReverseLookupColumn
from .errors import Invalid
from .formulas import compiling
from .formulas.definitions import moments_of, tree_of
from .models import User
from .rights import Actor, Level, access
from .sqltypes import json_has, without_index

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


SCOPE = "scope_id"  # the column of the rights, in the place of a list's own


class Stage(IntEnum):
    """Where an item is: standing, in its list's recycle bin, in the administrators' second one, or gone for good."""

    STANDING = 0
    BIN = 1
    SECOND_BIN = 2
    PURGED = 3


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
        stage: Stage = Stage.STANDING,
        index: str | None = None,
    ) -> None:
        """`index`: the one column by whose index the rows are found (`paths`)."""
        self.session, self.definition, self.actor, self.stage = session, definition, actor, stage
        self.index = index
        self.access = access(session, definition, actor, right, by_index=None if index is None else index == SCOPE)
        self.table: Table = definition.table
        self.id: ColumnElement[int] = definition.table.c.id
        self._sources: dict[str, Source] = {}

    @property
    def access_is_limited(self) -> bool:
        """Whether there may be rows that this reader does not see."""
        return self.access.condition is not None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Which rows there are for this reader."""
        found = [self._standing()]
        return found if self.access.condition is None else [*found, self.access.condition]

    def _standing(self) -> ColumnElement[bool]:
        """Whether a row is there, or in the bin that is asked for. The second is for administrators."""
        if self.stage is Stage.STANDING:
            return self.table.c.deleted.is_(None)
        if self.stage is not Stage.BIN and not self.actor.is_administrator:
            return false()
        return and_(self.table.c.deleted.is_not(None), self.table.c.bin_stage == self.stage)

    def source(self, name: str) -> Source:
        """The column called `name`, for a filter or a sort. Raises Invalid for an unknown one."""
        kind = self._type(name)
        if not kind.is_stored:
            return self._computed(name, kind)
        raw = self.definition.sql(name)
        visible = self._visible(name, kind, raw)
        return Source(raw if self.index in (None, name) else without_index(raw), kind, visible)

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
            return title.type.sort_expression(value, self.actor.language)
        reverse = isinstance(source.type, ReverseLookupColumn)
        if reverse or (
            source.type.is_multi and source.type.target and self.target(source.type.target).access_is_limited
        ):
            return cast(null(), Text)  # by the numbers of what this reader may not see nothing is sorted
        if source.type.is_multi or source.type.is_composite:
            return cast(source.shown, Text)
        return source.type.sort_expression(source.shown, self.actor.language)

    def target(self, name: str) -> Reading:
        """The list that a lookup points to, as the same reader sees it: only rows whose title shows."""
        if name == "users":
            return _Users(self)
        definition = catalogue(self.session).get(name)
        if definition.table is self.table:
            definition = definition.aliased()
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

    def points_at(self, source: Source, target: Reading) -> ColumnElement[bool]:
        """Whether a row's lookup (of any kind) points at a row of the list behind it."""
        if isinstance(source.type, ReverseLookupColumn):
            return and_(*gathering.pointing(self, source.type, target).conditions)
        return json_has(source.raw, target.id) if source.type.is_multi else target.id == source.raw

    def currency_of(self, name: str) -> ColumnElement[Any] | None:
        """The currency of an amount that no column of the list says; None for any other column."""
        column = self.definition.by_name.get(name)
        if column is not None and isinstance(column.type, ShownColumn) and column.type.result.name == "currency":
            return self._behind(column.type, str(column.type.result.options.get("currency_column", "currency")))
        return gathering.currency_of(self, column) if column else None

    def _computed(self, name: str, kind: ColumnType) -> Source:
        if name not in self._sources:
            self._sources[name] = self._source_of(name, kind)
        return self._sources[name]

    def _source_of(self, name: str, kind: ColumnType) -> Source:
        mask = self.access.mask(kind.lookup if isinstance(kind, ShownColumn) else name)
        match kind:
            case ReverseLookupColumn():
                return Source(gathering.any_points(self, kind), kind, mask)
            case RollupColumn():
                return Source(gathering.rolled_up(self, self.definition.column(name)), kind.result, mask)
            case ShownColumn():
                raw = self._behind(kind, kind.column)
                assert raw is not None
                return Source(raw, kind.result, self._reachable(kind.result, raw, mask))
        node = tree_of(catalogue(self.session), self.definition, self.definition.column(name))
        raw = compiling.expression(self, node, moments_of(self.actor), getattr(kind.result, "decimals", 0))
        return Source(raw, kind.result, compiling.visible(self, node, name))

    def _behind(self, kind: ShownColumn, name: str) -> ColumnElement[Any] | None:
        """A column of the item behind a lookup, as far as the reader sees that; None where the list has no such one."""
        lookup = self.definition.column(kind.lookup)
        target = self.target(str(lookup.type.target))
        if not target.definition.has(name):
            return None
        raw = self.definition.sql(kind.lookup)
        found = select(target.source(name).shown).where(target.id == raw, *target.conditions())
        return found.correlate(self.table).scalar_subquery()

    def _visible(self, name: str, kind: ColumnType, raw: ColumnElement[Any]) -> ColumnElement[bool] | None:
        return self._reachable(kind, raw, self.access.mask(name))

    def _reachable(
        self, kind: ColumnType, raw: ColumnElement[Any], mask: ColumnElement[bool] | None
    ) -> ColumnElement[bool] | None:
        """The mask, and of a lookup that the reader may see what it points to."""
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
