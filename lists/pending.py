"""Rows that wait to be inserted together: hundreds in one statement cost a tenth of hundreds of statements.

Any other statement of the session writes them first, so that nobody reads without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, event, func, select
from sqlalchemy.orm import ORMExecuteState, Session

from .inserting import insert_many

KEY, IDS = "pending_rows", "reserved_ids"
RESERVED = 200


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Within this block rows may wait; at its end they are written."""
    session.info[KEY] = {}
    try:
        yield
        write(session)
    finally:
        del session.info[KEY]
        session.info.pop(IDS, None)


def insert(session: Session, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, later where rows may wait."""
    waiting = session.info.get(KEY)
    if waiting is None:
        insert_many(session, table, [row])
    else:
        waiting.setdefault((table, tuple(row)), []).append(row)


def insert_numbered(session: Session, table: Table, row: Mapping[str, Any]) -> int:
    """Insert a row without an id, later where rows may wait; answers the id that it gets."""
    if KEY not in session.info:
        return session.execute(table.insert().returning(table.c.id), row).scalar_one()
    number = _reserved(session, table)
    insert(session, table, {"id": number, **row})
    return number


def write(session: Session) -> None:
    """Insert all rows that wait."""
    waiting = session.info.get(KEY)
    if waiting:
        session.info[KEY] = {}
        for (table, _names), rows in waiting.items():
            insert_many(session, table, rows)


def drop(session: Session) -> None:
    """Forget the rows that wait, and the ids reserved for others: the savepoint that they belong to is rolled back."""
    if KEY in session.info:
        session.info[KEY] = {}
        session.info.pop(IDS, None)


@event.listens_for(Session, "do_orm_execute")
def _write_first(state: ORMExecuteState) -> None:
    write(state.session)


def _reserved(session: Session, table: Table) -> int:
    """An id that nobody else gets: on PostgreSQL from the sequence, on SQLite we are the only writer."""
    ids: list[int] = session.info.setdefault(IDS, {}).setdefault(table.name, [])
    if not ids:
        if session.get_bind().dialect.name == "sqlite":
            first = (session.scalar(select(func.max(table.c.id))) or 0) + 1
            ids += range(first, first + RESERVED)
        else:
            sequence = func.pg_get_serial_sequence(table.name, "id")
            ids += session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, RESERVED)))
        ids.reverse()
    return ids.pop()
