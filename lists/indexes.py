"""The indexes that columns ask for and that are not there yet, made beside everybody's work.

An index is missing when somebody is the first to read in a language, and when a column of a large list is to have one.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from . import altering, schema
from .catalogue import catalogue, table_name
from .database import Database


def complete(database: Database) -> bool:
    """Make one missing index. Answers whether there was any."""
    with database.read() as session:
        found = next(missing(session), None)
    if found is None:
        return False
    if database.is_sqlite:
        with database.write() as session:
            session.execute(text("CREATE INDEX IF NOT EXISTS {} ON {} ({})".format(*found)))
    else:
        _make_concurrently(database, *found)
    return True


def missing(session: Session) -> Iterator[tuple[str, str, str]]:
    """Every index that a column asks for and the database has not: its name, its table, and what it is on."""
    there, in_use = altering.index_names(session), altering.collations_in_use(session)
    for found in catalogue(session).by_id.values():
        for column in found.own_columns:
            if schema.wants_index(column.type, column.options):
                wanted = altering.wanted_indexes(session, found.id, column.physical, column.type, in_use)
                yield from ((index, table_name(found.id), keys) for index, keys in wanted.items() if index not in there)


def _make_concurrently(database: Database, index: str, table: str, keys: str) -> None:
    """While others read and write. PostgreSQL allows it in no transaction, and leaves a broken index where it fails."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"))
        connection.execute(text(f"CREATE INDEX CONCURRENTLY {index} ON {table} ({keys})"))
