"""How one value is shown: what a list's cell, an item's fact and a history's line have in common."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_symbol
from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from ...lists.catalogue import Column, ListDefinition
from ...lists.columns import ColumnType, Reader, Reference, References
from ...lists.columns.choices import MultiChoiceColumn
from ...lists.columns.text import PhoneColumn
from ...lists.errors import Words
from ...lists.query import Item
from ...lists.reading import SYSTEM_TYPES
from ...lists.rights import Actor
from ..errors import said

# Choices whose value says how things stand; a definition's own choice may say `kind` itself.
_PILLS = {
    "new": "accent", "open": "accent", "active": "ok", "won": "ok", "done": "ok", "lost": "danger", "high": "warn",
    "closed": "", "passive": "", "normal": "", "low": "",
}  # fmt: skip
_MOST_TAGS = 12
_SYSTEM_LABELS = {
    "id": Words("Number"),
    "guid": Words("GUID"),
    "version": Words("Version"),
    "created": Words("Created"),
    "created_by": Words("Created by"),
    "modified": Words("Changed"),
    "modified_by": Words("Changed by"),
    "external_id": Words("External id"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A value ready to be shown: `kind` says which way (text, long, link, links, phone, …), `parts` are links."""

    kind: str
    text: str
    href: str | None = None
    note: str | None = None  # a pill's kind, an instant as RFC 3339
    parts: tuple[Cell, ...] = ()


EMPTY = Cell("empty", "")


@dataclass(frozen=True)
class Shown:
    """A column as a page shows it: one of the list's own, or one that every list has."""

    name: str
    label: str
    type: ColumnType
    column: Column | None = None

    @property
    def is_number(self) -> bool:
        return self.type.name in ("number", "currency", "percent", "whole")


def shown(found: ListDefinition, name: str, language: str) -> Shown | None:
    """The column called `name` as `language` names it; None for an unknown or an inner one."""
    column = found.by_name.get(name)
    if column is not None:
        return None if column.hidden else Shown(name, column.title(language), column.type.result, column)
    if name in SYSTEM_TYPES:
        return Shown(name, system_label(name), SYSTEM_TYPES[name])
    return None


def system_label(name: str) -> str:
    """The name of a column that every list has."""
    return said(_SYSTEM_LABELS[name])


def item_href(list_name: str, item_id: int) -> str | None:
    """The address of an item's page; people have none."""
    if list_name == "users":
        return None
    known: dict[str, str] = g.setdefault("items_addresses", {})  # a page names dozens of items of a list
    if list_name not in known:
        known[list_name] = url_for("items.show", list_name=list_name, item_id=0).removesuffix("0")
    return f"{known[list_name]}{item_id}"


def cell(item: Item, column: Shown, actor: Actor, currency: str, today: datetime.date) -> Cell:
    """One value of an item. `currency`: the house's, `today`: in the reader's zone."""
    value = item.get(column.name)
    if value is None or value == "" or value == []:
        return EMPTY
    if column.type.name == "currency":
        code = item.currency(column.name) or currency
        return Cell("number", money(value, code, column.type, actor.language))
    if column.type.name == "date":
        late = is_overdue(item, column.name, today)
        return Cell("overdue" if late else "text", column.type.format(value, actor.reader))
    if isinstance(value, References) and value.in_all > len(value):
        assert column.column is not None
        options = column.column.options
        everything = f"{url_for('lists.show', list_name=options['list'])}?f.{options['column']}={item.id}"
        more = Cell("link", _("all %(number)s", number=value.in_all), everything)
        return Cell("links", column.type.format(value, actor.reader), parts=(*map(_reference, value), more))
    if column.type.name == "attachment":
        return Cell("links", column.type.format(value, actor.reader), parts=_files(item, column.name))
    return value_cell(value, column, actor)


def _files(item: Item, name: str) -> tuple[Cell, ...]:
    """The files of an item, to be downloaded."""
    address = url_for("items.show", list_name=item.definition.name, item_id=item.id)
    return tuple(Cell("link", one["name"], f"{address}/files/{name}/{one['id']}") for one in item[name])


def value_cell(value: Any, column: Shown, actor: Actor) -> Cell:
    """A value by its column's type alone: for histories too, where there is no item around it."""
    kind, reader = column.type, actor.reader
    if value is None or value == "" or value == []:
        return EMPTY
    text = kind.format(value, reader)
    if kind.target:
        return Cell("links", text, parts=tuple(map(_reference, value))) if kind.is_multi else _reference(value)
    match kind.name:
        case "phone":
            return phone(value, kind)
        case "location":
            return Cell("link", text, kind.address(value), note=f"{value['latitude']}, {value['longitude']}")  # type: ignore[attr-defined]
        case "email":
            return Cell("link", text, f"mailto:{quote(value, safe='@')}")
        case "url":
            return Cell("web", value.split("://", 1)[-1].rstrip("/"), value)
        case "datetime":
            at = value.astimezone(ZoneInfo(reader.time_zone)).isoformat(timespec="seconds")
            # How long ago something was changed is enough; when a meeting starts must be said in full.
            return Cell("when" if column.column is None else "instant", text, note=at)
        case "choice" | "content_type":
            return Cell("pill", text, note=_pill(kind, value)) if _pill(kind, value) is not None else Cell("text", text)
        case "tags" | "multi_choice":
            words = kind.labels(value, reader) if isinstance(kind, MultiChoiceColumn) else value
            return Cell("tags", text, parts=tuple(Cell("text", one) for one in words[:_MOST_TAGS]))
        case "boolean":
            return Cell("text", _("yes") if value else _("no"))
        case "number" | "percent" | "currency" | "whole":
            return Cell("number", text)
        case "participants":
            return Cell("text", text or ngettext("%(num)s person", "%(num)s people", len(value)))
    return Cell("long" if kind.form_field == "textarea" else "text", text)


def phone(number: str, kind: ColumnType | None = None) -> Cell:
    """A telephone number as it is written between countries, to be called."""
    return Cell("link", (kind or PhoneColumn({})).format(number, Reader()), f"tel:{quote(number, safe='+')}")


def at(instant: datetime.datetime, actor: Actor) -> Cell:
    """An instant that belongs to no column."""
    return value_cell(instant, Shown("at", "", SYSTEM_TYPES["modified"]), actor)


def money(value: Any, code: str, kind: ColumnType, language: str) -> str:
    """An amount with its currency's sign behind it, without cents where there are none."""
    reader = Reader(language)
    return f"{kind.format(value, reader)}\u00a0{_sign(code, reader)}"


@cache
def _sign(code: str, reader: Reader) -> str:
    return get_currency_symbol(code, locale=reader.locale)


def is_overdue(item: Item, name: str, today: datetime.date) -> bool:
    """Whether a day has passed without what the list's definition expects by then (`overdue = {due = "done"}`)."""
    until = item.definition.settings.get("overdue", {}).get(name)
    return bool(until and item.get(name) and item[name] < today and not item.get(until))


def _reference(value: Any) -> Cell:
    if not isinstance(value, Reference):
        return EMPTY
    href = item_href(value.list, value.id)
    return Cell("link", value.title, href) if href else Cell("person", value.title)


def _pill(kind: ColumnType, value: str) -> str | None:
    for choice in kind.options.get("choices", ()):
        if isinstance(choice, dict) and choice.get("value") == value and "kind" in choice:
            return str(choice["kind"])
    return _PILLS.get(value)
