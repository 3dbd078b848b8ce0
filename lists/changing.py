"""Changing and removing columns of a list that stands, as far as no stored value has to be turned into another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from . import column_options, schema
from .catalogue import Column, ListDefinition, catalogue, definition, forget, fresh, table_name
from .columns import column_type
from .errors import N_, Conflict, Forbidden, Invalid
from .formulas import definitions as formulas
from .installing import read_definitions
from .models import ColumnRow, ListRow
from .rights import Actor

OF_ANY = frozenset({"title", "description", "validation", "default_formula", "show_when"})
OF_CALCULATED = frozenset({"title", "description", "formula", "decimals", "format", "currency_column"})


def change_column(session: Session, actor: Actor, list_name: str, name: str, body: Mapping[str, Any]) -> None:
    """Change a column's `title`, `description` or formulas; null takes an option away.

    Raises Invalid on the option; also where another formula, which uses this column, would no longer fit.
    """
    schema.administrators_only(actor)
    found = definition(session, list_name)
    column = found.column(name)
    allowed = OF_ANY if column.type.is_stored else OF_CALCULATED
    for key in body:
        if key not in allowed:
            raise Invalid(key[:40], "This cannot be changed of a column that stands.")
    row = session.get_one(ColumnRow, column.id)
    if "title" in body:
        row.titles = schema.titles_of(body, name)
    options = formulas.shown(catalogue(session), found, row.options)
    options |= {key: value for key, value in body.items() if key != "title"}
    options = {key: value for key, value in options.items() if value is not None}
    column_options.check(column.type.name, options)
    row.options = options
    schema.settle_formulas(session, [row])
    if not column.type.is_stored:
        _settle_users(session, column)
    _note(session, actor, found, name)


def _settle_users(session: Session, column: Column) -> None:
    """Look again at the formulas that use a calculated column, and at those that use them."""
    waiting, done = [column], {column.id}
    while waiting:
        used = waiting.pop()
        for found, owner in formulas.uses(fresh(session), used):
            try:
                _settle_again(session, found, owner)
            except Invalid as refusal:
                place = f"{found.name}.{owner.name}" if owner else found.name
                words = N_("%(place)s uses this, and would no longer fit: %(reason)s")
                raise Invalid("formula", words, place=place, reason=refusal.words) from None
            if owner is not None and owner.id not in done:
                done.add(owner.id)
                waiting.append(owner)


def _settle_again(session: Session, found: ListDefinition, owner: Column | None) -> None:
    lists = fresh(session)
    if owner is None:
        formulas.validation_of_list(lists, found, found.settings["validation"], stored=True)
        return
    row = session.get_one(ColumnRow, owner.id)
    kept = {key: value for key, value in row.options.items() if key != "result"}
    there = replace(owner, options=kept, type=column_type(row.type, kept))
    row.options = formulas.settled(lists, found, there, stored=True)


def delete_column(session: Session, actor: Actor, list_name: str, name: str) -> None:
    """Take a column out of a list's definition. Its values stay in the table, where nothing shows them any more.

    Raises Forbidden (the CRM's own columns, and those that every list needs), Conflict (formulas or views use it).
    """
    schema.administrators_only(actor)
    found = definition(session, list_name)
    column = found.column(name)
    if name in _needed(found):
        raise Forbidden("The column %(column)s belongs to the list and cannot be deleted.", column=name)
    using = formulas.uses(catalogue(session), column)
    if using:
        places = ", ".join(f"{other.name}.{owner.name}" if owner else other.name for other, owner in using)
        raise Conflict("The formulas of %(places)s use %(column)s; change them first.", places=places, column=name)
    views = [view.name for view in found.views if _shows(view.settings, name)]
    if views:
        words = N_("The views %(views)s use %(column)s; change them first.")
        raise Conflict(words, views=", ".join(views), column=name)
    _drop_index(session, found, column)
    session.delete(session.get_one(ColumnRow, column.id))
    _note(session, actor, found, name)


def _needed(found: ListDefinition) -> set[str]:
    """The columns that the program relies on: those that every list has, and the CRM's own."""
    shipped = next((body for body in read_definitions() if body["name"] == found.name), {})
    columns = [schema.NAME_COLUMN, *schema.GROUP_COLUMNS, *shipped.get("columns", ())]
    return {column["name"] for column in columns}


def _shows(settings: Mapping[str, Any], name: str) -> bool:
    texts = [str(settings.get(key) or "") for key in ("filter", "order", "group")]
    return name in (settings.get("columns") or ()) or any(name in re.findall(r"\w+", text) for text in texts)


def _drop_index(session: Session, found: ListDefinition, column: Column) -> None:
    """The index would cost time at every write, for values that nobody asks for any more."""
    connection, table = session.connection(), table_name(found.id)
    index = f"ix_{table}_{column.physical}"
    if column.type.is_stored and any(known["name"] == index for known in inspect(connection).get_indexes(table)):
        Operations(MigrationContext.configure(connection)).drop_index(index, table)


def _note(session: Session, actor: Actor, found: ListDefinition, name: str) -> None:
    """The list has a new version, and the change log a line."""
    session.get_one(ListRow, found.id).version += 1
    schema.log_list(session, actor, found.id, [name])
    forget(session)
