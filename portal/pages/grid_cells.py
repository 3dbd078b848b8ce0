"""The cells of quick edit: each value as the reader would type it, and what was typed as the door takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from ...lists import filters, query
from ...lists.catalogue import Column, ListDefinition, catalogue, definition
from ...lists.columns import ColumnType
from ...lists.columns.choices import ChoiceColumn
from ...lists.editing import Refusal
from ...lists.errors import N_, Invalid
from ...lists.models import User, now
from ...lists.query import Item
from ...lists.rights import Actor, Level
from ...lists.sqltypes import fold
from . import suggest
from .cells import Shown
from .forms import NUMBERS, as_typed
from .typed import read_day, read_instant, read_number

BETWEEN = "; "  # titles have commas of their own
MOST_SEARCHED = 100
_OWN_FORM = frozenset({"address", "participants", "location", "attachment", "rich_text"})
_YES, _NO = ("yes", "true", "1", "x", "áno"), ("no", "false", "0", "nie")
# Settings of a list whose items show another name than the one that is stored.
_OTHER_NAME = ("name_prefix", "name_typed", "translated")


def reason_fixed(found: ListDefinition, column: Shown) -> str | None:
    """Why the column cannot be written in the grid; None where it can."""
    if column.column is None or column.column.by_program or not column.column.is_own:
        return _("This is set by the program.")
    if column.type.name in _OWN_FORM or not column.column.in_form:
        return _("This is edited on the item's own form.")
    if column.name == "name" and any(found.settings.get(one) for one in _OTHER_NAME):
        return _("This is edited on the item's own form.")
    return None


def column_json(actor: Actor, found: ListDefinition, column: Shown) -> dict[str, Any]:
    """A column as the grid's script needs it."""
    kind, told = column.type, {"name": column.name, "label": column.label, "fixed": reason_fixed(found, column)}
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
    if kind.target:
        return "lookup"
    if isinstance(kind, ChoiceColumn) or kind.name == "boolean":
        return "choice"
    return "long" if kind.form_field == "textarea" else "text"


def cell_text(item: Item, column: Shown, actor: Actor) -> str:
    """A value as the reader would type it: what is copied can be pasted again."""
    value, kind = item.get(column.name), column.type
    if value is None or value == "" or value == []:
        return ""
    if column.name == "name":
        return item.title
    if kind.target and kind.is_multi:
        return BETWEEN.join(str(one) for one in value)
    if kind.name in NUMBERS and column.column is not None and not column.column.by_program:
        return as_typed(column.column, value, actor)
    return kind.format(value, actor.reader)


@dataclass(frozen=True)
class Typed:
    """A cell as it was typed or pasted."""

    place: int
    column: Column
    text: str


def read(
    session: Session, actor: Actor, found: ListDefinition, typed: Sequence[Typed]
) -> tuple[dict[tuple[int, str], Any], list[Refusal]]:
    """The raw values of typed cells by place and column, and a refusal for each that cannot be read."""
    names = _Names(session, actor)
    names.look_up(typed)
    values: dict[tuple[int, str], Any] = {}
    refusals: list[Refusal] = []
    for cell in typed:
        try:
            _must_be_typed(found, cell.column, actor)
            values[cell.place, cell.column.name] = _value(cell, actor, names)
        except Invalid as refusal:
            refusals.append(Refusal(cell.place, cell.column.name, cell.text, refusal.message, refusal.values))
    return values, refusals


def _must_be_typed(found: ListDefinition, column: Column, actor: Actor) -> None:
    if column.by_program or not column.is_own:
        raise Invalid("", "This is set by the program.")
    if reason_fixed(found, Shown(column.name, column.title(actor.language), column.type, column)):
        raise Invalid("", "This is edited on the item's own form.")


def _value(cell: Typed, actor: Actor, names: _Names) -> Any:
    kind, text = cell.column.type, cell.text.replace("\x00", "").strip()
    if not text:
        return None
    if kind.target:
        ids = [names.id_of(kind.target, one) for one in _titles(kind, text)]
        return ids if kind.is_multi else ids[0]
    if kind.name in NUMBERS:
        return read_number(text.rstrip("%").strip() if kind.name == "percent" else text, actor.language)
    if kind.name == "date":
        return read_day(text, actor.reader, now())
    if kind.name == "datetime":
        return read_instant(text, actor.reader, now())
    if kind.name == "boolean":
        return _yes_or_no(kind, text, actor)
    if isinstance(kind, ChoiceColumn):
        many = [_choice(kind, one.strip(), actor) for one in text.split(",")] if kind.is_multi else None
        return _choice(kind, text, actor) if many is None else many
    return text


