"""The rows and columns of quick edit as its script needs them: each value as the reader would type it, and what the
editors of composite values begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from ...lists import query
from ...lists.catalogue import ListDefinition
from ...lists.columns import ColumnType
from ...lists.columns.choices import ChoiceColumn
from ...lists.query import Item
from ...lists.rights import Actor
from .cells import Shown
from .forms import NUMBERS, as_typed

BETWEEN = "; "  # titles have commas of their own
PARTICIPANTS = {"user": "users", "contact": "contacts"}
# What is edited in the fields of the item's form, laid over the cell.
WITH_FIELDS = ("address", "location", "participants", "attachment")


def reason_fixed(column: Shown) -> str | None:
    """Why the column cannot be written in the grid; None where it can."""
    if column.column is None or column.column.by_program or not column.column.is_own:
        return _("This is set by the program.")
    return None if column.column.in_form else _("This is edited on the item's own form.")


def column_json(actor: Actor, column: Shown) -> dict[str, Any]:
    """A column as the grid's script needs it."""
    kind, told = column.type, {"name": column.name, "label": column.label, "fixed": reason_fixed(column)}
    told |= {"kind": _kind(kind), "number": column.is_number, "many": kind.is_multi}
    told["required"] = bool(column.column and column.column.required)
    if isinstance(kind, ChoiceColumn):
        told["choices"] = [label for value, label in kind.choices(actor.reader) if value not in kind.retired]
    elif kind.name == "boolean":
        told["choices"] = [kind.format(value, actor.reader) for value in (True, False)]
    elif kind.target:
        told["suggest"] = url_for("lists.suggest", list_name=kind.target)
    return told


def _kind(kind: ColumnType) -> str:
    if kind.name in WITH_FIELDS or kind.name == "rich_text":
        return kind.name
    if kind.target:
        return "lookup"
    if isinstance(kind, ChoiceColumn) or kind.name == "boolean":
        return "choice"
    return "long" if kind.form_field == "textarea" else "text"


def rows_json(
    session: Session, actor: Actor, found: ListDefinition, columns: Sequence[Shown], items: Sequence[Item]
) -> list[dict[str, Any]]:
    """The items as rows: the texts of their cells, and the values behind those that a text does not say."""
    return _Rows(session, actor, found, columns, items).all()


class _Rows:
    """The making of some rows: names are asked for once for all of them."""

    def __init__(
        self, session: Session, actor: Actor, found: ListDefinition, columns: Sequence[Shown], items: Sequence[Item]
    ) -> None:
        self.actor, self.columns, self.items = actor, columns, items
        self.titles = self._titles(session)
        self.names: Mapping[int, Item] = {}
        if found.settings.get("translated") and any(column.name == "name" for column in columns):
            ids = [item.id for item in items if item.editable]
            self.names = query.many(session, replace(actor, language="en"), found.name, ids, columns=["name"])

    def _titles(self, session: Session) -> dict[str, dict[int, str]]:
        wanted: dict[str, set[int]] = {}
        for column in self.columns:
            for item in self.items if column.type.name == "participants" else ():
                for one in item.get(column.name) or ():
                    for kind in PARTICIPANTS.keys() & one.keys():
                        wanted.setdefault(kind, set()).add(one[kind])
        return {kind: query.titles(session, self.actor, PARTICIPANTS[kind], sorted(wanted.get(kind, ())))
                for kind in PARTICIPANTS}  # fmt: skip

    def all(self) -> list[dict[str, Any]]:
        return [self._row(item) for item in self.items]

    def _row(self, item: Item) -> dict[str, Any]:
        told = {"id": item.id, "version": item.version, "editable": item.editable}
        values = {column.name: value for column in self.columns if (value := self._value(item, column)) is not None}
        return told | {"cells": [self._text(item, column) for column in self.columns], "values": values}

    def _text(self, item: Item, column: Shown) -> str:
        """A value as the reader would type it: what is copied can be pasted again."""
        value, kind = item.get(column.name), column.type
        if value is None or value == "" or value == []:
            return ""
        if column.name == "name":
            return self._name(item)
        if kind.name == "participants":
            return BETWEEN.join(filter(None, (self._participant(one)["title"] for one in value)))
        if kind.target and kind.is_multi:
            return BETWEEN.join(str(one) for one in value)
        if kind.name in NUMBERS and column.column is not None and not column.column.by_program:
            return as_typed(column.column, value, self.actor)
        return kind.export_cell(value) if kind.name == "location" else kind.format(value, self.actor.reader)

    def _name(self, item: Item) -> str:
        """A name that is shown translated is edited as it is stored."""
        return self.names.get(item.id, item).title

    def _value(self, item: Item, column: Shown) -> Any:
        """What an editor begins with where that is not the cell's text; None where it is."""
        value, kind = item.get(column.name), column.type
        if not value or not item.editable or reason_fixed(column):
            return None
        if kind.target:
            return [one.id for one in value] if kind.is_multi else value.id
        if kind.name == "participants":
            return [self._participant(one) for one in value]
        if kind.name == "attachment":
            return [{name: one[name] for name in ("id", "name", "size")} for one in value]
        return kind.form_value(value, self.actor.reader) if kind.name in (*WITH_FIELDS, "rich_text") else None

    def _participant(self, one: Mapping[str, Any]) -> dict[str, Any]:
        for kind in PARTICIPANTS.keys() & one.keys():
            return {**one, "title": self.titles[kind].get(one[kind], "")}
        return {**one, "title": one.get("email", "")}


__all__ = ["BETWEEN", "PARTICIPANTS", "WITH_FIELDS", "column_json", "reason_fixed", "rows_json"]
