"""The column types by name: `column_type("text", {...})`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Invalid
from .address import AddressColumn
from .attachment import AttachmentColumn
from .auto_number import AutoNumberColumn
from .base import ColumnType, Reader
from .choices import ChoiceColumn, CountryColumn, MultiChoiceColumn
from .computed import CalculatedColumn, RollupColumn, ShownColumn
from .content_type import ContentTypeColumn
from .dates import DateColumn, DateTimeColumn
from .location import LocationColumn
from .numbers import BooleanColumn, CurrencyColumn, NumberColumn, PercentColumn
from .references import (
    GroupColumn,
    LookupColumn,
    MultiLookupColumn,
    ParticipantsColumn,
    PersonColumn,
    Reference,
    References,
    ReverseLookupColumn,
)
from .text import EmailColumn, PhoneColumn, RichTextColumn, TagsColumn, TextColumn, UrlColumn

TYPES: dict[str, type[ColumnType]] = {
    kind.name: kind
    for kind in (
        TextColumn, RichTextColumn, NumberColumn, CurrencyColumn, PercentColumn, BooleanColumn, DateColumn,
        DateTimeColumn, ChoiceColumn, MultiChoiceColumn, LookupColumn, MultiLookupColumn, PersonColumn, GroupColumn,
        TagsColumn, EmailColumn, PhoneColumn, UrlColumn, AddressColumn, CountryColumn, ParticipantsColumn,
        CalculatedColumn, RollupColumn, ReverseLookupColumn, AutoNumberColumn,
        AttachmentColumn, LocationColumn, ContentTypeColumn,
    )
}  # fmt: skip


def column_type(name: str, options: Mapping[str, Any]) -> ColumnType:
    """The type called `name` with its options. Raises Invalid for an unknown name."""
    if name not in TYPES:
        raise Invalid(
            "type", "“%(type)s” is not a column type. There are: %(types)s.", type=name, types=", ".join(sorted(TYPES))
        )
    return TYPES[name].of(options)


__all__ = ["TYPES", "ColumnType", "Reader", "Reference", "References", "ShownColumn", "column_type"]
