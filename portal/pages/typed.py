"""What people type into forms and filters: numbers, days and times in their own way of writing."""

from __future__ import annotations

import calendar
import datetime
import re
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import get_day_names, get_month_names
from babel.numbers import get_decimal_symbol, get_group_symbol

from ...lists.columns import Reader, money, numbers
from ...lists.columns.dates import local_to_instant
from ...lists.errors import Invalid

_SPACES = re.compile(r"[\s\u00a0\u202f'’]")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_MONTH = re.compile(r"(\d{1,2})\s*[./]\s*(\d{1,2})\s*(?:[./]\s*(\d{4}|\d{2})?)?")
_MONTH_IN_LETTERS = re.compile(r"(?:(\d{1,2})\.?\s*([^\W\d]+)\.?|([^\W\d]+)\.?\s*(\d{1,2}))[,.]?\s+(\d{4})")
_CLOCK = re.compile(r"(\d{1,2})(?::|\.)(\d{2})(?::\d{2})?\s*(am|pm)?|(\d{1,2})\s*(am|pm)", re.IGNORECASE)
_LATER = re.compile(r"(?:in|o|\+)\s*(\d{1,3})\s*(\w+)")

_DAYS = {
    "today": 0, "tomorrow": 1, "yesterday": -1, "dnes": 0, "zajtra": 1, "pozajtra": 2, "včera": -1,
    "täna": 0, "homme": 1, "eile": -1, "bugün": 0, "yarın": 1, "dün": -1, "сегодня": 0, "завтра": 1, "вчера": -1,
}  # fmt: skip
_UNITS = {
    "d": "d", "day": "d", "days": "d", "deň": "d", "dni": "d", "dní": "d",
    "w": "w", "week": "w", "weeks": "w", "týždeň": "w", "týždne": "w", "týždňov": "w",
    "m": "m", "month": "m", "months": "m", "mesiac": "m", "mesiace": "m", "mesiacov": "m",
    "y": "y", "year": "y", "years": "y", "rok": "y", "roky": "y", "rokov": "y",
}  # fmt: skip


