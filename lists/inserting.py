"""Many rows in one statement, handed to the driver as it takes them.

SQLAlchemy's own way prepares every row by itself, which costs more than the database needs to store it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]
WORTH_COPYING = 10  # rows from which on PostgreSQL's COPY is quicker than to insert


@dataclass(frozen=True)
class _Statement:
    """`names` in the order of its parameters; `made`: the places whose values the driver takes in another form."""

    sql: str
    names: tuple[str, ...]
    made: tuple[tuple[int, Processor], ...]
    is_positional: bool

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[list[Any]]:
        """The values of each row, as the driver takes them."""
        values_of = itemgetter(*self.names)
        for row in rows:
            values = list(values_of(row))
            for place, make in self.made:
                values[place] = make(values[place])
            yield values


def insert_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns (two or more); nothing is filled in for those that they lack."""
    connection = session.connection()
    statement = _statement(table, tuple(rows[0]), connection.dialect)
    if not statement.is_positional and len(rows) >= WORTH_COPYING:
        _copy(connection, table, statement, rows)
        return
    parameters: Any = list(statement.rows(rows))
    if not statement.is_positional:
        parameters = [dict(zip(statement.names, values, strict=True)) for values in parameters]
    else:
        parameters = list(map(tuple, parameters))
    connection.exec_driver_sql(statement.sql, parameters)


def _copy(connection: Connection, table: Table, statement: _Statement, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same by PostgreSQL's COPY. Raises DBAPIError like every statement."""
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(map(quote, statement.names))
    sql = f"COPY {quote(table.name)} ({names}) FROM STDIN"
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            for values in statement.rows(rows):
                copy.write_row(values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(sql, None, error, connection.dialect.loaded_dbapi.Error) from error


@lru_cache(maxsize=2000)
def _statement(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Statement:
    compiled = table.insert().compile(dialect=dialect, column_keys=list(names))
    assert isinstance(compiled, SQLCompiler)
    kinds = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    order = tuple(compiled.positiontup or ()) if dialect.positional else names
    assert set(order) == set(names), "a column has a default that only SQLAlchemy knows"
    made = tuple((place, make) for place, name in enumerate(order) for make in [kinds[name]] if make is not None)
    return _Statement(str(compiled), order, made, dialect.positional)
