"""Words of filters that mean something else to each reader and on each day: `@me`, `@my_groups`, `@last_7_days`.

API, feeds, saved views and list pages share them; a filter keeps the word, so that it is right tomorrow too.
docs/api.md lists them.
"""

from __future__ import annotations

import datetime
import re
from calendar import monthrange
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError, get_global

from .columns import ColumnType
from .errors import Invalid
from .filters import And, Compare, Filter, Not
from .rights import Actor

FIELD = "$filter"
DAY = datetime.timedelta(days=1)
UNITS = ("day", "week", "month", "quarter", "year")
_ONE = "|".join(UNITS)
_WORD = re.compile(
    rf"@(?:(?P<word>me|my_groups|now|today|yesterday|tomorrow)(?P<later>[+-]\d{{1,4}})?"
    rf"|(?P<which>this|last|next)_(?P<unit>{_ONE})"
    rf"|(?P<way>last|next)_(?P<count>[1-9]\d{{0,2}})_(?P<units>{_ONE})s)"
)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Days:
    """A stretch of calendar days as one reader counts them: what is compared lies in it, before it or after it."""

    first: datetime.date
    last: datetime.date
    time_zone: str

    def compare(self, path: tuple[str, ...], op: str, kind: ColumnType | None) -> Filter:
        """A column of days or of instants compared with the stretch."""
        begin, end = self._bounds(kind is not None and kind.name == "date")
        within = And([Compare(path, "ge", begin), Compare(path, "lt", end)])
        return {
            "eq": within,
            "ne": Not(within),
            "ge": Compare(path, "ge", begin),
            "gt": Compare(path, "ge", end),
            "lt": Compare(path, "lt", begin),
            "le": Compare(path, "lt", end),
        }[op]

    def _bounds(self, by_days: bool) -> tuple[Any, Any]:
        try:
            begin, end = self.first, self.last + DAY
            if by_days:
                return begin, end
            midnight, zone = datetime.time(), ZoneInfo(self.time_zone)
            return datetime.datetime.combine(begin, midnight, zone), datetime.datetime.combine(end, midnight, zone)
        except OverflowError:
            raise Invalid(FIELD, "“%(value)s” is too far away.", value=str(self.first)) from None


def meaning(kind: ColumnType | None, text: str, actor: Actor, now: datetime.datetime) -> list[Any] | None:
    """What the word stands for beside a column of this type: values, or one `Days`; None where it is no such word."""
    found = _WORD.fullmatch(text) if text.startswith("@") else None
    if found is None or kind is None:
        return None
    if kind.name in ("date", "datetime"):
        return _moment(kind, found, actor, now)
    if found["later"]:
        return None
    if found["word"] == "me" and kind.target in ("users", "salespeople"):
        me = actor.user_id if kind.target == "users" else actor.salesperson_id
        return [me] if me else []
    return sorted(actor.groups) if found["word"] == "my_groups" and kind.target == "sales_groups" else None


def is_word(kind: ColumnType, text: str) -> bool:
    """Whether the text is a word with a meaning beside a column of this type, whoever reads."""
    return meaning(kind, text, Actor(0), datetime.datetime.now(datetime.UTC)) is not None


def _moment(kind: ColumnType, found: re.Match[str], actor: Actor, now: datetime.datetime) -> list[Any] | None:
    there = now.astimezone(ZoneInfo(actor.time_zone))
    if found["word"] in ("me", "my_groups"):
        return None
    if found["word"] == "now":
        later = there + datetime.timedelta(days=int(found["later"] or 0))
        return [later.date() if kind.name == "date" else later]
    first, last = _days(found, there.date(), actor.time_zone)
    return [first] if kind.name == "date" and first == last else [Days(first, last, actor.time_zone)]


def _days(found: re.Match[str], today: datetime.date, time_zone: str) -> tuple[datetime.date, datetime.date]:
    if found["word"]:
        beside = {"today": 0, "yesterday": -1, "tomorrow": 1}[found["word"]]
        day = today + datetime.timedelta(days=beside + int(found["later"] or 0))
        return day, day
    if found["way"] == "last":
        return shifted(today, found["units"], -int(found["count"])) + DAY, today
    if found["way"] == "next":
        return today, shifted(today, found["units"], int(found["count"])) - DAY
    first = _beginning(today, found["unit"], time_zone)
    first = shifted(first, found["unit"], {"this": 0, "last": -1, "next": 1}[found["which"]])
    return first, shifted(first, found["unit"], 1) - DAY


def _beginning(day: datetime.date, unit: str, time_zone: str) -> datetime.date:
    if unit == "day":
        return day
    if unit == "week":
        return day - datetime.timedelta(days=(day.weekday() - first_weekday(time_zone)) % 7)
    months = _MONTHS[unit]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def shifted(day: datetime.date, unit: str, count: int) -> datetime.date:
    """The day so many units later; of a shorter month its last day."""
    if unit in ("day", "week"):
        return day + datetime.timedelta(days=count * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + count * _MONTHS[unit]
    year, month = months // 12, months % 12 + 1
    return datetime.date(year, month, min(day.day, monthrange(year, month)[1]))


@lru_cache(maxsize=1000)
def first_weekday(time_zone: str) -> int:
    """0 = Monday … 6 = Sunday, by the custom of the country that the time zone tells (CLDR)."""
    country = get_global("zone_territories").get(time_zone)
    try:
        return Locale.parse(f"und_{country}").first_week_day
    except (ValueError, UnknownLocaleError):  # UTC is nobody's: Monday (ISO 8601)
        return 0
