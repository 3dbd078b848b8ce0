"""Sums and averages of exact numbers in SQL: whole units on SQLite, NUMERIC on PostgreSQL, never rounded on the way.

What grows beyond the largest number that columns hold becomes empty, as in formulas, and never an error.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from .sqltypes import ExactDecimal

_PART = 10**9  # SQLite's sum() fails beyond 64 bits: the billions and the rest are added up apart


class exact_sum(FunctionElement[Any]):
    """exact_sum(number, places): the sum of stored numbers with so many decimal places."""

    inherit_cache = True
    name = "exact_sum"


class exact_average(FunctionElement[Any]):
    """exact_average(number, places, more): their average, with `more` places in addition, halves away from zero."""

    inherit_cache = True
    name = "exact_average"


def total(number: ColumnElement[Any], places: int) -> ColumnElement[Any]:
    """The sum of a column of numbers with so many places."""
    made = exact_sum(number, _written(places))
    made.type = ExactDecimal(places)
    return made


def average(number: ColumnElement[Any], places: int, wanted: int) -> ColumnElement[Any]:
    """The average of a column of numbers with so many places, with `wanted` (at least as many)."""
    made = exact_average(number, _written(places), _written(wanted - places))
    made.type = ExactDecimal(wanted)
    return made


def _written(number: int) -> ColumnElement[int]:
    return literal_column(str(number))


def _number_of(element: Any) -> int:
    return int(element.name)


def _sqlite_sum(number: str, places: int) -> str:
    # Beyond 64 bits this is a float, and not an error.
    made = f"sum({number} / {_PART}) * {_PART} + sum({number} % {_PART})"
    return f"CASE WHEN abs({made}) < {10 ** (12 + places)} THEN {made} END"


@compiles(exact_sum, "sqlite")
def _sum_sqlite(element: exact_sum, compiler: Any, **kw: Any) -> str:
    number, places = element.clauses
    return f"({_sqlite_sum(compiler.process(number, **kw), _number_of(places))})"


@compiles(exact_sum, "postgresql")
def _sum_postgresql(element: exact_sum, compiler: Any, **kw: Any) -> str:
    number, _ = element.clauses
    made = f"sum({compiler.process(number, **kw)})"
    return f"(CASE WHEN abs({made}) < {10**12} THEN {made} END)"


@compiles(exact_average, "sqlite")
def _average_sqlite(element: exact_average, compiler: Any, **kw: Any) -> str:
    number, places, more = element.clauses
    text = compiler.process(number, **kw)
    twice, count = f"({_sqlite_sum(text, _number_of(places))}) * {2 * 10 ** _number_of(more)}", f"count({text})"
    return (
        f"(CASE WHEN {twice} < 0 THEN -((-({twice}) + {count}) / (2 * {count})) "
        f"ELSE ({twice} + {count}) / (2 * {count}) END)"
    )


@compiles(exact_average, "postgresql")
def _average_postgresql(element: exact_average, compiler: Any, **kw: Any) -> str:
    number, places, more = element.clauses
    made = f"avg({compiler.process(number, **kw)})"
    return f"(CASE WHEN abs({made}) < {10**12} THEN round({made}, {_number_of(places) + _number_of(more)}) END)"
