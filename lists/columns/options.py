"""What the options of column types are, in words: forms for columns are made of it (portal/pages/column_form.py).

An option means the same wherever a type has it. A type with an option of its own says what it is in `described`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import N_
from .base import ColumnType


@dataclass(frozen=True)
class Option:
    """One option: `message` is its name in words, `kind` says what it takes.

    Kinds: switch, whole, number, text, names, formula, choices, list, format, function, country.
    """

    kind: str
    message: str
    help: str = ""
    required: bool = False


OPTIONS: Mapping[str, Option] = {
    "multiline": Option("switch", N_("Several lines")),
    "decimals": Option("whole", N_("Decimal places"), N_("From 0 to 6.")),
    "min": Option("number", N_("At least")),
    "max": Option("number", N_("At most")),
    "choices": Option("choices", N_("Choices"), required=True),
    "list": Option("list", N_("List that it points to"), required=True),
    "column": Option("text", N_("Column of the other list"), N_("Its internal name.")),
    "function": Option("function", N_("What they come to")),
    "of": Option("text", N_("Of which of its columns"), N_("Its internal name; nothing where items are counted.")),
    "filter": Option("formula", N_("Only items for which"), N_("A formula over the other list's columns.")),
    "show": Option("names", N_("Columns that come along"), N_("Internal names parted by commas, such as phone, web.")),
    "tree": Option("switch", N_("Items lie in each other"), N_("Of a lookup to its own list: none lies in itself.")),
    "multiple": Option("switch", N_("Several people")),
    "formula": Option("formula", N_("Formula"), N_("For example: price * amount"), required=True),
    "format": Option("format", N_("Shown as")),
    "currency_column": Option("text", N_("Column with the currency"), N_("Its internal name; else the house's own.")),
    "prefix": Option("text", N_("Prefix"), N_("{year} in it is the year in which the item was made.")),
    "digits": Option("whole", N_("Digits"), N_("From 1 to 12; shorter numbers begin with zeros.")),
    "per_year": Option("switch", N_("Each year begins with 1 again"), N_("The prefix must then hold {year}.")),
    "country": Option("country", N_("Country whose numbers are meant"), N_("Where one is written without its own.")),
    "complete": Option("switch", N_("All parts that a letter there needs")),
}


def option_of(kind: type[ColumnType], name: str) -> Option:
    """What a type's option is; one that nobody has described is a text, called by its own name."""
    return kind.described.get(name) or OPTIONS.get(name) or Option("text", name.replace("_", " ").capitalize())


def options_of(kind: type[ColumnType]) -> dict[str, Option]:
    """The options that a type has beyond those that every column has, in the order of OPTIONS."""
    order = list(OPTIONS)
    names = sorted(kind.option_names, key=lambda name: (order.index(name) if name in order else len(order), name))
    return {name: option_of(kind, name) for name in names}
