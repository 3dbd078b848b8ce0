"""A list's rows in a file and a file's rows in a list: by external id or GUID; what they refer to by name too."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from . import folders, items, query
from .catalogue import Column, ListDefinition, catalogue, definition
from .columns import Reference
from .database import Database
from .errors import Invalid
from .list_files import placed
from .models import User
from .rights import Actor

CHUNK = 200
Row = Mapping[str, Any]


@dataclass
class Applied:
    """What became of a file: the list, whether it was made, what was changed, and rows by what became of them."""

    name: str
    made: bool = False
    changed: list[str] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[Invalid] = field(default_factory=list)  # rows of a copy that its own rules do not let in


# --- Rows as a file has them ------------------------------------------------------------------------


def rows_of(
    session: Session, actor: Actor, list_name: str, *, by_id: bool = False, but: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """The rows as a file has them, page by page. `by_id`: references into other lists stay numbers (for a copy), `but`
    those of these columns."""
    found = definition(session, list_name)
    columns = _written(found)
    after = None
    while True:
        page = query.page(session, actor, list_name, columns=["external_id", *(one.name for one in columns)],
                          limit=500, after=after)  # fmt: skip
        names = _Naming(session, actor, found, columns, page.items)
        for item in page.items:
            row: dict[str, Any] = {"external_id": item["external_id"] or item.guid}
            for column in columns:
                value = names.value(column, item[column.name], by_id=by_id and column.name not in but)
                row |= {column.name: value} if value is not None else {}
            yield row
        after = page.next
        if after is None:
            return


def _written(found: ListDefinition) -> list[Column]:
    """The columns whose values a file's rows have."""
    return [one for one in found.visible_columns if not one.by_program and one.type.name != "attachment"]


class _Naming:
    """How the references of some rows are written: by external id and name, users by their address."""

    def __init__(
        self, session: Session, actor: Actor, found: ListDefinition, columns: Sequence[Column], rows: Sequence[Any]
    ) -> None:
        self.found = found
        wanted: dict[str, set[int]] = {}
        for column in columns:
            if column.type.target:
                for item in rows:
                    wanted.setdefault(column.type.target, set()).update(one.id for one in _many(item[column.name]))
        self.keys = {target: _keys_of(session, target, ids) for target, ids in wanted.items()}

    def value(self, column: Column, value: Any, *, by_id: bool) -> Any:
        target = column.type.target
        if value is None or not target:
            return None if value is None else column.type.to_json(value)
        if by_id and target != self.found.name:
            many: list[Any] = [one.id for one in _many(value)]
        else:
            many = [self._named(one, target) for one in _many(value)]
        return many if column.type.is_multi else (many[0] if many else None)

    def _named(self, one: Reference, target: str) -> dict[str, str]:
        key = self.keys[target].get(one.id, "")
        return {"email": key} if target == "users" else {"external_id": key, "name": one.title}


def _many(value: Any) -> list[Reference]:
    many = value if isinstance(value, list) else [value]
    return [one for one in many if isinstance(one, Reference)]


def _keys_of(session: Session, target: str, ids: set[int]) -> dict[int, str]:
    if target == "users":
        wanted = select(User.id, User.email).where(User.id.in_(ids))
        return {row[0]: row[1] for row in session.execute(wanted)}
    table = definition(session, target).table
    rows = session.execute(select(table.c.id, table.c.external_id, table.c.guid).where(table.c.id.in_(ids)))
    return {row[0]: row[1] or row[2] for row in rows}


# --- Rows of a file into a list --------------------------------------------------------------------


# --- Rows -----------------------------------------------------------------------------------------


def apply_rows(
    database: Database, actor: Actor, done: Applied, rows: Callable[[], Iterable[Row]], *, in_part: bool = False
) -> Applied:
    """Write rows through the door, a portion per transaction; those that stand already are brought up to them.

    `rows` gives them from the beginning: first every row without its references into the list itself, then these.
    Raises Misplaced; what was written before stays, and the same can be done again. `in_part`: rows that the list
    refuses are left out and named in `refused`.
    """
    actor = replace(actor, as_it_stood=True)
    for own in (False, True)[: 1 + bool(_pointing_into_itself(database, done.name))]:
        numbered = enumerate(rows(), 1)
        while portion := list(itertools.islice(numbered, CHUNK)):
            with database.write() as session:
                writing = _Writing(session, actor, done)
                for number, row in portion:
                    with placed({}, f"rows[{number}]"):
                        if own:
                            writing.second(row)
                        elif in_part:
                            _take_what_fits(writing, row, done)
                        else:
                            writing.first(row)
    return done


