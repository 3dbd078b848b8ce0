"""Dates and instants. Instants are kept in UTC; a form's local time is read in the reader's zone."""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from sqlalchemy import Date

from ..sqltypes import UtcDateTime
from .base import ColumnType, Reader, refuse

Day = TypeVar("Day", bound=datetime.date)
FIRST_YEAR, LAST_YEAR = 1000, 9998  # one year of room for zone shifts on either side


@lru_cache(maxsize=4096)  # a list's days are few, and shown over and over
def _written(day: datetime.date, language: str) -> str:
    return format_date(day, format="medium", locale=Reader(language).locale)


class DateColumn(ColumnType):
    """A calendar day. JSON: `YYYY-MM-DD`."""

    name = "date"
    form_field = "date"

    def sql_type(self) -> Any:
        return Date()

    def parse(self, raw: Any) -> datetime.date | None:
        if raw is None or raw == "":
            return None
        if isinstance(raw, datetime.datetime):
            return raw.date()
        if isinstance(raw, datetime.date):
            return raw
        try:
            day = datetime.date.fromisoformat(str(raw).strip())
        except ValueError:
            raise refuse("“%(value)s” is not a date (year-month-day).", value=str(raw)[:40]) from None
        return _in_bounds(day)

    def to_json(self, value: Any) -> str | None:
        return None if value is None else value.isoformat()

    def format(self, value: Any, reader: Reader) -> str:
        return "" if value is None else _written(value, reader.language)

    def export_cell(self, value: Any) -> Any:
        return value


class DateTimeColumn(ColumnType):
    """An instant. JSON: RFC 3339 with offset. A text without offset is refused; forms add the reader's zone."""

    name = "datetime"
    form_field = "datetime"

    def sql_type(self) -> Any:
        return UtcDateTime()

    def parse(self, raw: Any) -> datetime.datetime | None:
        if raw is None or raw == "":
            return None
        try:
            instant = raw if isinstance(raw, datetime.datetime) else datetime.datetime.fromisoformat(str(raw).strip())
        except ValueError:
            raise refuse("“%(value)s” is not a date and time.", value=str(raw)[:40]) from None
        if instant.tzinfo is None:
            raise refuse("A time needs its offset from UTC, such as 2026-12-01T10:00:00+01:00.")
        _in_bounds(instant)
        return instant.astimezone(datetime.UTC)

    def to_json(self, value: Any) -> str | None:
        return None if value is None else value.isoformat()

    def format(self, value: Any, reader: Reader) -> str:
        if value is None:
            return ""
        # The month in letters: 12/1/26 is read differently on either side of the Channel.
        local = value.astimezone(ZoneInfo(reader.time_zone))
        day = format_date(local, "medium", locale=reader.locale)
        return f"{day}, {format_time(local, 'short', locale=reader.locale)}"

    def form_value(self, value: Any, reader: Reader) -> str:
        """`YYYY-MM-DDTHH:MM` in the reader's zone, as an input of type datetime-local has it."""
        return "" if value is None else value.astimezone(ZoneInfo(reader.time_zone)).strftime("%Y-%m-%dT%H:%M")

    def export_cell(self, value: Any) -> Any:
        return value


def local_to_instant(text: str, time_zone: str) -> datetime.datetime:
    """A form's `YYYY-MM-DDTHH:MM` in `time_zone` as an instant. Raises Invalid."""
    try:
        wall = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise refuse("“%(value)s” is not a date and time.", value=text[:40]) from None
    return in_zone(wall, time_zone)


def in_zone(wall: datetime.datetime, time_zone: str) -> datetime.datetime:
    """The instant at which a clock in `time_zone` shows this; the first, where it does so twice.

    Raises Invalid for a time that the clocks leave out: nobody can know which other one is meant.
    """
    _in_bounds(wall)
    zone = ZoneInfo(time_zone)
    instant = wall.replace(tzinfo=zone, fold=0)
    if instant.astimezone(datetime.UTC).astimezone(zone).replace(tzinfo=None) != wall.replace(tzinfo=None):
        raise refuse(
            "%(value)s does not exist in %(zone)s: the clocks are put forward then.",
            value=f"{wall:%Y-%m-%d %H:%M}", zone=time_zone,
        )  # fmt: skip
    return instant


def _in_bounds(day: Day) -> Day:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise refuse("The year must be between %(first)s and %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)
    return day
