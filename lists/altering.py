"""Changing the lists' own tables, in the caller's transaction, so that a failed change leaves nothing behind.

On PostgreSQL a change waits but shortly for its lock and then lets the others go first (DESIGN 3): whoever waits long
for a table keeps everybody else waiting behind. SQLite has one writer at a time, and DDL rolls back since we begin the
transaction ourselves (database.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column as SqlColumn
from sqlalchemy import inspect, literal_column, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from . import collations
from .catalogue import table_name
from .columns import ColumnType
from .database import database_of
from .models import User

TRIES, PATIENCE = 12, "400ms"
SMALL = 20_000  # rows: an index on so few is made within a moment
_BEHIND = "id, scope_id, deleted"
_LOCK_NOT_AVAILABLE = "55P03"
_OF_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'index'"
_OF_POSTGRESQL = (
    "SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid"
    " WHERE relnamespace = current_schema()::regnamespace AND indisvalid"
)


def add_column(session: Session, list_id: int, physical: str, kind: ColumnType) -> None:
    """A further column, empty in every row."""
    table = table_name(list_id)
    _patiently(session, lambda operations: operations.add_column(table, SqlColumn(physical, kind.sql_type())))


def drop_column(session: Session, list_id: int, physical: str) -> None:
    """Take a column and its values out of the table for ever, with its indexes."""
    table = table_name(list_id)
    drop_index(session, list_id, physical)
    _drop(session, table, _unique_index(table, physical))
    if any(one["name"] == physical for one in inspect(session.connection()).get_columns(table)):
        _patiently(session, lambda operations: operations.drop_column(table, physical))


def drop_table(session: Session, list_id: int) -> None:
    """Take a list's table away for ever, with its indexes."""
    _patiently(session, lambda operations: operations.drop_table(table_name(list_id)))


def create_index(session: Session, list_id: int, physical: str, kind: ColumnType) -> None:
    """The indexes for filters and sorts by the column that are not there yet.

    On SQLite they keep nobody waiting who does not write; in a large table on PostgreSQL they are left to the worker
    (`indexes.complete`), who keeps nobody waiting at all.
    """
    if database_of(session).is_sqlite or not has_more_rows(session, list_id, SMALL):
        for index, keys in wanted_indexes(session, list_id, physical, kind, collations_in_use(session)).items():
            if not _has_index(session, index):
                _patiently(session, partial(_create, index=index, table=table_name(list_id), keys=keys))


def _create(operations: Operations, index: str, table: str, keys: str) -> None:
    operations.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({keys})")


def has_more_rows(session: Session, list_id: int, number: int) -> bool:
    """Whether a list has more rows than this, those in its bin among them."""
    row = text(f"SELECT 1 FROM {table_name(list_id)} LIMIT 1 OFFSET {number}")  # noqa: S608 - our own name
    return session.execute(row).first() is not None


def wanted_indexes(
    session: Session, list_id: int, physical: str, kind: ColumnType, in_use: Sequence[str]
) -> dict[str, str]:
    """What each of the column's indexes is on, by name. A text has one for each order of letters that is in use.

    A row's rights, and whether it is in a bin, stand in them as well: what is not to be seen is not looked up.
    """
    order = str(kind.ordering(literal_column(physical)).compile(session.connection()))
    name = _index(table_name(list_id), physical)
    if kind.is_text:
        return {_of(name, one): f"{order} COLLATE {one}, {_BEHIND}" for one in in_use}
    return {name: f"{order}, {_BEHIND}"}


def index_names(session: Session) -> frozenset[str]:
    """The indexes that the database has, and may use."""
    known = _OF_SQLITE if database_of(session).is_sqlite else _OF_POSTGRESQL
    return frozenset(session.scalars(text(known)))


def collations_in_use(session: Session) -> list[str]:
    """The orders of letters of the house's language and of everybody's."""
    languages = {database_of(session).house.language, *session.scalars(select(User.language).distinct())}
    return sorted({collations.collation(language) for language in languages})


def _of(index: str, collation: str) -> str:
    return index + collation.removeprefix(collations.ROOT)


def create_unique_index(session: Session, list_id: int, physical: str) -> None:
    """From now on no value stands in two rows, those in the recycle bin too."""
    table = table_name(list_id)
    index = _unique_index(table, physical)
    if not _has_index(session, index):
        _patiently(session, lambda operations: operations.create_index(index, table, [physical], unique=True))


def drop_index(session: Session, list_id: int, physical: str) -> None:
    """They would cost time at every write, for values that nobody asks for any more."""
    table = table_name(list_id)
    for language in collations.LANGUAGES:
        _drop(session, table, _of(_index(table, physical), collations.collation(language)))


def _drop(session: Session, table: str, index: str) -> None:
    if _has_index(session, index):
        _patiently(session, lambda operations: operations.drop_index(index, table))


def _index(table: str, physical: str) -> str:
    return f"ix_{table}_{physical}"


def _unique_index(table: str, physical: str) -> str:
    return f"{_index(table, physical)}_unique"


def _has_index(session: Session, name: str) -> bool:
    """Asked of the database itself: of indexes on expressions, as number series have them, `inspect` knows nothing."""
    return name in index_names(session)


def _patiently(session: Session, change: Callable[[Operations], Any]) -> None:
    """Change a table; on PostgreSQL by short attempts. Raises OperationalError when the table is never free."""
    operations = Operations(MigrationContext.configure(session.connection()))
    if database_of(session).is_sqlite:
        change(operations)
        return
    for turn in range(1, TRIES + 1):
        try:
            with session.begin_nested():
                session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
                change(operations)
                session.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
            return
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE or turn == TRIES:
                raise
            time.sleep(0.05 * turn)
