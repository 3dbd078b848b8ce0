"""SQL types and expressions that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from unicodedata import combining, normalize

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    Numeric,
    String,
    Text,
    any_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import UnaryExpression
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def is_storable(value: Any) -> bool:
    """Whether both databases keep this JSON value: no NUL, no half of a pair, no number that is none."""
    if isinstance(value, str):
        return not _UNSTORABLE.search(value)
    if isinstance(value, dict):
        return all(is_storable(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(is_storable(part) for part in value)
    return not isinstance(value, float) or math.isfinite(value)


def _utc(value: datetime.datetime | None) -> datetime.datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return None if value is None else value.astimezone(datetime.UTC)


@lru_cache(maxsize=256)
def _utc_text(value: datetime.datetime | None) -> str | None:
    """As SQLAlchemy's dialect for SQLite writes it; the rows of one transaction share their instants."""
    at = _utc(value)
    return None if at is None else at.replace(tzinfo=None).isoformat(" ", "microseconds")


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """An instant. Aware values in any zone go in, aware UTC values come out; a naive value is refused."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime.datetime]:
        """What comes out: cursors of pages are checked against it."""
        return datetime.datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def bind_processor(self, dialect: Dialect) -> Any:
        """In one step, as `ExactDecimal` does."""
        return _utc if dialect.name == "postgresql" else _utc_text

    def process_result_value(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=datetime.UTC) if value.tzinfo is None else value.astimezone(datetime.UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal number kept exactly: NUMERIC on PostgreSQL, an integer of 10^-scale units on SQLite."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    @property
    def python_type(self) -> type[Decimal]:
        """What comes out, whatever the database keeps inside: cursors of pages are checked against it."""
        return Decimal

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        native: TypeEngine[Any] = Numeric(24, self.scale) if dialect.name == "postgresql" else BigInteger()
        return dialect.type_descriptor(native)  # pyright: ignore[reportArgumentType]

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Decimal | int | None:
        if value is None or dialect.name == "postgresql":
            return value
        return int(Decimal(value).scaleb(self.scale).to_integral_value())

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """In one step: SQLAlchemy's own way by `process_result_value` takes twice as long, for each value of a page."""
        if dialect.name == "postgresql":
            return lambda value: None if value is None else Decimal(value)
        if self.scale == 0:
            return lambda value: None if value is None else Decimal(int(value))
        places = -self.scale
        return lambda value: None if value is None else Decimal(int(value)).scaleb(places)


WHOLE = Integer()  # one for all statements: of each new one SQLAlchemy finds out anew what it is


def among(
    session: Session, column: ColumnElement[Any], values: Sequence[Any], kind: TypeEngine[Any]
) -> ColumnElement[bool]:
    """Whether the column has one of many numbers or texts, bound as one array: the statement is the same for however
    many, and single ones would cost more than the question.
    """
    given = array(session, values, kind)
    return _in_array(session, column, bindparam(None, given, _of_arrays(session, kind), unique=True))


def among_given(session: Session, column: ColumnElement[Any], name: str, kind: TypeEngine[Any]) -> ColumnElement[bool]:
    """The same of an `array` that is given under this name when the statement is executed."""
    return _in_array(session, column, bindparam(name, type_=_of_arrays(session, kind)))


def array(session: Session, values: Sequence[Any], kind: TypeEngine[Any]) -> Any:
    """Numbers or texts as the database takes many of them."""
    if not _has_arrays(session):
        return json.dumps(list(values))
    return f"{{{','.join(map(str, values))}}}" if kind is WHOLE else list(values)


def _in_array(session: Session, column: ColumnElement[Any], given: ColumnElement[Any]) -> ColumnElement[bool]:
    if _has_arrays(session):
        return column == any_(given)
    return column.in_(select(literal_column("value", column.type)).select_from(func.json_each(given)))


def _of_arrays(session: Session, kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if not _has_arrays(session):
        return _TEXT
    return _WHOLE_NUMBERS if kind is WHOLE else ARRAY(kind)


def _has_arrays(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


class _WholeNumbers(TypeDecorator[Any]):
    """Many whole numbers as PostgreSQL writes them: a statement that is kept has the rights of its reader in it, and
    the driver would write these hundreds anew each time."""

    impl = ARRAY(WHOLE)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        return None


_TEXT, _WHOLE_NUMBERS = Text(), _WholeNumbers()


def without_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column's value, for SQLite a computed one: no index is used for it (sqlite.org/optoverview, 4)."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def by_scope(scope: ColumnElement[int]) -> ColumnElement[int]:
    """A row's scope as SQLite's index has it. Asked so, rows are found by that index; asked plainly, never."""
    return scope + literal_column("0")


class json_has(FunctionElement[bool]):
    """json_has(column, value): the JSON array in `column` holds `value` (a number or a text)."""

    type = Boolean()
    inherit_cache = True
    name = "json_has"


@compiles(json_has, "sqlite")
def _json_has_sqlite(element: json_has, compiler: Any, **kw: Any) -> str:
    column, value = (compiler.process(clause, **kw) for clause in element.clauses)
    each = f"SELECT 1 FROM json_each({column}) AS je WHERE je.value = {value}"  # noqa: S608 - compiled clauses
    return f"EXISTS ({each})"


@compiles(json_has, "postgresql")
def _json_has_postgresql(element: json_has, compiler: Any, **kw: Any) -> str:
    column, value = list(element.clauses)
    return f"coalesce({compiler.process(column, **kw)} @> jsonb_build_array({compiler.process(value, **kw)}), false)"


class folded(FunctionElement[str]):
    """folded(text): lower case without accents, for search that does not mind either."""

    type = String()
    inherit_cache = True
    name = "folded"


@compiles(folded, "sqlite")
def _folded_sqlite(element: folded, compiler: Any, **kw: Any) -> str:
    return f"caseroom_fold({compiler.process(element.clauses, **kw)})"


@compiles(folded, "postgresql")
def _folded_postgresql(element: folded, compiler: Any, **kw: Any) -> str:
    # Decompose, drop the combining marks, lower: the same rule as `fold`, inside the server.
    inner = compiler.process(element.clauses, **kw)
    whole = f"normalize(lower(translate({inner}, 'İIı', 'iii')), NFKD)"
    for letter, letters in _WITHOUT_MARKS.items():
        if len(letters) > 1:
            whole = f"replace({whole}, '{letter}', '{letters}')"
    single = {letter: plain for letter, plain in _WITHOUT_MARKS.items() if len(plain) == 1}
    whole = f"translate({whole}, '{''.join(single)}', '{''.join(single.values())}')"
    return f"regexp_replace({whole}, '[\\u0300-\\u036f]', '', 'g')"


# Letters with a stroke through them, and pairs written as one, are no letter and a mark to Unicode: NFKD leaves them.
_WITHOUT_MARKS = {
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
}  # fmt: skip
_PLAIN = str.maketrans(_WITHOUT_MARKS)
_TURKISH = str.maketrans({"İ": "i", "I": "i", "ı": "i"})


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """`text` in lower case without accents and strokes; dotless and dotted i are one letter."""
    decomposed = normalize("NFKD", text.translate(_TURKISH).lower()).translate(_PLAIN)
    return "".join(letter for letter in decomposed if not combining(letter))
