"""The cells of quick edit: what was typed or pasted, as the door takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...lists import filters, query
from ...lists.catalogue import Column, ListDefinition, catalogue, definition
from ...lists.columns import ColumnType
from ...lists.columns.address import read_line
from ...lists.columns.choices import ChoiceColumn, MultiChoiceColumn
from ...lists.columns.text import RichTextColumn
from ...lists.editing import Refusal
from ...lists.errors import N_, Invalid
from ...lists.mapping import country_codes
from ...lists.models import User, now
from ...lists.rights import Actor, Level
from ...lists.sqltypes import fold
from .. import attachments
from . import suggest
from .forms import NUMBERS
from .grid_rows import BETWEEN, PARTICIPANTS
from .typed import read_day, read_instant, read_number

MOST_SEARCHED = 100
_YES, _NO = ("yes", "true", "1", "x", "áno"), ("no", "false", "0", "nie")


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
            _must_be_typed(cell.column)
            values[cell.place, cell.column.name] = _value(cell, actor, names)
        except Invalid as refusal:
            refusals.append(Refusal(cell.place, cell.column.name, cell.text, refusal.message, refusal.values))
    return values, refusals


def read_files(
    actor: Actor, found: ListDefinition, place: int, values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Refusal]]:
    """The files that a change names by their ids, or by the tokens of those that were just sent."""
    read: dict[str, Any] = {}
    refusals: list[Refusal] = []
    for name, given in values.items():
        column = found.by_name.get(name)
        if column is None or column.type.name != "attachment" or not isinstance(given, list):
            continue
        try:
            read[name] = [_file(one, actor) for one in given]
        except Invalid as refusal:
            refusals.append(Refusal(place, name, given, refusal.message, refusal.values))
    return read, refusals


def _file(given: Any, actor: Actor) -> Any:
    known = given.get("id") if isinstance(given, dict) else None
    return attachments.chosen([known], actor)[0] if isinstance(known, str) else given


def _must_be_typed(column: Column) -> None:
    if column.by_program or not column.is_own:
        raise Invalid("", "This is set by the program.")
    if not column.in_form:
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
        if isinstance(kind, MultiChoiceColumn):
            return [_choice(kind, one, actor) for one in kind.parted(text)]
        return _choice(kind, text, actor)
    return _of_parts(kind, text, names)


def _of_parts(kind: ColumnType, text: str, names: _Names) -> Any:
    """Of what has an editor of its own: what one line of text says of it. Raises Invalid."""
    if kind.name == "address":
        return read_line(text, country_codes())
    if kind.name == "participants":
        return [names.participant(one) for one in _titles(kind, text)]
    if kind.name == "attachment":
        raise Invalid("", N_("Files are chosen in the cell's own editor; a text cannot be pasted here."))
    return RichTextColumn.of_plain(text) if kind.name == "rich_text" else text


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
    if (meant := kind.meant(text)) is not None:  # in another language than the reader's
        return meant
    labels = ", ".join(label for _value, label in choices[:20])
    raise Invalid("", "“%(value)s” is not one of: %(choices)s.", value=text[:40], choices=labels)


def _targets(kind: ColumnType) -> Sequence[str]:
    """The lists whose items are named in such a cell."""
    if kind.name == "participants":
        return list(PARTICIPANTS.values())
    return [kind.target] if kind.target else []


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
            for target in _targets(kind):
                wanted.setdefault(target, set()).update(_titles(kind, cell.text.replace("\x00", "").strip()))
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

    def participant(self, text: str) -> dict[str, Any]:
        """Who is meant: a colleague, a contact, or whoever reads that mailbox. Raises Invalid."""
        for kind, target in PARTICIPANTS.items():
            if (target, text) in self.found:
                return {kind: self.id_of(target, text)}
        return {"email": text} if "@" in text else {"contact": self.id_of("contacts", text)}

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
