"""When something that an alert has found is told: at once, or at the next hour that its owner has chosen."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

RHYTHMS = ("now", "daily", "weekly")


def due(rhythm: str, hour: int, weekday: int, zone: str, at: datetime.datetime) -> datetime.datetime:
    """The instant after `at` when it is due.

    The hour is the clock's on the wall: when the clocks change it stays the same hour, once a day. An hour that is
    left out comes with the next one, an hour that comes twice counts the first time.
    """
    if rhythm == "now":
        return at
    local = at.astimezone(ZoneInfo(zone))
    day = local.date()
    while True:
        then = datetime.datetime.combine(day, datetime.time(hour), ZoneInfo(zone)).astimezone(datetime.UTC)
        if then > at and (rhythm == "daily" or day.weekday() == weekday):
            return then
        day += datetime.timedelta(days=1)
