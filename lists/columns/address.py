"""A postal address by its parts."""

from __future__ import annotations

from typing import Any

from ..sqltypes import Json
from .base import ColumnType, Reader, refuse
from .choices import COUNTRIES, country_name

PARTS = ("street", "postcode", "city", "region", "country")


class AddressColumn(ColumnType):
    """`{"street", "postcode", "city", "region", "country"}`; a plain text is read as the street."""

    name = "address"
    operators = frozenset({"contains", "empty"})
    form_field = "address"

    def sql_type(self) -> Any:
        return Json

    def parse(self, raw: Any) -> dict[str, str] | None:
        if isinstance(raw, str):
            raw = {"street": raw}
        if raw is None:
            return None
        if not isinstance(raw, dict) or set(raw) - set(PARTS):
            raise refuse("An address has the parts %(parts)s.", parts=", ".join(PARTS))
        parts = {part: _clean(raw.get(part)) for part in PARTS}
        parts["country"] = parts["country"].upper()
        if parts["country"] and parts["country"] not in COUNTRIES:
            raise refuse("“%(value)s” is not a country's code of two letters.", value=parts["country"][:40])
        return {part: text for part, text in parts.items() if text} or None

    def format(self, value: Any, reader: Reader) -> str:
        if not value:
            return ""
        town = " ".join(filter(None, (value.get("postcode"), value.get("city"))))
        country = country_name(value["country"], reader.language) if value.get("country") else None
        return ", ".join(filter(None, (value.get("street"), town, value.get("region"), country)))

    def form_value(self, value: Any, reader: Reader) -> dict[str, str]:
        return dict(value or {})

    def search_text(self, value: Any) -> str:
        return self.format(value, Reader()) if value else ""

    def export_cell(self, value: Any) -> str:
        return self.format(value, Reader())

    def search_expression(self, expression: Any) -> Any:
        """Search looks into the whole address as written in JSON."""
        from sqlalchemy import Text, cast

        return super().search_expression(cast(expression, Text))


def _clean(part: Any) -> str:
    if part is None:
        return ""
    if not isinstance(part, (str, int)) or len(str(part)) > 255:
        raise refuse("A part of the address is longer than %(max)s characters.", max=255)
    return " ".join(str(part).replace("\x00", "").split())
