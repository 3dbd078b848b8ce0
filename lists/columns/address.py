"""A postal address by its parts."""

from __future__ import annotations

from typing import Any

from ..errors import Words
from ..sqltypes import Json
from .base import ColumnType, Reader, refuse
from .choices import COUNTRIES, country_name

PARTS = ("street", "postcode", "city", "region", "country")
Lines = tuple[tuple[str, ...], ...]
# In which order the parts are written, line by line, and which of them a letter needs (Universal Postal Union, S42).
_USUAL: Lines = (("street",), ("postcode", "city"), ("region",))
_CITY_FIRST: Lines = (("street",), ("city", "postcode"), ("region",))
_REGION_FIRST: Lines = (("street",), ("city", "region", "postcode"))
_POSTCODE_LAST: Lines = (("street",), ("city",), ("region",), ("postcode",))
ORDERS: dict[str, Lines] = {
    **dict.fromkeys(("US", "CA", "AU"), _REGION_FIRST),
    **dict.fromkeys(("GB", "IE", "LV", "UA", "KZ", "GE"), _POSTCODE_LAST),
    **dict.fromkeys(("IN", "SG", "ID", "NZ", "SA"), _CITY_FIRST),
    "HU": (("city",), ("street",), ("postcode",), ("region",)),
    "IT": (("street",), ("postcode", "city", "region")),
}
_NEEDED = ("street", "postcode", "city")
NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("US", "CA", "AU", "IT"), (*_NEEDED, "region")),
    **dict.fromkeys(("IE", "AE", "HK", "QA", "PA"), ("street", "city")),
    "SG": ("street", "postcode"),
}
_WORDS = {
    "street": Words("street"), "postcode": Words("postcode"), "city": Words("town"), "region": Words("region"),
    "country": Words("country"),
}  # fmt: skip


class AddressColumn(ColumnType):
    """`{"street", "postcode", "city", "region", "country"}`; a plain text is read as the street.

    Written in the order of its country. With `complete`, an address has all parts that a letter to there needs.
    """

    name = "address"
    operators = frozenset({"contains", "empty"})
    form_field = "address"
    option_names = frozenset({"complete"})
    is_composite = True

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
        if self.options.get("complete") and any(parts.values()):
            self._check_complete(parts)
        return {part: text for part, text in parts.items() if text} or None

    def _check_complete(self, parts: dict[str, str]) -> None:
        needed = (*NEEDED.get(parts["country"], _NEEDED), "country")
        for part in needed:
            if not parts[part]:
                raise refuse("The address lacks its %(part)s.", part=_WORDS[part])

    def format(self, value: Any, reader: Reader) -> str:
        if not value:
            return ""
        code = value.get("country")
        lines = [" ".join(filter(None, map(value.get, line))) for line in ORDERS.get(code, _USUAL)]
        return ", ".join(filter(None, (*lines, country_name(code, reader.language) if code else None)))

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
