"""What formulas compute with, in Python: the evaluator calls these functions, and SQLite too.

A number is a whole number of millionths (10^-6): exact, and within SQLite's 64 bits as long as it is below 10^12.
No function raises: what cannot be computed (division by nothing, too large, too long, no such day) is None, blank.
`postgresql.py` has the same functions for PostgreSQL; tests/lists/test_formula_agreement.py compares the three.
"""

from __future__ import annotations

import calendar
import datetime
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from ..sqltypes import fold
from .tree import BOUND, LONGEST_TEXT, PLACES

UNIT = 10**PLACES
LARGEST = BOUND * UNIT
FIRST_DAY, LAST_DAY = datetime.date(1000, 1, 1), datetime.date(9998, 12, 31)
MOST_DAYS, MOST_MONTHS, LARGEST_EXPONENT = 4_000_000, 120_000, 64
PREFIX = "formula_"


def bounded(number: int) -> int | None:
    """The number, unless it is too large."""
    return number if -LARGEST < number < LARGEST else None


def halves_up(over: int, under: int) -> int:
    """over / under as a whole number, halves away from zero; `under` is not 0."""
    quotient = (2 * abs(over) + abs(under)) // (2 * abs(under))
    return quotient if (over < 0) == (under < 0) else -quotient


def whole(number: int) -> int:
    """The whole part of a number, fractions dropped."""
    return number // UNIT if number >= 0 else -(-number // UNIT)


def add(left: int, right: int) -> int | None:
    return bounded(left + right)


def sub(left: int, right: int) -> int | None:
    return bounded(left - right)


def mul(left: int, right: int) -> int | None:
    return bounded(halves_up(left * right, UNIT))


def div(left: int, right: int) -> int | None:
    return bounded(halves_up(left * UNIT, right)) if right else None


def mod(left: int, right: int) -> int | None:
    return left % right if right else None


def power(base: int, exponent: int) -> int | None:
    """Whole exponents only, from -64 to 64."""
    times = exponent // UNIT
    if exponent % UNIT or abs(times) > LARGEST_EXPONENT:
        return None
    over, under = base ** abs(times), UNIT ** abs(times)
    if times < 0:
        over, under = under, over
    return bounded(halves_up(over * UNIT, under)) if under else None


def round_(number: int, places: int) -> int | None:
    """Halves away from zero; negative places round to tens, hundreds …"""
    step = 10 ** (PLACES - max(-12, min(PLACES, whole(places))))
    return bounded(halves_up(number, step) * step)


