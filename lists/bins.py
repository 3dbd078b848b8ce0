"""The bins for columns and lists: nothing is lost with one click, and what is gone for good is gone on purpose.

A column in the bin keeps its values in the table, a list all its items. Both give their name free for others.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from . import altering, changing, content_types, numbering, recycling, schema, settling, view_settings
from .catalogue import Column, ListDefinition, catalogue, definition, forget, fresh, table_name
from .columns import column_type
from .columns.auto_number import AutoNumberColumn
from .database import Database, one_at_a_time
from .errors import N_, Conflict, Forbidden, Invalid, NotFound
from .formulas import definitions as formulas
from .models import ColumnRow, ListRow, ViewRow, now
from .rights import PROGRAM, Actor

KEPT = datetime.timedelta(days=30)
ENDED_AT_ONCE = 200  # rows of a list that goes for good
ENDING = "ending"  # a setting of a deleted list that an administrator does not want to wait for
BECOMING = "becoming"  # an option of a column that is being filled from another, out of sight: see retyping.py


# --- Columns --------------------------------------------------------------------------------------


def delete_column(session: Session, actor: Actor, list_name: str, name: str) -> None:
    """Put a column into the list's bin. Its values stay in the table for 30 days, where nothing shows them.

    Raises Forbidden (the CRM's own columns, and those that every list needs), Conflict (formulas or views use it).
    """
    found = schema.for_change(session, actor, list_name, alone=True)
    column = found.own_column(name)
    if changing.is_shipped(found, name):
        raise Forbidden("The column %(column)s belongs to the list and cannot be deleted.", column=name)
    using = formulas.uses(catalogue(session), column)
    if using:
        places = ", ".join(f"{other.name}.{owner.name}" if owner else other.name for other, owner in using)
        raise Conflict("The formulas of %(places)s use %(column)s; change them first.", places=places, column=name)
    shown = settling.uses(catalogue(session), found, column)
    if shown:
        words = N_("%(places)s show %(column)s; change them first.")
        raise Conflict(words, places=", ".join(shown), column=name)
    views = [view.name for view in view_settings.uses(session, found, column)]
    if views:
        words = N_("The views %(views)s use %(column)s; change them first.")
        raise Conflict(words, views=", ".join(views), column=name)
    if name in _told_of(found.settings):
        raise Conflict("The list's settings use %(column)s; change them first.", column=name)
    if column.type.is_stored:
        altering.drop_index(session, found.id, column.physical)
    content_types.forget_column(session, found, name)
    put_away(session.get_one(ColumnRow, column.id))
    schema.log_change(session, actor, found, name)


def deleted_columns(session: Session, actor: Actor, list_name: str) -> list[ColumnRow]:
    """The columns in a list's bin, latest first; `original_name` says what they were called."""
    schema.administrators_only(actor)
    there = (ColumnRow.list_id == definition(session, list_name).id, ColumnRow.deleted.is_not(None),
             ColumnRow.purged.is_(None))  # fmt: skip
    rows = session.scalars(select(ColumnRow).where(*there).order_by(ColumnRow.deleted.desc(), ColumnRow.id))
    return [row for row in rows if BECOMING not in row.options]


def restore_column(session: Session, actor: Actor, list_name: str, column_id: int) -> str:
    """Bring a column back with its values, as the last one. Answers its name.

    Raises NotFound, Conflict (its name is taken), Invalid (what it needs is not there any more).
    """
    found = schema.for_change(session, actor, list_name, alone=True)
    row = session.get(ColumnRow, column_id) if 0 < column_id < 2**31 else None
    if row is None or row.list_id != found.id or not _in_bin(row) or BECOMING in row.options:
        raise NotFound("There is no such column in the bin.")
    name = original_name(row.name)
    if found.has(name):
        raise Conflict("There is a column called %(name)s already.", name=name)
    if len(found.own_columns) >= schema.MOST_COLUMNS:
        raise Invalid("name", "There can be at most %(max)s columns.", max=schema.MOST_COLUMNS)
    row.name, row.deleted, row.position = name, None, max(one.position for one in found.columns) + 1
    lists = fresh(session)
    _check_again(session, lists.by_id[found.id], row)
    column = lists.by_id[found.id].column(name)
    if isinstance(column.type, AutoNumberColumn):
        numbering.number_all(session, lists.by_id[found.id], column)  # what was made while it was away
    if name == content_types.NAME and content_types.column_of(lists.by_id[found.id]):
        content_types.fill(session, lists.by_id[found.id])
    if column.type.wants_index:
        altering.create_index(session, found.id, column.physical, column.type)
    schema.log_change(session, actor, found, name)
    return name


def purge(session: Session) -> int:
    """Take the columns out of their tables whose 30 days are over. Answers how many; one transaction, one column."""
    due = select(ColumnRow).where(ColumnRow.deleted < now() - KEPT, ColumnRow.purged.is_(None))
    row = session.scalars(due.limit(1)).first()
    if row is None:
        return 0
    if column_type(row.type, row.options).is_stored:
        altering.drop_column(session, row.list_id, f"c{row.id}")
    _purged(session, row)
    return 1


def _purged(session: Session, column: ColumnRow) -> None:
    """Its row stays: by its number versions know what they are of, and no other column may have it."""
    numbering.forget(session, column.id)
    column.purged, column.titles, column.options = now(), {}, {}
    session.flush()


def _in_bin(row: ColumnRow | ListRow) -> bool:
    return row.deleted is not None and row.purged is None


def original_name(name: str) -> str:
    """What something in a bin was called: a name of a list or column has no hyphen, but there its number behind one."""
    return name.rpartition("-")[0]


def put_away(row: ColumnRow) -> None:
    """Put a column's row into the bin, its name free for another."""
    row.name, row.deleted = f"{row.name}-{row.id}", now()


def _check_again(session: Session, found: ListDefinition, row: ColumnRow) -> None:
    """What a column points to or computes with may be gone since it went into the bin. Raises Invalid."""
    kept = {key: value for key, value in row.options.items() if key != "result"}
    schema.check_options(session, session.get_one(ListRow, found.id), row.type, kept)
    if settling.needs_settling(row.type, kept):
        there: Column = replace(found.column(row.name), options=kept, type=column_type(row.type, kept))
        row.options = settling.settled(fresh(session), found, there, stored=True)
    if kept.get("unique"):
        changing.all_different(session, found, found.column(row.name))


def _told_of(settings: Mapping[str, Any]) -> set[str]:
    """The columns by whose names a list's settings go."""
    return {*settings.get("headline", ()), *settings.get("translated", {}).values(),
            *(("retired",) if settings.get("kind") == "code" else ())}  # fmt: skip


# --- Lists ----------------------------------------------------------------------------------------


def delete_list(session: Session, actor: Actor, list_name: str) -> None:
    """Put a list away: its items stay in their table, nothing shows them. The CRM's own lists stay.

    Raises Forbidden (the CRM's own), Conflict (other lists point to it).
    """
    found = schema.for_change(session, actor, list_name, alone=True)
    if found.settings.get("built_in"):
        raise Forbidden("The list %(list)s belongs to the CRM and cannot be deleted.", list=list_name)
    pointing = {f"{other.name}.{column.name}" for other, column in catalogue(session).pointing_at.get(list_name, ())
                if other.id != found.id}  # fmt: skip
    pointing |= set(settling.looking_at(catalogue(session), list_name))
    if pointing:
        words = N_("Other lists point to %(list)s (%(places)s); remove those columns first.")
        raise Conflict(words, list=list_name, places=", ".join(sorted(pointing)))
    row = session.get_one(ListRow, found.id)
    row.name, row.deleted = f"{row.name}-{row.id}", now()
    schema.log_list(session, actor, row.id, [])
    forget(session)


def deleted_lists(session: Session, actor: Actor) -> Sequence[ListRow]:
    """The lists in the bin, latest first; `original_name` says what they were called."""
    schema.administrators_only(actor)
    there = select(ListRow).where(ListRow.deleted.is_not(None), ListRow.purged.is_(None))
    rows = session.scalars(there.order_by(ListRow.deleted.desc(), ListRow.id))
    return [row for row in rows if ENDING not in row.settings]


def restore_list(session: Session, actor: Actor, list_id: int) -> str:
    """Bring a list back with all that is in it. Answers its name. Raises NotFound, Conflict (its name is taken)."""
    schema.administrators_only(actor)
    one_at_a_time(session, "lists")
    row = session.get(ListRow, list_id) if 0 < list_id < 2**31 else None
    if row is None or not _in_bin(row) or ENDING in row.settings:
        raise NotFound("There is no such list in the bin.")
    name = original_name(row.name)
    if session.scalar(select(func.count()).where(ListRow.name == name)):
        raise Conflict("There is a list called %(name)s already.", name=name)
    row.name, row.deleted = name, None
    session.flush()
    _without_lost_columns(session, row)
    schema.log_list(session, actor, row.id, [])
    forget(session)
    return name


def _without_lost_columns(session: Session, row: ListRow) -> None:
    """A column whose target was deleted meanwhile goes into the bin: it can come back when its target does."""
    known = fresh(session).by_name
    for column in session.scalars(select(ColumnRow).where(ColumnRow.list_id == row.id, ColumnRow.deleted.is_(None))):
        target = column_type(column.type, column.options).target
        if target and target != "users" and target not in known:
            altering.drop_index(session, row.id, f"c{column.id}")
            put_away(column)
    session.flush()


def purge_list(session: Session, actor: Actor, list_id: int) -> None:
    """Say that a list in the bin is to go for good: the worker ends it, portion by portion. Raises NotFound."""
    schema.administrators_only(actor)
    one_at_a_time(session, "lists")
    row = session.get(ListRow, list_id) if 0 < list_id < 2**31 else None
    if row is None or not _in_bin(row) or ENDING in row.settings:
        raise NotFound("There is no such list in the bin.")
    row.settings = {**row.settings, ENDING: True}
    schema.log_list(session, actor, row.id, [])


def purge_lists(database: Database, kept: datetime.timedelta) -> bool:
    """End a portion of a list that was deleted longer than `kept` ago or is to go at once; answers whether one was."""
    with database.read() as session:
        deleted = session.scalars(select(ListRow).where(ListRow.deleted.is_not(None), ListRow.purged.is_(None)))
        due = next((row.id for row in deleted if _is_due(row, kept)), None)
    if due is None:
        return False
    with database.write() as session:
        one_at_a_time(session, "lists")  # nobody brings it back meanwhile
        row = session.get(ListRow, due)
        if row is not None and _in_bin(row) and _is_due(row, kept):
            row.settings = {**row.settings, ENDING: True}  # nor half of it later
            _end_portion(session, row)
    return True


def _is_due(row: ListRow, kept: datetime.timedelta) -> bool:
    return bool(row.settings.get(ENDING)) or (row.deleted is not None and row.deleted < now() - kept)


def _end_portion(session: Session, row: ListRow) -> None:
    """Some rows and what is kept beside them; when there are none left, the table and what was said of the list."""
    table = table_name(row.id)
    some = session.execute(text(f"SELECT id, guid FROM {table} ORDER BY id LIMIT {ENDED_AT_ONCE}")).all()  # noqa: S608
    if some:
        recycling.forget_rows(session, row.id, [one.id for one in some], [one.guid for one in some])
        session.execute(text(f"DELETE FROM {table} WHERE id <= :last"), {"last": some[-1].id})  # noqa: S608 - our name
        return
    altering.drop_table(session, row.id)
    for column in session.scalars(select(ColumnRow).where(ColumnRow.list_id == row.id, ColumnRow.purged.is_(None))):
        column.deleted = column.deleted or now()
        _purged(session, column)
    session.execute(delete(ViewRow).where(ViewRow.list_id == row.id))
    row.purged, row.titles, row.settings = now(), {}, {}
    schema.log_list(session, PROGRAM, row.id, [])
