"""Places on the earth: latitude and longitude in degrees (WGS 84), with a label where somebody gave one."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement

from ..sqltypes import Json, folded
from .base import ColumnType, Reader, refuse

PLACES = Decimal("0.000001")  # a tenth of a metre
LONGEST_LABEL = 255
BOUNDS = {"latitude": 90, "longitude": 180}
_NUMBER = r"[+-]?\d{1,3}(?:\.\d{1,20})?"
_TEXT = re.compile(rf"(?:geo:)?\s*({_NUMBER})\s*[,;]\s*({_NUMBER})(?:\s*\((.*)\))?\s*", re.DOTALL)


class LocationColumn(ColumnType):
    """`{"latitude", "longitude", "label"}`, degrees as decimal strings; also read: `48.1486, 17.1077 (Castle)`."""

    name = "location"
    operators = frozenset({"contains", "startswith", "endswith", "empty"})
    form_field = "location"
    is_composite = True

    def sql_type(self) -> Any:
        return Json

    def parse(self, raw: Any) -> dict[str, str] | None:
        if isinstance(raw, str):
            raw = self._read(raw)
        if raw is None:
            return None
        if not isinstance(raw, dict) or set(raw) - {"latitude", "longitude", "label"}:
            raise refuse("A location has latitude, longitude and a label.")
        label = _label(raw.get("label"))
        degrees = {name: _degrees(raw.get(name), bound) for name, bound in BOUNDS.items()}
        if None in degrees.values():
            if label or set(degrees.values()) != {None}:
                raise refuse("A location needs both latitude and longitude.")
            return None
        return {**{name: str(value) for name, value in degrees.items()}, **({"label": label} if label else {})}

    def _read(self, text: str) -> dict[str, Any] | None:
        if not text.strip():
            return None
        found = _TEXT.fullmatch(text)
        if found is None:
            raise refuse("“%(value)s” is not a latitude and a longitude, such as 48.1486, 17.1077.", value=text[:40])
        return {"latitude": found[1], "longitude": found[2], "label": found[3]}

    def format(self, value: Any, reader: Reader) -> str:
        if not value:
            return ""
        return value.get("label") or f"{value['latitude']}, {value['longitude']}"

    def address(self, value: Any) -> str:
        """The geo: URI (RFC 5870), which opens the map that the reader's machine has."""
        place = f"{value['latitude']},{value['longitude']}"
        return f"geo:{place}?q={quote(place)}" + (f"({quote(value['label'], safe='')})" if value.get("label") else "")

    def form_value(self, value: Any, reader: Reader) -> dict[str, str]:
        return dict(value or {})

    def search_text(self, value: Any) -> str:
        return (value or {}).get("label", "")

    def export_cell(self, value: Any) -> str:
        label = f" ({value['label']})" if value.get("label") else ""
        return f"{value['latitude']}, {value['longitude']}{label}"

    def search_expression(self, expression: Any) -> ColumnElement[Any]:
        """Search looks into the label."""
        return folded(expression["label"].as_string())


def _degrees(raw: Any, bound: int) -> Decimal | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)) or len(str(raw)) > 40:
        raise refuse("Degrees are a number.")
    try:
        number = Decimal(str(raw).strip().replace(",", "."))
    except InvalidOperation:
        raise refuse("“%(value)s” is not a number.", value=str(raw)[:40]) from None
    # The first question needs no arithmetic, which 1E+999999999 would make fail.
    if not number.is_finite() or number.adjusted() > 3 or abs(number) > bound:
        raise refuse("Degrees must be between %(min)s and %(max)s.", min=-bound, max=bound)
    rounded = number.quantize(PLACES, ROUND_HALF_UP).normalize()
    return Decimal(f"{rounded or Decimal(0):f}")


def _label(raw: Any) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise refuse("This must be a text.")
    text = " ".join("".join(sign for sign in raw if sign.isprintable() or sign.isspace()).split())
    if len(text) > LONGEST_LABEL:
        raise refuse("This is longer than %(max)s characters.", max=LONGEST_LABEL)
    return text
