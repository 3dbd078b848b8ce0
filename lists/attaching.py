"""Files on items: which of them stay at a change, and which of them a reader may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import query, versions
from .catalogue import Column, ListDefinition, build_table
from .columns import column_type
from .errors import FieldError, Invalid, NotFound
from .models import ColumnRow, Version
from .rights import Actor, Level

KIND = "attachment"


def complete(session: Session, found: ListDefinition, parsed: dict[str, Any], old: Mapping[str, Any]) -> None:
    """Put the files that stay, or that the item once had, in place of their ids. Raises Invalid for any other."""
    errors = []
    for column in found.attachment_columns:
        if not parsed.get(column.name):
            continue
        known = {entry["id"]: entry for entry in old.get(column.name) or ()}
        wanted = {entry["id"] for entry in parsed[column.name] if "sha256" not in entry}
        if wanted - known.keys() and old:
            known = _once_had(session, found, column, old["id"]) | known
        files = [entry if "sha256" in entry else known.get(entry["id"]) for entry in parsed[column.name]]
        if None in files:
            errors.append(FieldError(column.name, "There is no such file on this item."))
        parsed[column.name] = files
    if errors:
        raise Invalid.many(errors)


def _once_had(session: Session, found: ListDefinition, column: Column, item_id: int) -> dict[str, dict[str, Any]]:
    """The files of an item's earlier versions, by id: what was taken away comes back when that is undone."""
    of_item = select(Version.old).where(Version.list_id == found.id, Version.item_id == item_id)
    return {entry["id"]: entry for old in session.scalars(of_item) for entry in old.get(str(column.id)) or ()}


def get(session: Session, actor: Actor, list_name: str, item_id: int, column_name: str, file_id: str) -> dict[str, Any]:
    """A file of an item, also of an earlier version for who may read these. Raises NotFound like for any item."""
    item = query.get(session, actor, list_name, item_id, resolved=False)
    column = item.definition.by_name.get(column_name)
    if column is None or column.hidden or column.type.name != KIND:
        raise NotFound()
    for entry in item[column_name] or ():
        if entry["id"] == file_id:
            return entry
    if item.level >= Level.READ:
        for entry in versions.history(session, actor, list_name, item_id):
            for change in entry.changes:
                for one in (change.old or ()) if change.column.name == column_name else ():
                    if one["id"] == file_id:
                        return one
    raise NotFound()


def kept(session: Session) -> Iterator[str]:
    """The SHA-256 of every file that an item has or had; also where item, column or list is in its bin."""
    for row in session.scalars(select(ColumnRow).where(ColumnRow.type == KIND, ColumnRow.purged.is_(None))).all():
        column = Column(row.id, row.name, column_type(row.type, row.options), row.titles, row.options, row.position)
        raw, key = build_table(row.list_id, [column]).c[column.physical], str(row.id)
        now = session.scalars(select(raw).where(raw.is_not(None)))
        then = session.execute(
            select(Version.old).where(Version.list_id == row.list_id, Version.old[key].as_string().is_not(None))
        ).scalars()
        for entries in (*now, *(old[key] for old in then)):
            yield from (entry["sha256"] for entry in entries)
