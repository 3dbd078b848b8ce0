"""What every column type knows: how it is stored, read, checked, shown, filtered, searched and exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import ColumnElement

from ..errors import Invalid
from ..sqltypes import COLLATION, folded

COMPARE = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "in", "empty"})
TEXT = COMPARE | {"contains", "startswith", "endswith"}


@dataclass(frozen=True)
class Reader:
    """Whose eyes a value is shown to: language code and IANA time zone name."""

    language: str = "en"
    time_zone: str = "UTC"


class ColumnType:
    """A column's type with its options. One subclass per type; adding a type touches one file and the registry.

    Subclasses set `name`, `operators` (what a filter may ask), `form_field` (which form macro edits it) and
    `option_names` (what a definition may say beyond the common options).
    """

    name: ClassVar[str]
    operators: ClassVar[frozenset[str]] = COMPARE
    form_field: ClassVar[str] = "text"
    option_names: ClassVar[frozenset[str]] = frozenset()
    is_text: ClassVar[bool] = False
    is_multi: ClassVar[bool] = False
    is_stored: ClassVar[bool] = True  # whether the list's table has a column for it
    target: str | None = None  # the list that a lookup points to; "users" for persons

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = dict(options)

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

    def sort_expression(self, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """What ORDER BY and range filters compare."""
        return expression.collate(COLLATION) if self.is_text else expression

    def search_expression(self, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """What contains, startswith and endswith look into."""
        return folded(expression)


def refuse(message: str, **values: Any) -> Invalid:
    """A refusal without a field's name yet."""
    return Invalid("", message, **values)
