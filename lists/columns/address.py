"""A postal address by its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_HUNGARY: Lines = (("city",), ("street",), ("postcode",), ("region",))
_ITALY: Lines = (("street",), ("postcode", "city", "region"))
_TOWN_MAY_BE_FIRST = (_USUAL, _HUNGARY, _ITALY)  # elsewhere a line that begins with a number is a street
ORDERS: dict[str, Lines] = {
    **dict.fromkeys(("US", "CA", "AU"), _REGION_FIRST),
    **dict.fromkeys(("GB", "IE", "LV", "UA", "KZ", "GE"), _POSTCODE_LAST),
    **dict.fromkeys(("IN", "SG", "ID", "NZ", "SA"), _CITY_FIRST),
    "HU": _HUNGARY,
    "IT": _ITALY,
}
_NEEDED = ("street", "postcode", "city")
NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("US", "CA", "AU", "IT"), (*_NEEDED, "region")),
    **dict.fromkeys(("IE", "AE", "HK", "QA", "PA"), ("street", "city")),
    "SG": ("street", "postcode"),
}
_POSTCODE = r"(?:[A-Z]{1,2}-)?(?:\d{4,6}|\d{3} \d{2}|\d{2}-\d{3}|\d{4}-\d{3})(?: [A-Z]{2}(?= ))?"
# A line with the town, however its country writes it.
_TOWN_LINES = tuple(re.compile(line) for line in (
    rf"(?P<postcode>{_POSTCODE}) (?P<city>[^\W\d].*)",
    r"(?:(?P<city>[^\W\d].*?),? )?(?P<region>[A-Z]{2,3}) (?P<postcode>\d{5}(?:-\d{4})?|\d{4}|[A-Z]\d[A-Z] ?\d[A-Z]\d)",
    r"(?P<city>[^\W\d].*?)[ -]+(?P<postcode>\d{4,6})",
))  # fmt: skip
_POSTCODE_ALONE = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9 -]{2,9}")
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
        lines = [" ".join(filter(None, map(value.get, line))) for line in lines_of(code)]
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


def lines_of(country: str | None) -> Lines:
    """In which lines, and in which order in them, a country writes the parts of an address."""
    return ORDERS.get(country or "", _USUAL)


def read_line(text: str, codes: Mapping[str, str]) -> dict[str, str]:
    """The parts of an address that was written as one text, with commas or line ends between its lines.

    `codes`: countries' codes by their names in small letters. What cannot be told apart is the street; nothing is
    left out.
    """
    lines = [" ".join(line.split()) for line in re.split(r"[,;\n]", text) if line.strip()]
    country = _country(lines, codes)
    parts = {"country": country} if country else {}
    rest = lines[:-1] if country else lines
    return _town_and_street(rest, country) | parts


def _country(lines: list[str], codes: Mapping[str, str]) -> str | None:
    """What the last line says; two letters may be a region's too, unless the town stands before them."""
    if not lines or (len(lines[-1]) == 2 and not (len(lines) > 1 and _TOWN_LINES[0].fullmatch(lines[-2]))):
        return None
    return codes.get(lines[-1].casefold())


def _town_and_street(lines: list[str], country: str | None) -> dict[str, str]:
    for place in reversed(range(len(lines))):
        found = next((match for one in _TOWN_LINES if (match := one.fullmatch(lines[place]))), None)
        if found and (place or (lines_of(country) in _TOWN_MAY_BE_FIRST and country)):
            return _around_town(found.groupdict(""), lines[:place], lines[place + 1 :])
    if lines_of(country) in (_POSTCODE_LAST, _HUNGARY) and lines and _POSTCODE_ALONE.fullmatch(lines[-1]):
        *others, postcode = lines
        city = others.pop(0 if country == "HU" else -1) if others else ""
        return _filled({"street": ", ".join(others), "city": city, "postcode": postcode})
    return _filled({"street": ", ".join(lines)})


def _around_town(town: Mapping[str, str], before: list[str], after: list[str]) -> dict[str, str]:
    """The parts where one line has the postcode: the street stands before it, the region after it."""
    parts = {"city": "", "region": "", **town}
    if not parts["city"] and before:
        parts["city"] = before.pop()
    if not before:  # the town stands first
        before, after = after, []
    region = ", ".join(filter(None, (parts["region"], *after)))
    return _filled({**parts, "street": ", ".join(before), "region": region})


def _filled(parts: Mapping[str, str]) -> dict[str, str]:
    return {part: text for part, text in parts.items() if text}


def _clean(part: Any) -> str:
    if part is None:
        return ""
    if not isinstance(part, (str, int)) or len(str(part)) > 255:
        raise refuse("A part of the address is longer than %(max)s characters.", max=255)
    return " ".join(str(part).replace("\x00", "").split())