def _titles(kind: ColumnType, text: str) -> list[str]:
    return [one.strip() for one in text.split(BETWEEN.strip()) if one.strip()] if kind.is_multi else [text]


def _yes_or_no(kind: ColumnType, text: str, actor: Actor) -> Any:
    word = text.casefold()
    for value, words in ((True, _YES), (False, _NO)):
        if word in (*words, kind.format(value, actor.reader).casefold()):
            return value
    return text


def _choice(kind: ChoiceColumn, text: str, actor: Actor) -> str:
    """The choice that is meant by its label or its value; what is none is refused with the labels."""
    choices = kind.choices(actor.reader)
    for value, label in choices:
        if text in (value, label) or fold(text) in (fold(value), fold(label)):
            return value
    labels = ", ".join(label for _value, label in choices[:20])
    raise Invalid("", "“%(value)s” is not one of: %(choices)s.", value=text[:40], choices=labels)


class _Names:
    """The items that names in lookups mean, for this reader: found together, list by list."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self.session, self.actor = session, actor
        self.found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.searched = 0

    def look_up(self, typed: Sequence[Typed]) -> None:
        wanted: dict[str, set[str]] = {}
        for cell in typed:
            kind = cell.column.type
            if kind.target:
                wanted.setdefault(kind.target, set()).update(_titles(kind, cell.text.replace("\x00", "").strip()))
        for target, texts in wanted.items():
            find = self._users if target == "users" else self._items
            for text, entry in find(target, sorted(texts - {""})):
                self.found.setdefault((target, text), []).append(entry)

    def _items(self, target: str, texts: list[str]) -> list[tuple[str, dict[str, Any]]]:
        if target not in catalogue(self.session).by_name:
            return []
        pairs = []
        for start in range(0, len(texts), 200):
            named = filters.Compare(("name",), "in", texts[start : start + 200])
            offered = suggest.choosable(definition(self.session, target))
            where = filters.And([named, offered] if offered else [named])
            for item in query.page(self.session, self.actor, target, where=where, limit=1000).items:
                if item.level >= Level.HEADLINE:
                    pairs.append((item["name"], suggest.entry(item, self.actor)))
        return pairs

    def _users(self, _target: str, texts: list[str]) -> list[tuple[str, dict[str, Any]]]:
        people = self.session.execute(select(User.id, User.name, User.email).where(User.active.is_(True)))
        entries = [{"id": row.id, "title": row.name, "detail": row.email} for row in people]
        return [
            (text, one) for text in texts for one in entries if fold(text) in (fold(one["title"]), fold(one["detail"]))
        ]

    def id_of(self, target: str, text: str) -> int:
        """The one item that is meant. Raises Invalid naming those that might be, or saying that there is none."""
        there = self.found.get((target, text))
        if there is None:
            there = self.found[target, text] = self._alike(target, text)
        if len(there) == 1:
            return there[0]["id"]
        if there:
            told = ", ".join(f"{one['title']} ({one['detail'] or one['id']})" for one in there[:5])
            raise Invalid("", N_("“%(name)s” may be one of several: %(candidates)s."), name=text[:80], candidates=told)
        raise Invalid("", "There is no “%(name)s” to choose.", name=text[:80])

    def _alike(self, target: str, text: str) -> list[dict[str, Any]]:
        """Those whose title is the same but for case and accents."""
        self.searched += 1
        if self.searched > MOST_SEARCHED or (target != "users" and target not in catalogue(self.session).by_name):
            return []
        near = suggest.suggest(self.session, self.actor, target, text)
        return [one for one in near if fold(one["title"]) == fold(text)]


def columns_by_name(found: ListDefinition, names: Mapping[str, Any]) -> dict[str, Column]:
    """The columns of a row's cells. Raises Invalid for one that the list has not."""
    for name in names:
        if name not in found.by_name or found.by_name[name].hidden:
            raise Invalid(name[:80], "The list %(list)s has no column %(column)s.", list=found.name, column=name[:80])
    return {name: found.by_name[name] for name in names}