def floor(number: int) -> int | None:
    return bounded(number // UNIT * UNIT)


def ceiling(number: int) -> int | None:
    return bounded(-(-number // UNIT) * UNIT)


def trunc(number: int) -> int:
    return whole(number) * UNIT


def length(text: str | None) -> int:
    return len(text or "") * UNIT


def upper(text: str) -> str:
    return text.upper()


def lower(text: str) -> str:
    return text.lower()


def trim(text: str) -> str:
    """Without spaces at the ends, and with single ones between."""
    return " ".join(part for part in text.split(" ") if part)


def left(text: str, count: int) -> str:
    return text[: max(0, whole(count))]


def right(text: str, count: int) -> str:
    return text[max(0, len(text) - max(0, whole(count))) :]


def mid(text: str, start: int, count: int) -> str:
    begin = max(0, whole(start) - 1)
    return text[begin : begin + max(0, whole(count))]


def join(first: str | None, second: str | None) -> str | None:
    joined = (first or "") + (second or "")
    return joined if len(joined) <= LONGEST_TEXT else None


def contains(text: str, part: str) -> bool:
    return fold(part) in fold(text)


def startswith(text: str, part: str) -> bool:
    return fold(text).startswith(fold(part))


def before(first: str, second: str) -> bool:
    """Texts in order, their case and accents aside."""
    return fold(first) < fold(second)


def not_after(first: str, second: str) -> bool:
    return fold(first) <= fold(second)


def number_text(number: int) -> str:
    digits = f"{abs(number):0{PLACES + 1}d}"
    text = f"{digits[:-PLACES]}.{digits[-PLACES:]}".rstrip("0").rstrip(".")
    return f"-{text}" if number < 0 else text


def date_text(day: datetime.date) -> str:
    return day.isoformat()


def instant_text(instant: datetime.datetime, zone: str) -> str | None:
    local = _local(instant, zone)
    return None if local is None else f"{local.date().isoformat()} {local:%H:%M}"


def local_date(instant: datetime.datetime, zone: str) -> datetime.date | None:
    local = _local(instant, zone)
    return None if local is None else local.date()


def _local(instant: datetime.datetime, zone: str) -> datetime.datetime | None:
    try:
        return instant.astimezone(_zone(zone))
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=64)
def _zone(name: str) -> datetime.tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return datetime.UTC


def year(day: datetime.date) -> int:
    return day.year * UNIT


def month(day: datetime.date) -> int:
    return day.month * UNIT


def day(day: datetime.date) -> int:
    return day.day * UNIT


def weekday(day: datetime.date) -> int:
    """1 = Monday … 7 = Sunday."""
    return day.isoweekday() * UNIT


def date(year: int, month: int, day: int) -> datetime.date | None:
    """The day; a 13th month is the next year's first, day 0 the last of the month before."""
    y = whole(year)
    if not FIRST_DAY.year <= y <= LAST_DAY.year:
        return None
    first = add_months(datetime.date(y, 1, 1), month - UNIT)
    return None if first is None else add_days(first, day - UNIT)


def add_days(day: datetime.date, count: int) -> datetime.date | None:
    days = whole(count)
    if abs(days) > MOST_DAYS:
        return None
    try:
        found = day + datetime.timedelta(days=days)
    except OverflowError:
        return None
    return found if FIRST_DAY <= found <= LAST_DAY else None


def add_months(day: datetime.date, count: int) -> datetime.date | None:
    """The same day of another month, or that month's last."""
    if abs(whole(count)) > MOST_MONTHS:
        return None
    months = day.year * 12 + day.month - 1 + whole(count)
    y, m = months // 12, months % 12 + 1
    if not FIRST_DAY.year <= y <= LAST_DAY.year:
        return None
    return datetime.date(y, m, min(day.day, calendar.monthrange(y, m)[1]))


def days_between(later: datetime.date, earlier: datetime.date) -> int:
    return (later - earlier).days * UNIT


def months_between(start: datetime.date, end: datetime.date) -> int:
    """Full months from `start` to `end`; negative where `end` is earlier."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return months * UNIT


@dataclass(frozen=True)
class Primitive:
    """A function with what it takes and gives: n(umber), t(ext), d(ate), i(nstant), b(oolean).

    `strict`: a blank argument makes the result blank, and the function is not called. An empty text is blank.
    """

    function: Callable[..., Any]
    takes: str
    gives: str
    strict: bool = True

    def __call__(self, *args: Any) -> Any:
        if self.strict and None in args:
            return None
        try:
            result = self.function(*args)
        except (OverflowError, ValueError):
            return None
        return None if result == "" and self.gives == "t" else result


PRIMITIVES = {
    "add": Primitive(add, "nn", "n"), "sub": Primitive(sub, "nn", "n"), "mul": Primitive(mul, "nn", "n"),
    "div": Primitive(div, "nn", "n"), "mod": Primitive(mod, "nn", "n"), "power": Primitive(power, "nn", "n"),
    "round": Primitive(round_, "nn", "n"), "floor": Primitive(floor, "n", "n"),
    "ceiling": Primitive(ceiling, "n", "n"), "trunc": Primitive(trunc, "n", "n"),
    "length": Primitive(length, "t", "n", strict=False), "upper": Primitive(upper, "t", "t"),
    "lower": Primitive(lower, "t", "t"), "trim": Primitive(trim, "t", "t"), "left": Primitive(left, "tn", "t"),
    "right": Primitive(right, "tn", "t"), "mid": Primitive(mid, "tnn", "t"),
    "join": Primitive(join, "tt", "t", strict=False), "contains": Primitive(contains, "tt", "b"),
    "startswith": Primitive(startswith, "tt", "b"), "before": Primitive(before, "tt", "b"),
    "not_after": Primitive(not_after, "tt", "b"), "number_text": Primitive(number_text, "n", "t"),
    "date_text": Primitive(date_text, "d", "t"), "instant_text": Primitive(instant_text, "it", "t"),
    "local_date": Primitive(local_date, "it", "d"), "year": Primitive(year, "d", "n"),
    "month": Primitive(month, "d", "n"), "day": Primitive(day, "d", "n"), "weekday": Primitive(weekday, "d", "n"),
    "date": Primitive(date, "nnn", "d"), "add_days": Primitive(add_days, "dn", "d"),
    "add_months": Primitive(add_months, "dn", "d"), "days_between": Primitive(days_between, "dd", "n"),
    "months_between": Primitive(months_between, "dd", "n"),
}  # fmt: skip


# --- The same for SQLite, which keeps days and instants as texts ----------------------------------


def _instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


_COMING_IN: dict[str, Callable[[Any], Any]] = {"d": datetime.date.fromisoformat, "i": _instant}


def _for_sqlite(primitive: Primitive) -> Callable[..., Any]:
    readers = [_COMING_IN.get(kind) for kind in primitive.takes]
    if not any(readers) and primitive.gives != "d":
        return primitive

    def call(*args: Any) -> Any:
        try:
            read = [
                arg if reader is None or arg is None else reader(arg) for reader, arg in zip(readers, args, strict=True)
            ]
        except (TypeError, ValueError):
            return None
        result = primitive(*read)
        return result.isoformat() if isinstance(result, datetime.date) else result

    return call


def _least(*args: Any) -> Any:
    return min((arg for arg in args if arg is not None), default=None)


def _greatest(*args: Any) -> Any:
    return max((arg for arg in args if arg is not None), default=None)


def register(connection: sqlite3.Connection) -> None:
    """Teach a connection the functions that compiled formulas call."""
    for name, primitive in PRIMITIVES.items():
        connection.create_function(PREFIX + name, len(primitive.takes), _for_sqlite(primitive), deterministic=True)
    connection.create_function(f"{PREFIX}least", -1, _least, deterministic=True)
    connection.create_function(f"{PREFIX}greatest", -1, _greatest, deterministic=True)
