"""Which events a reader has in a stretch of time, each occurrence by itself, and the texts of a whole feed."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ..lists import query
from ..lists.filters import And, Compare, Or
from ..lists.query import Item
from ..lists.rights import Actor
from .events import EventFields
from .recurrence import occurrences

COLUMNS = (
    "start",
    "end",
    "all_day",
    "time_zone",
    "recurrence",
    "place",
    "salesperson",
    "company",
    "case",
    "private",
    "modified",
    "created",
)
MOST_EVENTS = 5000
FEED_PAST = datetime.timedelta(days=366)  # how far back a feed reaches


@dataclass(frozen=True)
class Happening:
    """One occurrence of an event, as its reader sees the event."""

    item: Item
    start: datetime.datetime
    end: datetime.datetime

    @property
    def key(self) -> str:
        """Unique among all occurrences of all events."""
        return f"{self.item.id}-{int(self.start.timestamp())}"


def happenings(
    session: Session,
    actor: Actor,
    start: datetime.datetime,
    end: datetime.datetime,
    *,
    where: Compare | And | Or | None = None,
) -> list[Happening]:
    """What happens between two instants, in time order; at most MOST_EVENTS events, which no screen shows anyway."""
    touching = _touching(start, end)
    found = query.page(
        session,
        actor,
        "events",
        where=And([touching, where]) if where else touching,
        columns=COLUMNS,
        order=[("start", False)],
        limit=MOST_EVENTS,
    ).items
    every = [
        Happening(item, one.start, one.end)
        for item in found
        for one in occurrences(_fields(item), start, end).occurrences
    ]
    return sorted(every, key=lambda one: (one.start, one.end, one.item.id))


def feed_texts(session: Session, actor: Actor, now: datetime.datetime) -> Iterator[tuple[str, str]]:
    """(VEVENT text, IANA zone name) of every event that the reader knows of, in full or as its headline."""
    lasting = Or([Compare(("last_end",), "ge", now - FEED_PAST), Compare(("last_end",), "empty", True)])
    after: str | None = None
    while True:
        page = query.page(
            session,
            actor,
            "events",
            where=lasting,
            columns=("ics", "ics_headline", "time_zone"),
            order=[("id", False)],
            limit=MOST_EVENTS,
            after=after,
        )
        for item in page.items:
            yield item["ics"] or item["ics_headline"] or "", item["time_zone"] or "UTC"
        after = page.next
        if after is None:
            return


def _touching(start: datetime.datetime, end: datetime.datetime) -> And:
    lasting = Or([Compare(("last_end",), "ge", start), Compare(("last_end",), "empty", True)])
    return And([Compare(("start",), "lt", end), lasting])


def _fields(item: Item) -> EventFields:
    return EventFields(
        guid=item.guid, start=item["start"], end=item["end"], created=item["start"], modified=item["start"],
        time_zone=item["time_zone"] or "UTC", all_day=bool(item["all_day"]), recurrence=item["recurrence"] or "",
    )  # fmt: skip
