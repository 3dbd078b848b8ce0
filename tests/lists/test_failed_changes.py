"""A change of lists or columns that fails at any of its statements leaves nothing, and succeeds when it is tried again.

Each change is tried with its first statement failing, then with its second, and so on, at last at its commit, as a lost
connection would have it; what is left after the last failure is the change itself. After each failure everything is as
it was: tables, columns, indexes, rows, what the program knows of the lists.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from house import House
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from caseroom.lists import (
    altering,
    bins,
    changing,
    changing_types,
    indexes,
    items,
    list_settings,
    list_templates,
    query,
    retyping,
    schema,
    views,
)
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.models import ListRow
from caseroom.lists.rights import Actor
from caseroom.portal.checking import findings

SHELVES = {
    "name": "shelves",
    "columns": [
        {"name": "code", "type": "text", "max": 100},
        {"name": "size", "type": "number", "decimals": 2},
        {"name": "state", "type": "choice", "choices": ["new", "used"]},
        {"name": "above", "type": "lookup", "list": "shelves"},
        {"name": "gone", "type": "text", "max": 100, "indexed": True},
        {"name": "number", "type": "auto_number"},
    ],
}
ROWS: list[dict[str, Any]] = [
    {"name": "Top", "code": "A", "size": "1.25", "state": "new", "gone": "g"}, {"name": "Low", "code": "B",
    "size": "2"},
    {"name": "In the bin", "code": "C", "size": "3", "state": "used"},
]  # fmt: skip
FILE = {
    "name": "boxes", "title": {"en": "Boxes"},
    "columns": [
        {"name": "name", "type": "text", "title": {"en": "Name"}, "required": True, "indexed": True},
        {"name": "shelf", "type": "lookup", "list": "shelves", "title": {"en": "Shelf"}},
        {"name": "twice", "type": "calculated", "formula": "weight * 2", "title": {"en": "Twice"}},
        {"name": "weight", "type": "number", "title": {"en": "Weight"}},
    ],
    "views": [{"name": "heavy", "title": {"en": "Heavy"}, "filter": "weight gt 5"}],
}  # fmt: skip


class Lost(Exception):
    """What the driver would say."""

    sqlite_errorname, sqlstate = "SQLITE_IOERR", "08006"


@contextmanager
def failing(house: House, at: int, *, for_ever: bool = False) -> Iterator[list[str]]:
    """The statement or commit with this number, counted from here, fails (or all from there on); answers what ran."""
    engine, ran = house.home.database.engine, list[str]()

    def note(statement: str) -> None:
        ran.append(statement)
        if len(ran) == at or (for_ever and len(ran) > at):
            raise OperationalError(statement, {}, Lost("the connection is lost"))

    def statement(_connection: Any, _cursor: Any, words: str, *_more: Any) -> None:
        note(words)

    def commit(_connection: Any) -> None:
        note("COMMIT")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield ran
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)


OF_SQLITE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
OF_POSTGRESQL = (
    "SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
    " CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) END FROM pg_class c"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attnum > 0"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i') ORDER BY 1, 3"
)
CONTENTS = "SELECT '{0}', coalesce(string_agg(t::text, ';' ORDER BY t::text), '') FROM \"{0}\" t"
TABLES = {
    True: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    False: "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def everything(house: House, *, rows_too: bool = True) -> tuple[Any, Any, Any]:
    """The schema of the whole database, all rows of all tables (or how many), and what the program knows of lists."""
    database = house.home.database
    with database.read() as session:
        schema_ = session.execute(text(OF_SQLITE if database.is_sqlite else OF_POSTGRESQL)).all()
        tables = session.scalars(text(TABLES[database.is_sqlite])).all()
        rows: Any
        if rows_too and database.is_sqlite:
            rows = {one: sorted(session.execute(text(f'SELECT * FROM "{one}"')).all(), key=repr) for one in tables}
        elif rows_too:  # the server says it in one answer
            rows = dict(session.execute(text(" UNION ALL ".join(CONTENTS.format(one) for one in sorted(tables)))).all())
        else:
            counted = " UNION ALL ".join(f"SELECT '{one}', count(*) FROM \"{one}\"" for one in sorted(tables))
            counters = session.execute(text("SELECT name, value FROM counters ORDER BY name")).all()
            rows = counters, session.execute(text(counted)).all()
        lists = [(one.name, one.version, [(column.id, column.name, column.type.name, dict(column.options))
                                          for column in one.columns], [view.name for view in one.views])
                 for one in catalogue(session).by_id.values()]  # fmt: skip
        return schema_, rows, lists


def works(house: House) -> None:
    """Somebody writes and reads on."""
    with house.read("admin") as (session, _actor):
        name = next(one for one in ("shelves", "owners") if one in catalogue(session).by_name)
    with house.write("admin") as (session, actor):
        made = items.create(session, actor, name, {"name": "Another"})
        assert query.get(session, actor, name, made.id)["name"] == "Another"
    assert [one for one in findings(house.home) if not one.startswith("follower")] == []


@pytest.fixture
def shelves(house: House) -> House:
    """A list with rows (one in the bin), a column in the bin, and a list that was put away."""
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, SHELVES)
        made = [items.create(session, actor, "shelves", row).id for row in ROWS]
        items.update(session, actor, "shelves", made[1], {"above": made[0]}, version=None)
        items.delete(session, actor, "shelves", made[2], version=None)
        bins.delete_column(session, actor, "shelves", "gone")
        schema.create_list(session, actor, {"name": "old", "columns": [{"name": "x", "type": "text"}]})
        bins.delete_list(session, actor, "old")
    return house


def in_bin(session: Session) -> int:
    return session.scalars(select(ListRow.id).where(ListRow.name.startswith("old-"))).one()


def gone(session: Session, actor: Actor) -> int:
    return next(row.id for row in bins.deleted_columns(session, actor, "shelves") if row.name.startswith("gone-"))


Change = Callable[[Session, Actor], Any]
CHANGES: dict[str, Change] = {
    "a new list": lambda session, actor: schema.create_list(session, actor, {
        "name": "racks", "columns": [{"name": "code", "type": "text", "max": 100, "unique": True}],
        "views": [{"name": "all", "columns": ["name"]}]}),
    "a list from a file": lambda session, actor: list_templates.apply(session, actor, FILE),
    "a list brought up to a file": lambda session, actor: list_templates.apply(session, actor, {
        **FILE, "name": "shelves", "columns": [{**one, **({"list": "shelves"} if "list" in one else {})}
                                               for one in FILE["columns"]]}),
    "a copy of a list": lambda session, actor: list_templates.copy(
        session, actor, "shelves", name="copies", title={"en": "Copies"}),
    "a list put away": lambda session, actor: bins.delete_list(session, actor, "shelves"),
    "a list brought back": lambda session, actor: bins.restore_list(session, actor, in_bin(session)),
    "another separation": lambda session, actor: list_settings.change(
        session, actor, "shelves", {"separation": "by_group"}),
    "a code list": lambda session, actor: list_settings.change(session, actor, "shelves", {"kind": "code"}),
    "a form": lambda session, actor: list_settings.change(
        session, actor, "shelves", {"form": [{"title": "Shelf", "columns": ["name", "code"]}]}),
    "a content type": lambda session, actor: changing_types.make(
        session, actor, "shelves", {"value": "shelf", "form": [{"columns": ["name", "code"]}]}),
    "a new column": lambda session, actor: schema.add_column(
        session, actor, "shelves", {"name": "x", "type": "text", "max": 100, "unique": True}),
    "a new number series": lambda session, actor: schema.add_column(
        session, actor, "shelves", {"name": "x", "type": "auto_number", "prefix": "S-"}),
    "a new calculated column": lambda session, actor: schema.add_column(
        session, actor, "shelves", {"name": "x", "type": "calculated", "formula": "size * 2"}),
    "another title and place": lambda session, actor: changing.change_column(
        session, actor, "shelves", "size", {"title": {"en": "Width"}, "position": 1}),
    "an index": lambda session, actor: changing.change_column(session, actor, "shelves", "code", {"indexed": True}),
    "a unique column": lambda session, actor: changing.change_column(session, actor, "shelves", "code",
    {"unique": True}),
    "other choices": lambda session, actor: changing.change_column(
        session, actor, "shelves", "state", {"choices": ["new", "used", "lost"]}),
    "a column put away": lambda session, actor: bins.delete_column(session, actor, "shelves", "above"),
    "a column brought back": lambda session, actor: bins.restore_column(session, actor, "shelves", gone(session,
    actor)),
    "a view": lambda session, actor: views.save(
        session, actor, "shelves", {"name": "small", "filter": "size lt 2", "shared": True, "default": True}),
}  # fmt: skip


TYPES: dict[str, tuple[str, dict[str, Any]]] = {
    "a number as text": ("size", {"type": "text", "max": 100, "indexed": True}),
    "a choice of several": ("state", {"type": "multi_choice"}),
}


def retype(house: House, admin: Actor, what: str) -> None:
    column, body = TYPES[what]
    retyping.change_type(house.home.database, admin, "shelves", column, body, confirmed=True)


def change(house: House, admin: Actor, what: str) -> None:
    """Do it, in the transactions that it has."""
    if what in TYPES:
        retype(house, admin, what)
    elif what == "an index by the worker":
        assert indexes.complete(house.home.database)
    else:
        with house.home.database.write() as session:
            CHANGES[what](session, admin)


def prepared(house: House, what: str) -> Actor:
    with house.read("admin") as (session, admin):
        found = definition(session, "shelves")
    if what == "an index by the worker":
        with house.home.database.write() as session:
            altering.drop_index(session, found.id, found.column("name").physical)
    return admin


@pytest.mark.parametrize("what", [*CHANGES, *TYPES, "an index by the worker"])
def test_a_change_that_fails_at_any_statement_leaves_nothing_and_then_succeeds(shelves: House, what: str) -> None:
    admin = prepared(shelves, what)
    before, counts = everything(shelves), everything(shelves, rows_too=False)
    for at in itertools.count(1):
        with failing(shelves, at) as ran:
            try:
                change(shelves, admin, what)
            except OperationalError:
                assert len(ran) >= at
            else:
                assert at > len(ran) > 2  # there was no further statement to fail
                break
        assert everything(shelves, rows_too=False) == counts, ran[at - 1]
        assert at % 10 or everything(shelves) == before, ran[at - 1]  # what one left would be there at the next look
    assert everything(shelves) != before
    works(shelves)


@pytest.mark.parametrize("what", TYPES)
def test_a_type_whose_change_was_cut_off_altogether_is_changed_when_it_is_tried_again(
    shelves: House, what: str
) -> None:
    """The connection stays lost, so that nothing can be tidied: what is left is out of sight, and does not disturb."""
    admin = prepared(shelves, what)
    before = everything(shelves)
    for at in itertools.count(1, 7):
        with failing(shelves, at, for_ever=True) as ran:
            try:
                change(shelves, admin, what)
            except OperationalError:
                assert len(ran) >= at
            else:
                break
        assert everything(shelves)[2] == before[2], at
        works(shelves)
    assert everything(shelves)[2] != before[2]
    works(shelves)
