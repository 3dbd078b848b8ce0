"""What every column type knows: how it is stored, read, checked, shown, filtered, searched and exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from babel import Locale
from sqlalchemy import ColumnElement

from ..collations import collation
from ..errors import Invalid
from ..sqltypes import folded

COMPARE = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "in", "empty"})
TEXT = COMPARE | {"contains", "startswith", "endswith"}
# Options that have no meaning for a column that is never written.
NEVER_WRITTEN = ("required", "unique", "indexed", "default", "default_formula", "validation", "show_when")


@dataclass(frozen=True)
class Reader:
    """Whose eyes a value is shown to: language code and IANA time zone name."""

    language: str = "en"
    time_zone: str = "UTC"

    @property
    def locale(self) -> Locale:
        """The language's rules, parsed once: Babel would do so at every value."""
        return _locale(self.language)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language)


class ColumnType:
    """A column's type with its options. One subclass per type; adding a type touches one file and the registry.

    Subclasses set `name`, `operators` (what a filter may ask), `form_field` (which form macro edits it) and
    `option_names` (what a definition may say beyond the common options).
    """

    name: ClassVar[str]
    operators: ClassVar[frozenset[str]] = COMPARE
    form_field: ClassVar[str] = "text"
    option_names: ClassVar[frozenset[str]] = frozenset()
    lasting: ClassVar[frozenset[str]] = frozenset()  # options that stay as they are while the column stands
    described: ClassVar[Mapping[str, Any]] = {}  # options of its own in words: see options.py
    is_text: ClassVar[bool] = False
    is_multi: ClassVar[bool] = False
    is_composite: ClassVar[bool] = False  # whether a value has several parts, kept as JSON
    is_stored: ClassVar[bool] = True  # whether the list's table has a column for it
    is_given: ClassVar[bool] = True  # whether somebody writes it, not only the program
    is_searched: ClassVar[bool] = False  # whether a list page's search looks into it even where nobody asks for it
    is_indexed: ClassVar[bool] = False  # whether it has an index of its own even where nobody asks for it
    weight: int = 0  # what its own question in SQL takes of a parser's stack: formulas.tree
    first: Any = None  # with what it begins where nobody says a default
    target: str | None = None  # the list that a lookup points to; "users" for persons

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = dict(options)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> ColumnType:
        """The type with these options; some options make it another."""
        return cls(options)

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Refuse values of the type's own options that it cannot use. Raises Invalid on the option."""

    @property
    def result(self) -> ColumnType:
        """The type of its values: its own, but for calculated columns."""
        return self

    def sql_type(self) -> Any:
        """The SQL type of the column that holds it."""
        raise NotImplementedError

    def parse(self, raw: Any) -> Any:
        """The stored value of `raw` (JSON of the API, or a form's text); None when empty.

        Raises Invalid with an empty field name; the door adds the column's.
        """
        raise NotImplementedError

    def parse_operand(self, raw: Any) -> Any:
        """A filter's operand; for multi-values one value."""
        return self.parse(raw)

    def to_json(self, value: Any) -> Any:
        """The value as the API and the version history write it."""
        return value

    def from_json(self, value: Any) -> Any:
        """Back from the version history."""
        return self.parse(value)

    def format(self, value: Any, reader: Reader) -> str:
        """The value as people read it."""
        return "" if value is None else str(value)

    def form_value(self, value: Any, reader: Reader) -> Any:
        """The value as a form field shows it for editing."""
        return "" if value is None else self.to_json(value)

    def search_text(self, value: Any) -> str:
        """The words by which full text search finds it."""
        return ""

    def export_cell(self, value: Any) -> Any:
        """A typed spreadsheet cell: text, number, date or boolean."""
        return self.to_json(value)

    @property
    def wants_index(self) -> bool:
        """Whether it has one: lookups always, since they are followed backwards."""
        return bool(self.is_stored and (self.options.get("indexed") or self.options.get("unique") or self.is_indexed))

    def ordering(self, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """What its order goes by; an index is made on it."""
        return expression

    def sort_expression(self, expression: ColumnElement[Any], language: str) -> ColumnElement[Any]:
        """What ORDER BY and range filters compare: texts in the order of a language's letters."""
        return self.ordering(expression).collate(collation(language)) if self.is_text else self.ordering(expression)

    def search_expression(self, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """What contains, startswith and endswith look into."""
        return folded(expression)


def refuse(message: str, **values: Any) -> Invalid:
    """A refusal without a field's name yet."""
    return Invalid("", message, **values)


def refuse_options(options: Mapping[str, Any], *names: str) -> None:
    """Refuse options that have no meaning for a type whose values nobody writes. Raises Invalid."""
    for name in names:
        if options.get(name):
            raise Invalid(name, "A column that the program fills in has no such option.")