def read_number(text: str, language: str) -> str:
    """A number as typed in `language`, for a column's type to read: `1,200` is 1200 in English.

    What a language writes for no thousands may be meant by somebody who uses another one's signs: `1.200` in English
    is given on as `1,200`, which a column with fewer than three decimals refuses. What is no number stays as it is.
    """
    sign = money.sign_of(text)
    if sign:  # a spreadsheet's “€1,200”: the door asks what the sign means
        return f"{sign} {read_number(money.without_sign(text), language)}"
    bare = " ".join(text.split()).replace("\u2212", "-")
    if found := re.fullmatch(r"\((\d[\d.,]*)\)", bare):  # as spreadsheets write what is below nothing
        bare = f"-{found[1]}"
    locale = Locale.parse(language)
    group, decimal = _SPACES.sub("", get_group_symbol(locale)), get_decimal_symbol(locale)
    if group and re.fullmatch(rf"[-+]?\d{{1,3}}(?:{re.escape(group)}\d{{3}})+(?:{re.escape(decimal)}\d+)?", bare):
        return bare.replace(group, "").replace(decimal, ".")
    if re.fullmatch(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", bare):
        return bare.replace(".", ",")
    return numbers.plain(bare) or bare


def read_day(text: str, reader: Reader, now: datetime.datetime) -> str:
    """A day as typed (`tomorrow`, `3.12.`, `in 2 weeks`, `Friday`, `2026-12-03`) as `YYYY-MM-DD`.

    `now`: this instant, aware. Days without a year are the next such day. Raises Invalid.
    """
    today = now.astimezone(ZoneInfo(reader.time_zone)).date()
    words = " ".join(text.split()).casefold()
    try:
        day = _day(words, today, reader.language)
    except (ValueError, OverflowError):
        day = None
    if day is None:
        raise Invalid(
            "", "“%(value)s” is not a date. Write it as 2026-12-03, 3.12., “tomorrow” or “in 2 weeks”.", value=text[:40]
        )
    return day.isoformat()


def day_beside_today(text: str) -> int | None:
    """How far from today a day is that was typed as such (`tomorrow`: 1); None for any other text."""
    return _DAYS.get(" ".join(text.split()).casefold())


def read_instant(text: str, reader: Reader, now: datetime.datetime) -> datetime.datetime:
    """A day and time as typed in the reader's zone (`2026-12-03 10:00`, `tomorrow 9:30`, `14:00`). Raises Invalid."""
    words = " ".join(text.replace("T", " ").split())
    day, _, clock = words.rpartition(" ")
    day = day.rstrip(",")
    if clock.lower() in ("am", "pm") and day:
        day, _, hours = day.rpartition(" ")
        day = day.rstrip(",")
        clock = f"{hours}{clock}"
    hour = _clock(clock)
    if hour is None:
        raise Invalid("", "“%(value)s” is not a date and time. Write it as 2026-12-03 10:00.", value=text[:40])
    return local_to_instant(f"{read_day(day or 'today', reader, now)}T{hour:%H:%M}", reader.time_zone)


def _day(words: str, today: datetime.date, language: str) -> datetime.date | None:
    if words in _DAYS:
        return today + datetime.timedelta(days=_DAYS[words])
    if found := _ISO_DAY.fullmatch(words):
        return datetime.date(int(found[1]), int(found[2]), int(found[3]))
    if found := _DAY_MONTH.fullmatch(words):
        if "/" in words and language == "en":
            return _day_between_slashes(int(found[1]), int(found[2]), found[3], today)
        return _day_of_month(int(found[1]), int(found[2]), found[3], today)
    if found := _MONTH_IN_LETTERS.fullmatch(words):
        month = _month(found[2] or found[3], language)
        return datetime.date(int(found[5]), month, int(found[1] or found[4])) if month else None
    if (found := _LATER.fullmatch(words)) and found[2] in _UNITS:
        return _later(today, int(found[1]), _UNITS[found[2]])
    return _weekday(words, today, language)


def _day_of_month(day: int, month: int, year: str | None, today: datetime.date) -> datetime.date:
    if year:
        return datetime.date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    found = datetime.date(today.year, month, day)
    # "3.1." typed in December is next January's; a few weeks back is meant as it stands.
    return found if (today - found).days < 60 else datetime.date(today.year + 1, month, day)


def _day_between_slashes(first: int, second: int, year: str | None, today: datetime.date) -> datetime.date:
    """English writes 3/12 for two different days: only what can be one alone is taken. Raises Invalid."""
    if first <= 12 and second <= 12 and first != second:
        raise Invalid(
            "", "“%(value)s” may be two different days. Write it as 2026-12-03 or 3 Dec 2026.",
            value=f"{first}/{second}",
        )  # fmt: skip
    return _day_of_month(max(first, second), min(first, second), year, today)


def _later(today: datetime.date, count: int, unit: str) -> datetime.date:
    if unit in ("d", "w"):
        return today + datetime.timedelta(days=count * (7 if unit == "w" else 1))
    months = today.month - 1 + count * (12 if unit == "y" else 1)
    year, month = today.year + months // 12, months % 12 + 1
    return datetime.date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def _month(word: str, language: str) -> int | None:
    for locale in dict.fromkeys((language, "en")):
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=locale).items():  # type: ignore[arg-type]
                if word == name.casefold().rstrip("."):
                    return number
    return None


def _weekday(words: str, today: datetime.date, language: str) -> datetime.date | None:
    for locale in dict.fromkeys((language, "en")):
        for width in ("wide", "abbreviated"):
            for number, name in get_day_names(width, locale=locale).items():  # type: ignore[arg-type]
                if words == name.casefold().rstrip("."):
                    return today + datetime.timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return None


def _clock(text: str) -> datetime.time | None:
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return None
    hours, half = int(found[1] or found[4]), (found[3] or found[5] or "").lower()
    if half and not 1 <= hours <= 12:
        return None
    hours = hours % 12 + (12 if half == "pm" else 0) if half else hours
    minutes = int(found[2] or 0)
    return datetime.time(hours, minutes) if hours < 24 and minutes < 60 else None
