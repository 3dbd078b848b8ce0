"""Numbers, percents, money amounts, yes or no. Decimals are exact all the way."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import format_decimal, format_percent
from sqlalchemy import Boolean, Integer

from ..sqltypes import ExactDecimal
from . import money
from .base import COMPARE, ColumnType, Reader, refuse

_SPACES = re.compile(r"[\s\u00a0\u202f'’]")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:(?:,\d{3}){2,}|(?:\.\d{3}){2,})")
# “1,200” is a thousand and two hundred to some people and little more than one to others. With a point it is a
# program's way to write decimals.
_EITHER = re.compile(r"(?<![\d.,])[1-9]\d{0,2},\d{3}(?![\d.,])")
BOUND = Decimal(10) ** 12
# What people and spreadsheets in the portal's languages write for a truth.
YES = frozenset({"yes", "y", "true", "1", "on", "áno", "ano", "ja", "jah", "evet", "wahr", "pravda", "tõene", "doğru"})
NO = frozenset({
    "no", "n", "false", "0", "off", "nie", "ne", "nein", "ei", "hayır", "falsch", "nepravda", "väär", "yanlış",
})  # fmt: skip


class NumberColumn(ColumnType):
    """A number. Options: `decimals` (0–6, default 2), `min`, `max`. JSON: a decimal string."""

    name = "number"
    form_field = "number"
    option_names = frozenset({"decimals", "min", "max"})

    @property
    def decimals(self) -> int:
        return int(self.options.get("decimals", 2))

    def sql_type(self) -> Any:
        return ExactDecimal(self.decimals)

    def parse(self, raw: Any) -> Decimal | None:
        number = self.read(raw)
        if number is None:
            return None
        if self.decimals < 3 and isinstance(raw, str) and _EITHER.search(raw):
            raise refuse(
                "“%(value)s” can be read in two ways; write %(large)s or %(small)s.",
                value=raw[:40], large=str(int(number * 1000)), small=f"{number.normalize():f}",
            )  # fmt: skip
        if number != round(number, self.decimals):
            raise refuse("There can be at most %(decimals)s decimal places.", decimals=self.decimals)
        low, high = self.options.get("min"), self.options.get("max")
        if low is not None and number < Decimal(str(low)):
            raise refuse("This must be at least %(min)s.", min=low)
        if high is not None and number > Decimal(str(high)):
            raise refuse("This must be at most %(max)s.", max=high)
        return round(number, self.decimals)

    def read(self, raw: Any) -> Decimal | None:
        """`raw` as a bounded decimal, whatever its places; both decimal comma and point are read."""
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)):
            raise refuse("This must be a number.")
        try:
            number = Decimal(_plain(str(raw)))
        except InvalidOperation:
            raise refuse("“%(value)s” is not a number.", value=str(raw)[:40]) from None
        if not number.is_finite() or abs(number) >= BOUND:
            raise refuse("This number is too large.")
        return number

    def parse_operand(self, raw: Any) -> Decimal | None:
        return self.read(raw)

    def from_json(self, value: Any) -> Any:
        """As it stood, whatever bounds have been set since."""
        number = self.read(value)
        return None if number is None else round(number, self.decimals)

    def to_json(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def format(self, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        whole = value == value.to_integral_value()
        pattern = (
            "#,##0"
            if whole or not self.decimals
            else "#,##0." + "0" * min(self.decimals, 2) + "#" * max(self.decimals - 2, 0)
        )
        return format_decimal(value, format=pattern, locale=reader.locale)

    def export_cell(self, value: Any) -> Any:
        return value


class CurrencyColumn(NumberColumn):
    """An amount of money. `currency_column` names the column with its ISO 4217 code (default `currency`)."""

    name = "currency"
    form_field = "money"
    option_names = NumberColumn.option_names | {"currency_column"}

    def read(self, raw: Any) -> Decimal | None:
        """With a currency's sign or code too; whether it is the item's currency, the door asks (`checks`)."""
        return super().read(money.without_sign(raw))


class PercentColumn(NumberColumn):
    """A percentage; 35 means 35 %."""

    name = "percent"

    @property
    def decimals(self) -> int:
        return int(self.options.get("decimals", 0))

    def read(self, raw: Any) -> Decimal | None:
        return super().read(raw.strip().strip("%") if isinstance(raw, str) else raw)

    def format(self, value: Any, reader: Reader) -> str:
        return "" if value is None else format_percent(value / 100, locale=reader.locale, decimal_quantization=False)


class BooleanColumn(ColumnType):
    """Yes or no."""

    name = "boolean"
    operators = COMPARE
    form_field = "checkbox"

    def sql_type(self) -> Any:
        return Boolean()

    def parse(self, raw: Any) -> bool | None:
        if raw is None or raw == "":
            return None
        if isinstance(raw, bool):
            return raw
        word = str(raw).strip().lower()
        if word in YES:
            return True
        if word in NO:
            return False
        raise refuse("This must be yes or no.")

    def format(self, value: Any, reader: Reader) -> str:
        return "" if value is None else {"sk": ("nie", "áno")}.get(reader.language, ("no", "yes"))[bool(value)]


def _plain(text: str) -> str:
    """`1 200,50`, `1.200,50` and `1,200.50` as `1200.50`: the last separator is the decimal one; `(5)` is -5."""
    text = _SPACES.sub("", text).replace("\u2212", "-")
    if text.startswith("(") and text.endswith(")") and text[1:2].isdigit():
        text = "-" + text[1:-1]
    if "," in text and "." in text:
        thousands = "," if text.rfind(",") < text.rfind(".") else "."
        text = text.replace(thousands, "")
    if _THOUSANDS.fullmatch(text):
        return text.replace(",", "").replace(".", "")
    return text.replace(",", ".") if text.count(",") == 1 else text


class WholeColumn(NumberColumn):
    """A whole number of the system's own: ids and versions. Not for definitions."""

    name = "whole"
    option_names = frozenset()

    def sql_type(self) -> Any:
        return Integer()

    def parse(self, raw: Any) -> int | None:  # type: ignore[override]
        number = self.read(raw)
        if number is None:
            return None
        if number != int(number) or abs(number) >= 2**31:
            raise refuse("This must be a whole number.")
        return int(number)

    def parse_operand(self, raw: Any) -> int | None:  # type: ignore[override]
        return self.parse(raw)

    def to_json(self, value: Any) -> Any:
        return value

    def format(self, value: Any, reader: Reader) -> str:
        return "" if value is None else str(value)
