"""Numbers, percents, money amounts, yes or no. Decimals are exact all the way."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import format_decimal, format_percent
from sqlalchemy import Boolean, Integer

from ..sqltypes import ExactDecimal
from . import money
from .base import COMPARE, ColumnType, Reader, refuse

# What people and programs write, in ASCII's digits: thousands in groups of three behind one sign, decimals behind
# another. A single group behind a comma or point is read as decimals.
_WRITTEN = re.compile(
    r"(?P<sign>[-+]?)(?:"
    r"(?P<whole>\d+|\d{1,3}(?:[ \u00a0\u202f\u2009'’]\d{3})+"
    r"|\d{1,3}(?:(?:,\d{3}){2,}|(?:\.\d{3}){2,}|(?:,\d{3})+(?=\.\d)|(?:\.\d{3})+(?=,\d)))"
    r"(?:(?P<point>[.,])(?P<decimals>\d+))?|[.,](?P<only>\d+))",
    re.ASCII,
)
_BY_PROGRAMS = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d{1,3})?", re.ASCII)
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
        number = Decimal(text) if (text := plain(str(raw))) else None
        if number is None:
            raise refuse("“%(value)s” is not a number.", value=str(raw)[:40])
        # The first question needs no arithmetic, which 1E+999999999 would make fail.
        if number.adjusted() > BOUND.adjusted() or abs(number) >= BOUND:
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
        return _written(value, pattern, reader.language)

    def export_cell(self, value: Any) -> Any:
        return value


@lru_cache(maxsize=8192)  # a page has a hundred, and most pages are looked at again
def _written(value: Decimal, pattern: str, language: str) -> str:
    return format_decimal(value, format=pattern, locale=Reader(language).locale)


class CurrencyColumn(NumberColumn):
    """An amount of money. `currency_column` names the column with its ISO 4217 code (default `currency`)."""

    name = "currency"
    form_field = "money"
    option_names = NumberColumn.option_names | {"currency_column"}

    def read(self, raw: Any) -> Decimal | None:
        """With a currency's sign or code too; whether it is the item's currency, the door asks (`checks`)."""
        amount = money.without_sign(raw)
        if amount != raw and not amount.strip():
            raise refuse("“%(value)s” is not a number.", value=str(raw)[:40])
        return super().read(amount)


class PercentColumn(NumberColumn):
    """A percentage; 35 means 35 %."""

    name = "percent"

    @property
    def decimals(self) -> int:
        return int(self.options.get("decimals", 0))

    def read(self, raw: Any) -> Decimal | None:
        bare = raw.strip().removesuffix("%") if isinstance(raw, str) else raw
        return super().read(raw if bare == "" else bare)

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


def plain(text: str) -> str:
    """`1 200,50`, `1.200,50` and `1,200.50` as `1200.50`; `(5)` is -5. "" for what is no number."""
    text = text.strip().replace("\u2212", "-")
    if text.startswith("(") and text.endswith(")") and text[1:2].isdigit():
        text = "-" + text[1:-1]
    if _BY_PROGRAMS.fullmatch(text):
        return text
    found = _WRITTEN.fullmatch(re.sub(r"^([-+]) +", r"\1", text))
    if found is None or (found["point"] and found["point"] in (found["whole"] or "")):
        return ""
    whole = re.sub(r"\D", "", found["whole"] or "0")
    decimals = found["decimals"] or found["only"]
    return f"{found['sign']}{whole}.{decimals}" if decimals else f"{found['sign']}{whole}"


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
