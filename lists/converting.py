"""Values of one column type as values of another: what each becomes, or why it cannot."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import query
from .catalogue import catalogue
from .columns import ColumnType, Reader
from .columns.choices import ChoiceColumn
from .columns.numbers import NumberColumn
from .database import database_of
from .errors import N_, Invalid, Words
from .models import User
from .rights import PROGRAM

CONVERTIBLE = frozenset({
    "text", "rich_text", "number", "currency", "percent", "boolean", "date", "datetime", "choice", "multi_choice",
    "lookup", "multi_lookup", "person", "group", "tags", "email", "phone", "url", "country", "address", "location",
})  # fmt: skip
ONLY_FROM = frozenset({"auto_number"})  # nobody but the program gives numbers of a series
# A value as the new type stores it, and what is lost by it; None = nothing is lost.
Converted = tuple[Any, Words | None]


def can_become(old: ColumnType, new: ColumnType) -> bool:
    """Whether values of the one may be turned into the other; lookups stay with their list."""
    if old.name not in CONVERTIBLE | ONLY_FROM or new.name not in CONVERTIBLE:
        return False
    return not (old.target and new.target and old.target != new.target)


class Conversion:
    """Turns values of a column into another type's; names are looked up once per portion."""

    def __init__(self, session: Session, old: ColumnType, new: ColumnType) -> None:
        house = database_of(session).house
        self.session, self.old, self.new = session, old, new
        self.reader, self.zone = Reader(house.language, house.time_zone), ZoneInfo(house.time_zone)

    def convert(self, values: Sequence[Any]) -> list[Converted]:
        """What each of these values (none of them empty) becomes."""
        self.titles = self._titles(values) if self.old.target and not self.new.target else {}
        self.ids = self._ids(values) if self.new.target and not self.old.target else {}
        return [self._one(value) for value in values]

    def _one(self, value: Any) -> Converted:
        try:
            if self.new.target:
                return self._as_lookup(value), None
            if isinstance(self.new, NumberColumn):
                return self._as_number(value if isinstance(value, Decimal) else self._first_number(value))
            return self._first_that_fits(self._ways(value)), None
        except Invalid as refusal:
            return None, refusal.words

    def _ways(self, value: Any) -> list[Any]:
        """The value as the new type may read it, the best first."""
        if self.old.target:
            ids = value if isinstance(value, list) else [value]
            titles = [self.titles[one] for one in ids if one in self.titles]
            return [titles, ", ".join(titles)] if self.new.is_multi else [", ".join(titles)]
        if isinstance(value, datetime.datetime) and self.new.name == "date":
            return [value.astimezone(self.zone).date()]
        if isinstance(value, datetime.date) and self.new.name == "datetime":
            return [datetime.datetime.combine(value, datetime.time(), self.zone)]
        if self.old.name == "location":
            return [self.old.export_cell(value)]
        if isinstance(value, Decimal):
            return [f"{value.normalize():f}", str(value)]
        if isinstance(value, list) and not self.new.is_multi:
            return [self.old.format(value, self.reader), *(value if len(value) == 1 else ())]
        if self.old.name in ("choice", "boolean", "rich_text", "country") and self.new.is_text:
            return [self.old.format(value, self.reader)]
        return [self.old.to_json(value), self.old.format(value, self.reader), *self._by_label(value)]

    def _by_label(self, value: Any) -> list[str]:
        """The choices that are called so."""
        if not isinstance(self.new, ChoiceColumn) or not isinstance(value, str):
            return []
        return [key for key, label in self.new.choices(self.reader) if label.casefold() == value.strip().casefold()]

    def _first_that_fits(self, ways: Sequence[Any]) -> Any:
        refused: Invalid | None = None
        for way in ways:
            try:
                value = self.new.parse(way)
            except Invalid as refusal:
                refused = refused or refusal
                continue
            if value is not None:
                return value
        raise refused or Invalid("", "Nothing would be left of it.")

    def _first_number(self, value: Any) -> Decimal:
        """The value read as a number, whatever its places."""
        refused = Invalid("", "Nothing would be left of it.")
        for way in reversed(self._ways(value)):
            try:
                number = self.new.read(way)  # type: ignore[attr-defined]
            except Invalid as refusal:
                refused = refusal
                continue
            if number is not None:
                return number
        raise refused

    def _as_number(self, value: Decimal) -> Converted:
        rounded = value.quantize(Decimal(1).scaleb(-self.new.decimals), ROUND_HALF_UP)  # type: ignore[attr-defined]
        lost = None if rounded == value else Words(N_("It would be rounded to %(value)s."), {"value": str(rounded)})
        return self.new.parse(rounded), lost

    def _as_lookup(self, value: Any) -> Any:
        many = value if isinstance(value, list) else [value]
        if not self.old.target:
            many = [self._id_of(str(one)) for one in many]
        if not self.new.is_multi and len(many) > 1:
            raise Invalid("", "These are several, and the column would have room for one.")
        return self.new.parse(many if self.new.is_multi else many[0])

    def _id_of(self, name: str) -> int:
        found = self.ids.get(name.strip().casefold(), [])
        if len(found) != 1:
            raise Invalid("", N_("There is no item called so.") if not found else N_("Several items are called so."))
        return found[0]

    def _titles(self, values: Sequence[Any]) -> dict[int, str]:
        ids = {one for value in values for one in (value if isinstance(value, list) else [value])}
        return query.titles(self.session, PROGRAM, str(self.old.target), sorted(ids))

    def _ids(self, values: Sequence[Any]) -> Mapping[str, list[int]]:
        """The items called as these values are, by folded name."""
        names = {str(one).strip() for value in values for one in (value if isinstance(value, list) else [value])}
        found: dict[str, list[int]] = {}
        for row in self.session.execute(self._named(names)):
            name, number = list(row)
            found.setdefault(name.strip().casefold(), []).append(number)
        return found

    def _named(self, names: set[str]) -> Any:
        if self.new.target == "users":
            lower = [name.lower() for name in names]
            by_mail = select(User.email, User.id).where(User.email.in_(lower))
            return by_mail.union_all(select(User.name, User.id).where(User.name.in_(names)))
        target = catalogue(self.session).get(str(self.new.target))
        name = target.sql("name")
        return select(name, target.table.c.id).where(name.in_(names), target.table.c.deleted.is_(None))
