"""Columns that are read but never written: calculated by a formula, rolled up, shown from behind a lookup."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from ..errors import N_, Invalid
from .base import NEVER_WRITTEN, ColumnType, Reader, refuse, refuse_options
from .dates import DateColumn, DateTimeColumn
from .numbers import BooleanColumn, CurrencyColumn, NumberColumn, PercentColumn
from .references import POINTING_HERE
from .text import TextColumn

FORMATS: dict[str, type[NumberColumn]] = {"number": NumberColumn, "currency": CurrencyColumn, "percent": PercentColumn}
_RESULTS: dict[str, type[ColumnType]] = {
    **FORMATS, "text": TextColumn, "boolean": BooleanColumn, "date": DateColumn, "datetime": DateTimeColumn,
}  # fmt: skip


class ComputedColumn(ColumnType):
    """What is computed whenever it is read; everything else is the business of `result`, the type of its values.

    The option `result` says which, and is found when the column is made.
    """

    form_field = "fixed"
    is_stored = is_given = False
    of_nothing: Any = None  # its value on an item that is yet to be made

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """No default and no index. What it is computed from is checked when all lists are known."""
        refuse_options(options, *NEVER_WRITTEN)

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
        raise TypeError("a computed column has no place in the table")

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


class CalculatedColumn(ComputedColumn):
    """A `formula` (docs/formulas.md). Numbers: `decimals`, `format` (number, currency, percent), `currency_column`."""

    name = "calculated"
    option_names = frozenset({"formula", "decimals", "format", "currency_column"})

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        super().check_options(options)
        if options.get("format", "number") not in FORMATS:
            words = N_("“%(value)s” is not one of: %(choices)s.")
            raise Invalid("format", words, value=str(options["format"])[:40], choices=", ".join(FORMATS))

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.options.setdefault("currency_column", "currency")


class RollupColumn(ComputedColumn):
    """What the items that point here come to: `function` (count, sum, avg, min, max) of the column `of` of the items
    of `list` whose lookup `column` points here, and for which the formula `filter` holds. For each reader anew.
    """

    name = "rollup"
    option_names = frozenset({"function", "list", "column", "of", "filter"})
    described = POINTING_HERE
    FUNCTIONS = ("count", "sum", "avg", "min", "max")

    @property
    def of_nothing(self) -> Any:  # type: ignore[override]
        return Decimal(0) if self.function == "count" else None

    @property
    def function(self) -> str:
        return str(self.options.get("function") or "count")

    @property
    def currency_column(self) -> str | None:
        """The column of the pointing list with the amounts' currency; None where no amounts are rolled up."""
        return (self.options.get("result") or {}).get("currency_column")

    @property
    def weight(self) -> int:  # type: ignore[override]
        """What it takes of a parser's stack (formulas.tree), its own question and its filter's."""
        return 24 + int((self.options.get("result") or {}).get("weight", 0))


class ShownColumn(ComputedColumn):
    """A column of the list behind a lookup that comes along with it (the lookup's option `show`). Not for definitions:
    it is there because the lookup asks for it, and called `<lookup>.<column>`.
    """

    name = "shown"

    def __init__(self, lookup: str, column: str, result: ColumnType) -> None:
        super().__init__({})
        self.lookup, self.column, self.shown_type = lookup, column, result

    @cached_property
    def result(self) -> ColumnType:  # type: ignore[override]
        return self.shown_type

    @property
    def is_multi(self) -> bool:  # type: ignore[override]
        return self.result.is_multi

    @property
    def target(self) -> str | None:  # type: ignore[override]
        return self.result.target
