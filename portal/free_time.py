"""When somebody is free: the next half hour of a working day at which no event of theirs lies."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, literal, or_, select
from sqlalchemy.orm import Session

from ..calendar import window
from ..lists.catalogue import definition
from ..lists.filters import Compare
from ..lists.reading import Reading
from ..lists.rights import Actor, Level
from ..lists.sqltypes import json_has

FIRST_HOUR, LAST_HOUR = 8, 17  # meetings are proposed to begin and end within these
LOOK_AHEAD = datetime.timedelta(days=14)
MOST_EVENTS = 500
Busy = tuple[datetime.datetime, datetime.datetime]


def own_happenings(
    session: Session, actor: Actor, start: datetime.datetime, end: datetime.datetime
) -> list[window.Happening]:
    """What the actor leads or takes part in between two instants, each occurrence by itself."""
    found = definition(session, "events")
    reading = Reading(session, found, actor, Level.HEADLINE)
    mine = [json_has(found.sql("participant_users"), literal(actor.user_id, Integer))]
    if actor.salesperson_id:
        mine.append(found.sql("salesperson") == actor.salesperson_id)
    lasts = or_(found.sql("last_end") >= start, found.sql("last_end").is_(None))
    statement = select(reading.id).where(*reading.conditions(), or_(*mine), found.sql("start") < end, lasts)
    ids = list(session.scalars(statement.order_by(found.sql("start").desc(), reading.id).limit(MOST_EVENTS)))
    return window.happenings(session, actor, start, end, where=Compare(("id",), "in", ids)) if ids else []


def next_free(session: Session, actor: Actor, now: datetime.datetime, *, minutes: int = 60) -> datetime.datetime:
    """The start of the next free time for a meeting of so many minutes, in the actor's zone."""
    busy = [(one.start, one.end) for one in own_happenings(session, actor, now, now + LOOK_AHEAD)]
    return first_free(busy, now.astimezone(ZoneInfo(actor.time_zone)), datetime.timedelta(minutes=minutes))


def first_free(busy: Iterable[Busy], now: datetime.datetime, length: datetime.timedelta) -> datetime.datetime:
    """The first half hour after `now` (aware, in the wanted zone) on a working day from which `length` is free."""
    taken = list(busy)
    half_hour = datetime.timedelta(minutes=30)
    wall = now.replace(minute=0, second=0, microsecond=0, tzinfo=None)
    while wall <= now.replace(tzinfo=None):
        wall += half_hour
    last = wall + LOOK_AHEAD
    while wall < last:
        start = wall.replace(tzinfo=now.tzinfo)
        fits = (
            wall.weekday() < 5 and wall.hour >= FIRST_HOUR and wall + length <= wall.replace(hour=LAST_HOUR, minute=0)
        )
        if fits and not any(start < end and begin < start + length for begin, end in taken):
            return start
        wall += half_hour
    return last.replace(tzinfo=now.tzinfo)
