"""What the calendar knows of one event: plain values, without database, library or page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Answer = Literal["accepted", "declined", "tentative", "needs-action"]


@dataclass(frozen=True)
class Participant:
    """Somebody who is invited; `email` may be empty (then nothing can be sent to them)."""

    name: str
    email: str = ""
    answer: Answer = "needs-action"


@dataclass(frozen=True)
class EventFields:
    """One event.

    `start`, `end`, `created` and `modified` are aware datetimes. An all-day event lasts from the day of
    `start` to the day of `end` in its own zone; an `end` at midnight is exclusive, a later time counts its
    day. `time_zone` is an IANA name; `recurrence` an RRULE value ("" = happens once), `excluded` the starts
    of the occurrences that are left out; `reminder` minutes before the start (None = no reminder).
    `title_by_hand` says that a person typed `name`; a name made by the program tells of the case.
    """

    guid: str
    start: datetime
    end: datetime
    created: datetime
    modified: datetime
    name: str = ""
    title_by_hand: bool = False
    version: int = 1
    time_zone: str = "UTC"
    all_day: bool = False
    place: str = ""
    description: str = ""
    company: str = ""
    case: str = ""
    url: str = ""
    categories: tuple[str, ...] = ()
    salesperson: str = ""
    salesperson_email: str = ""
    participants: tuple[Participant, ...] = ()
    recurrence: str = ""
    excluded: tuple[datetime, ...] = ()
    reminder: int | None = None
    private: bool = False
    shows_as_busy: bool = True

    @property
    def zone(self) -> ZoneInfo:
        """The event's own time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def first_day(self) -> date:
        """The day on which the event starts, in its own zone."""
        return self.start.astimezone(self.zone).date()

    @property
    def day_after(self) -> date:
        """The first day that an all-day event no longer covers (RFC 5545 3.6.1: DTEND is exclusive)."""
        end = self.end.astimezone(self.zone)
        covered = end.date() if end.time() == datetime.min.time() else end.date() + timedelta(days=1)
        return max(covered, self.first_day + timedelta(days=1))