def _take_what_fits(writing: _Writing, row: Row, done: Applied) -> None:
    try:
        writing.first(row)
    except Invalid as refusal:
        done.refused.append(refusal)


def _pointing_into_itself(database: Database, list_name: str) -> list[str]:
    with database.read() as session:
        found = definition(session, list_name)
        return [one.name for one in _written(found) if one.type.target == list_name]


class _Writing:
    """The rows of one transaction, with what they refer to found by external id or name."""

    def __init__(self, session: Session, actor: Actor, done: Applied) -> None:
        self.session, self.actor, self.done = session, actor, done
        self.found = definition(session, done.name)
        self.own = {one.name for one in _written(self.found) if one.type.target == done.name}
        self.ids: dict[tuple[str, str], int] = {}

    def first(self, row: Mapping[str, Any]) -> None:
        key = _text(row.get("external_id"), "external_id")
        values = {name: value for name, value in row.items() if name not in self.own and name != "external_id"}
        values = self._values(values)
        standing = self._standing(key)
        if standing is None:
            items.add(self.session, self.actor, self.done.name, {**values, "external_id": key})
            self.done.created += 1
        elif items.change(self.session, self.actor, self.done.name, standing, values, version=None):
            self.done.updated += 1
        else:
            self.done.unchanged += 1

    def second(self, row: Mapping[str, Any]) -> None:
        values = self._values({name: value for name, value in row.items() if name in self.own})
        standing = self._standing(_text(row.get("external_id"), "external_id"))
        if values and standing is not None:
            items.change(self.session, self.actor, self.done.name, standing, values, version=None)

    def _standing(self, key: str) -> int | None:
        table = self.found.table
        there = select(table.c.id).where(or_(table.c.external_id == key, table.c.guid == key))
        return self.session.scalar(there.where(table.c.deleted.is_(None)).order_by(table.c.id).limit(1))

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in row.items():
            column = self.found.by_name.get(name)
            if column is None:
                raise Invalid(name[:80], "The list %(list)s has no column %(column)s.",
                              list=self.found.name, column=name[:80])  # fmt: skip
            values[name] = self._references(column, value) if column.type.target else value
        return values

    def _references(self, column: Column, value: Any) -> Any:
        many = value if isinstance(value, list) else [] if value is None else [value]
        try:
            ids = [self._id(str(column.type.target), one) for one in many]
        except Invalid as refusal:
            raise Invalid(column.name, refusal.message, **refusal.values) from None
        return ids if column.type.is_multi else (ids[0] if ids else None)

    def _id(self, target: str, given: Any) -> int:
        if isinstance(given, int) and not isinstance(given, bool):
            return given  # a copy within the house; the door asks whether it is there
        if not isinstance(given, Mapping):
            raise Invalid("", "A reference has an external id, a name or an e-mail address.")
        for key in ("external_id", "name", "email"):
            text = given.get(key)
            if text and (found := self._find(target, key, _text(text, key))):
                return found
        told = given.get("name") or given.get("email") or given.get("external_id") or ""
        raise Invalid("", "There is no “%(name)s” in the list %(list)s.", name=str(told)[:80], list=target)

    def _find(self, target: str, key: str, text: str) -> int | None:
        if (target, text) in self.ids:
            return self.ids[target, text]
        if target == "users":
            rows = self.session.scalars(select(User.id).where(User.email == text.lower())).all()
        elif key == "email":
            return None
        else:
            table = catalogue(self.session).get(target).table
            name = catalogue(self.session).get(target).sql("name")
            same = name == text if key == "name" else or_(table.c.external_id == text, table.c.guid == text)
            there = select(table.c.id).where(same, table.c.deleted.is_(None)).limit(2)
            rows = self.session.scalars(there).all()
        if len(rows) == 1:
            self.ids[target, text] = rows[0]
        return rows[0] if len(rows) == 1 else None


def _text(value: Any, field_name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise Invalid(field_name, "This must be a text.")
    return value


def copy_rows(database: Database, actor: Actor, list_name: str, done: Applied) -> Applied:
    """Copy the rows that the actor sees into a copy of their list, through the door; their own folders first."""
    with database.read() as session:
        arranged = folders.own_of(catalogue(session), definition(session, list_name))
        copied = folders.own_of(catalogue(session), definition(session, done.name))
    by_name: list[str] = []
    if arranged is not None and copied is not None:
        copy_rows(database, actor, arranged.list.name, Applied(copied.list.name))
        by_name.append(arranged.column.name)

    def rows() -> Iterator[Row]:
        with database.read() as session:
            yield from rows_of(session, actor, list_name, by_id=True, but=by_name)

    return apply_rows(database, actor, done, rows, in_part=True)
