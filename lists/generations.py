"""How often the lists' definitions, the scopes and the people have changed: what a process keeps of them, it keeps by
these counters. All are read by one statement, once per session.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, column, event, select
from sqlalchemy import table as sql_table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import ORMExecuteState, Session

V = TypeVar("V")
DEFINITIONS, SCOPES, PEOPLE = "definitions", "scopes", "people"
_ALL = (DEFINITIONS, SCOPES, PEOPLE)
_KNOWN, _RAISED, _RAISED_AT_ONCE = "generations", "generations raised", "generations raised at once"
_READING = "SELECT name, value FROM counters WHERE name IN ('definitions', 'scopes', 'people')"
_OF_PEOPLE = frozenset({"users", "user_roles", "memberships", "group_owners"})  # tables


def columns() -> list[ColumnElement[int]]:
    """The generations as columns, for a statement that asks for something else first: see `noted`."""
    table = sql_table("counters", column("name"), column("value"))
    return [select(table.c.value).where(table.c.name == name).scalar_subquery().label(name) for name in _ALL]


def noted(session: Session, row: Row[Any]) -> None:
    """The session has read the `columns` in this row."""
    session.info[_KNOWN] = {name: row._mapping[name] or 0 for name in _ALL}


def read(session: Session) -> dict[str, int]:
    """The generations as of now."""
    rows = session.connection().exec_driver_sql(_READING)  # every session begins with it: as little as can be
    found: dict[str, int] = {**dict.fromkeys(_ALL, 0), **{row[0]: row[1] for row in rows}}
    session.info[_KNOWN] = found
    return found


def of(session: Session, name: str) -> int | None:
    """A generation as of this session's instant; None where it is being raised here, and may be rolled back."""
    if name in session.info.get(_RAISED, ()) or name in session.info.get(_RAISED_AT_ONCE, ()):
        return None
    return known(session)[name]


def kept(
    session: Session, what: str, by: tuple[str, ...], key: Hashable, find: Callable[[], V], most: int
) -> V:
    """What `find` says, kept by the process under `what` and `key` until one of the counters `by` is raised.

    At most so many are kept. While this session raises one of the counters, it keeps nothing for others.
    """
    now = tuple(of(session, name) for name in by)
    if None in now:
        return find()
    there: dict[Hashable, tuple[tuple[int | None, ...], V]] = session.info["database"].caches.setdefault(what, {})
    found = there.get(key)
    if found is None or found[0] != now:
        if len(there) >= most:
            there.clear()
        found = there[key] = (now, find())
    return found[1]


def known(session: Session) -> dict[str, int]:
    """The generations as this session has read them."""
    return session.info.get(_KNOWN) or read(session)


def raised(session: Session, name: str) -> None:
    """One was raised at once: read them anew."""
    session.info.setdefault(_RAISED_AT_ONCE, set()).add(name)
    session.info.pop(_KNOWN, None)


def raise_later(session: Session, name: str) -> None:
    """Something of this kind has changed."""
    session.info.setdefault(_RAISED, set()).add(name)


def settle(session: Session) -> None:
    """Raise what is to be raised. At the transaction's end, since nobody passes a counter's row until it is over."""
    from .models import Counter

    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for name in sorted(session.info.pop(_RAISED, ())):
        row = insert(Counter).values(name=name, value=1)
        session.execute(row.on_conflict_do_update(index_elements=[Counter.name], set_={"value": Counter.value + 1}))


@event.listens_for(Session, "after_flush")
def _note_changed_people(session: Session, _context: Any) -> None:
    changed = (*session.new, *session.dirty, *session.deleted)
    if any(one.__tablename__ in _OF_PEOPLE for one in changed):
        raise_later(session, PEOPLE)


@event.listens_for(Session, "do_orm_execute")
def _note_changed_rows_of_people(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and _table_of(state) in _OF_PEOPLE:
        raise_later(state.session, PEOPLE)


def _table_of(state: ORMExecuteState) -> str:
    return getattr(getattr(state.statement, "table", None), "name", "")
