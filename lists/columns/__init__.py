"""The column types by name: `column_type("text", {...})`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Invalid
from .address import AddressColumn
from .base import ColumnType, Reader
from .calculated import CalculatedColumn
from .choices import ChoiceColumn, CountryColumn, MultiChoiceColumn
from .dates import DateColumn, DateTimeColumn
from .numbers import BooleanColumn, CurrencyColumn, NumberColumn, PercentColumn
from .references import LookupColumn, MultiLookupColumn, ParticipantsColumn, PersonColumn, Reference
from .text import EmailColumn, PhoneColumn, RichTextColumn, TagsColumn, TextColumn, UrlColumn

TYPES: dict[str, type[ColumnType]] = {
    kind.name: kind
    for kind in (
        TextColumn, RichTextColumn, NumberColumn, CurrencyColumn, PercentColumn, BooleanColumn, DateColumn,
        DateTimeColumn, ChoiceColumn, MultiChoiceColumn, LookupColumn, MultiLookupColumn, PersonColumn, TagsColumn,
        EmailColumn, PhoneColumn, UrlColumn, AddressColumn, CountryColumn, ParticipantsColumn,
        CalculatedColumn,
    )
}  # fmt: skip


def column_type(name: str, options: Mapping[str, Any]) -> ColumnType:
    """The type called `name` with its options. Raises Invalid for an unknown name."""
    if name not in TYPES:
        raise Invalid(
            "type", "“%(type)s” is not a column type. There are: %(types)s.", type=name, types=", ".join(sorted(TYPES))
        )
    return TYPES[name](options)


__all__ = ["TYPES", "ColumnType", "Reader", "Reference", "column_type"]
