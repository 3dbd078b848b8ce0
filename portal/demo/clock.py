"""The demo's clock: what "now" is, and instants at which people work."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

HOUSE_ZONE = "Europe/Bratislava"


def now_of(today: date) -> datetime:
    """The demo's present: eight in the morning of `today` at the first owner's seat, in UTC."""
    return at(today, 8, 0, HOUSE_ZONE)


def at(day: date, hour: int, minute: int, zone: str) -> datetime:
    """A local time of `zone` as an instant in UTC."""
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def workday(day: date) -> date:
    """`day` itself, or the Monday after it if it is a Saturday or Sunday."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= 5 else day


def working_instant(rng: Random, start: datetime, end: datetime, zone: str) -> datetime:
    """An instant between `start` and `end`, on a weekday between 7:30 and 17:00 where the span allows."""
    span = (end - start).total_seconds()
    if span <= 60:
        return start
    for _ in range(10):
        guess = start + timedelta(seconds=rng.uniform(0, span))
        day = workday(guess.astimezone(ZoneInfo(zone)).date())
        minutes = rng.randint(450, 1020)
        instant = at(day, minutes // 60, minutes % 60, zone)
        if start < instant < end:
            return instant
    begin, finish = rng.choice(_working_hours(start, end, zone) or [(start, end)])
    chance = begin + timedelta(seconds=rng.uniform(0, (finish - begin).total_seconds()))
    return max(start, chance.replace(second=0, microsecond=0))


def _working_hours(start: datetime, end: datetime, zone: str) -> list[tuple[datetime, datetime]]:
    """The weekday's working hours that lie between `start` and `end`, cut to them."""
    first, last = (instant.astimezone(ZoneInfo(zone)).date() for instant in (start, end))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    hours = [(max(start, at(day, 7, 30, zone)), min(end, at(day, 17, 0, zone))) for day in days if day.weekday() < 5]
    return [(begin, finish) for begin, finish in hours if finish - begin > timedelta(minutes=1)]


def stamp(row: Row, created: datetime, created_by: str, modified: datetime | None = None,
          modified_by: str | None = None) -> Row:  # fmt: skip
    """Put the four fields on `row` that the program sets; the row itself is returned."""
    row["created"], row["created_by"] = created, created_by
    row["modified"], row["modified_by"] = modified or created, modified_by or created_by
    return row


def counter(prefix: str) -> Callable[[], str]:
    """A function that gives `prefix1`, `prefix2`, …: the local keys of one list."""
    number = 0

    def next_key() -> str:
        nonlocal number
        number += 1
        return f"{prefix}{number}"

    return next_key
