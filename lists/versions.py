"""What an item was: its history as readable differences, and its values at any version."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import query
from .catalogue import Column, ListDefinition, definition
from .columns import Reference
from .errors import NotFound
from .models import Version
from .rights import Actor, Level


@dataclass(frozen=True)
class Difference:
    """One column's value before and after, stored form (lookups as References where they can be seen)."""

    column: Column
    old: Any
    new: Any


@dataclass(frozen=True)
class Entry:
    """One version: its number, what was done, when, by whom, and the differences to the version before."""

    version: int
    kind: str
    at: datetime.datetime
    by: Reference | None
    changes: tuple[Difference, ...]


def history(session: Session, actor: Actor, list_name: str, item_id: int) -> list[Entry]:
    """The item's versions, newest first. Raises NotFound unless the actor may read the item in full."""
    found = definition(session, list_name)
    item = query.get(session, actor, list_name, item_id, right=Level.READ)
    rows = _rows(session, found, item_id)
    people = query.titles(session, actor, "users", sorted({row.actor_id for row in rows if row.actor_id}))
    newer = {column.id: _stored(item[column.name]) for column in found.columns}
    by_id = {column.id: column for column in found.visible_columns}
    entries = []
    for row in rows:
        changes = []
        for key, value in row.old.items():
            column = by_id.get(int(key)) if key.isdigit() else None
            old = column.type.from_json(value) if column else value
            if column is not None:
                changes.append(Difference(column, old, newer[column.id]))
                newer[column.id] = old
        by = Reference(row.actor_id, people[row.actor_id], "users") if row.actor_id in people else None
        entries.append(Entry(row.version, row.kind, row.at, by, tuple(changes)))
    titled = iter(_with_titles(session, actor, [change for entry in entries for change in entry.changes]))
    return [replace(entry, changes=tuple(islice(titled, len(entry.changes)))) for entry in entries]


def compare(session: Session, actor: Actor, list_name: str, item_id: int, first: int, second: int) -> list[Difference]:
    """Every column with its value at two versions. Raises NotFound: the item may not be read in full, or no version."""
    found = definition(session, list_name)
    item = query.get(session, actor, list_name, item_id, right=Level.READ)
    stored = [column for column in found.visible_columns if column.type.is_stored]
    current = {"id": item.id, "version": item.version, **{one.name: _stored(item[one.name]) for one in stored}}
    old, new = (values_at(session, found, current, version) for version in (first, second))
    return _with_titles(session, actor, [Difference(one, old[one.name], new[one.name]) for one in stored])


def values_at(session: Session, found: ListDefinition, current: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The stored values that the item had at `version`. Raises NotFound for a version that never was."""
    if not 1 <= version <= current["version"]:
        raise NotFound("There is no such version.")
    values = dict(current)
    by_id = {str(column.id): column for column in found.columns}
    for row in _rows(session, found, current["id"]):
        if row.version <= version:
            break
        for key, value in row.old.items():
            if key in by_id:
                values[by_id[key].name] = by_id[key].type.from_json(value)
    return values


def _rows(session: Session, found: ListDefinition, item_id: int) -> list[Version]:
    newest_first = (
        select(Version)
        .where(Version.list_id == found.id, Version.item_id == item_id)
        .order_by(Version.version.desc(), Version.id.desc())
    )
    return list(session.scalars(newest_first))


def _stored(value: Any) -> Any:
    if isinstance(value, Reference):
        return value.id
    return [_stored(one) for one in value] if isinstance(value, list) else value


def _with_titles(session: Session, actor: Actor, differences: Sequence[Difference]) -> list[Difference]:
    """References instead of ids in the differences; what the actor may not see becomes None."""
    wanted: dict[str, set[int]] = {}
    for difference in differences:
        if difference.column.type.target:
            for value in (difference.old, difference.new):
                wanted.setdefault(difference.column.type.target, set()).update(
                    value if isinstance(value, list) else [value] if value else []
                )
    known = {target: query.titles(session, actor, target, sorted(ids)) for target, ids in wanted.items()}

    def shown(column: Column, value: Any) -> Any:
        target = column.type.target
        if not target:
            return value
        there = known.get(target, {})
        if isinstance(value, list):
            return [Reference(one, there[one], target) for one in value if one in there]
        return Reference(value, there[value], target) if value in there else None

    return [Difference(one.column, shown(one.column, one.old), shown(one.column, one.new)) for one in differences]
