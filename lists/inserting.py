"""Many rows in one statement, handed to the driver as it takes them.

SQLAlchemy's own way prepares every row by itself, which costs more than the database needs to store it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any]


@dataclass(frozen=True)
class _Statement:
    """`names` in the order of its parameters, with what makes of each value the one that the driver takes."""

    sql: str
    names: tuple[tuple[str, Processor | None], ...]
    is_positional: bool


def insert_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns; nothing is filled in for columns that they do not have."""
    connection = session.connection()
    statement = _statement(table, tuple(rows[0]), connection.dialect)
    parameters: Any
    if statement.is_positional:
        parameters = [
            tuple([row[name] if make is None else make(row[name]) for name, make in statement.names]) for row in rows
        ]
    else:
        parameters = [
            {name: row[name] if make is None else make(row[name]) for name, make in statement.names} for row in rows
        ]
    connection.exec_driver_sql(statement.sql, parameters)


@lru_cache(maxsize=2000)
def _statement(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Statement:
    compiled = table.insert().compile(dialect=dialect, column_keys=list(names))
    assert isinstance(compiled, SQLCompiler)
    kinds = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    order = compiled.positiontup if dialect.positional else names
    assert order is not None and set(order) == set(names), "a column has a default that only SQLAlchemy knows"
    return _Statement(str(compiled), tuple((name, kinds[name]) for name in order), dialect.positional)
