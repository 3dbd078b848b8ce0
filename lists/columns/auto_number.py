"""Numbers of a series, such as invoices have: given by the program, one after the other, without gaps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, Text, case, cast, func, literal, literal_column
from sqlalchemy.sql.elements import Grouping

from ..errors import Invalid
from .base import TEXT, refuse_options
from .text import TextColumn

YEAR = "{year}"
LONGEST_PREFIX, MOST_DIGITS = 30, 12
_WIDTH = 18  # digits to which numbers are filled up where they are compared


class AutoNumberColumn(TextColumn):
    """A series: `prefix` (may hold `{year}`, the year in which the item was made), `digits` (1–12, default 4; larger
    numbers have more), `per_year` (each year begins at 1). What was once given stays as it was written.
    """

    name = "auto_number"
    operators = TEXT
    form_field = "fixed"  # type: ignore[assignment]
    option_names = frozenset({"prefix", "digits", "per_year"})
    lasting = frozenset({"prefix", "per_year"})  # with another the series could write a number twice
    is_given = False
    is_indexed = is_searched = True

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        refuse_options(options, "required", "unique", "indexed", "default", "default_formula", "show_when")
        prefix, digits = options.get("prefix", ""), options.get("digits", 4)
        if not isinstance(prefix, str) or len(prefix) > LONGEST_PREFIX or not prefix.isprintable():
            raise Invalid("prefix", "This must be a text of at most %(max)s characters.", max=LONGEST_PREFIX)
        if prefix.lstrip() != prefix or "  " in prefix:
            raise Invalid("prefix", "This begins with a space, or has two of them in a row.")
        if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MOST_DIGITS:
            raise Invalid("digits", "This must be between %(min)s and %(max)s.", min=1, max=MOST_DIGITS)
        if options.get("per_year") and YEAR not in prefix:
            raise Invalid("per_year", "Where each year begins anew, the prefix must hold {year}.")

    @property
    def longest(self) -> int:
        return 60

    @property
    def prefix(self) -> str:
        return str(self.options.get("prefix") or "")

    @property
    def digits(self) -> int:
        return int(self.options.get("digits") or 4)

    def series(self, year: int) -> str:
        """What the numbers of this year are counted under; one for all where they go on over the years."""
        return str(year) if self.options.get("per_year") else ""

    def written(self, number: int, year: int) -> str:
        """The number as it is written in this year: `INV-2026-0042`."""
        return f"{self.prefix.replace(YEAR, f'{year:04}')}{number:0{self.digits}}"

    def number_in(self, text: str) -> tuple[int, int] | None:
        """(number, year) of a text that the series may have written; None for any other. Without a year it is 0."""
        before, year, after = (re.escape(self.prefix)).partition(re.escape(YEAR))
        pattern = f"{before}(?P<year>[0-9]{{4}}){after.replace(re.escape(YEAR), '[0-9]{4}')}" if year else before
        found = re.fullmatch(rf"{pattern}(?P<number>[0-9]{{1,{MOST_DIGITS}}})", text)
        return (int(found["number"]), int(found["year"]) if year else 0) if found else None

    def written_expression(self, number: ColumnElement[int], year: int) -> ColumnElement[str]:
        """`written` of a whole number in SQL."""
        beyond = 10**self.digits
        filled = func.substr(cast(number + beyond, String), 2)  # 10042 without its first digit: 0042
        digits = case((number >= beyond, cast(number, String)), else_=filled)
        return cast(literal(self.prefix.replace(YEAR, f"{year:04}")), String) + digits

    def ordering(self, expression: ColumnElement[Any]) -> ColumnElement[Any]:
        """In the order of the numbers: 9999 before 10000. The definition's own numbers only, for an index's sake."""
        place = len(self.prefix.replace(YEAR, "0000"))
        zeros = literal_column(f"'{'0' * _WIDTH}'", Text)
        before = func.substr(expression, _whole(1), _whole(place), type_=Text)
        number = func.substr(expression, _whole(place + 1), type_=Text)
        filled = func.substr(zeros.concat(number), func.length(number) + _whole(1), type_=Text)
        return Grouping(before.concat(filled))


def _whole(number: int) -> ColumnElement[int]:
    return literal_column(str(number), Integer)
