"""Calculated columns: a formula over the item's other columns, computed whenever it is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .base import ColumnType, Reader, refuse
from .dates import DateColumn, DateTimeColumn
from .numbers import BooleanColumn, CurrencyColumn, NumberColumn, PercentColumn
from .text import TextColumn

FORMATS: dict[str, type[NumberColumn]] = {"number": NumberColumn, "currency": CurrencyColumn, "percent": PercentColumn}
_RESULTS: dict[str, type[ColumnType]] = {
    **FORMATS, "text": TextColumn, "boolean": BooleanColumn, "date": DateColumn, "datetime": DateTimeColumn,
}  # fmt: skip


class CalculatedColumn(ColumnType):
    """A `formula` (docs/formulas.md). Numbers: `decimals`, `format` (number, currency, percent), `currency_column`.

    The option `result`, the type of its values, is found from the formula when the column is made.
    """

    name = "calculated"
    form_field = "fixed"
    option_names = frozenset({"formula", "decimals", "format", "currency_column"})
    is_stored = False

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.options.setdefault("currency_column", "currency")

    @cached_property
    def result(self) -> ColumnType:  # type: ignore[override]
        found = self.options.get("result") or {"type": "text"}
        return _RESULTS[found["type"]]({**self.options, **found})

    @property
    def operators(self) -> frozenset[str]:  # type: ignore[override]
        return self.result.operators

    @property
    def is_text(self) -> bool:  # type: ignore[override]
        return self.result.is_text

    def sql_type(self) -> Any:
        raise TypeError("a calculated column has no place in the table")

    def parse(self, raw: Any) -> Any:
        raise refuse("This is calculated; it cannot be set.")

    def parse_operand(self, raw: Any) -> Any:
        return self.result.parse_operand(raw)

    def to_json(self, value: Any) -> Any:
        return self.result.to_json(value)

    def format(self, value: Any, reader: Reader) -> str:
        return self.result.format(value, reader)

    def form_value(self, value: Any, reader: Reader) -> Any:
        return self.result.form_value(value, reader)

    def export_cell(self, value: Any) -> Any:
        return self.result.export_cell(value)
