"""The calendar feed: stored event texts joined into one VCALENDAR that Outlook and phones subscribe to.

A feed of 5,000 events built with the library takes most of a second; joined it takes milliseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from icalendar import Calendar, vDuration, vText

from .zones import vtimezone_text

PRODID = "-//Caseroom//Caseroom//EN"
REFRESH = timedelta(minutes=15)
CONTENT_TYPE = "text/calendar; charset=utf-8"
EVENTS_A_CHUNK = 200
END = "END:VCALENDAR\r\n"


def assemble(name: str, vevents: Iterable[str], zones: Iterable[str]) -> Iterator[bytes]:
    """The feed, in chunks of UTF-8.

    `name` is what the subscriber's calendar is called, `vevents` the stored VEVENT texts, `zones` the IANA
    names of all zones that the events use (repeated or UTC: no matter), as Outlook needs each one defined.
    The same input gives the same bytes. Raises `zoneinfo.ZoneInfoNotFoundError` for an unknown zone.
    """
    yield _header(name).encode()
    yield "".join(vtimezone_text(zone) for zone in sorted(set(zones))).encode()
    texts = iter(vevents)
    while chunk := list(islice(texts, EVENTS_A_CHUNK)):
        yield "".join(chunk).encode()
    yield END.encode()


def etag(chunks: Iterable[bytes]) -> str:
    """The strong entity tag (RFC 9110 8.8.3), in its quotes, of a body."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f'"{digest.hexdigest()[:32]}"'


def _header(name: str) -> str:
    """Everything before the first component. REFRESH-INTERVAL and NAME are RFC 7986; the X- names are what
    Outlook reads in their place."""
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    title = " ".join(name.split())
    calendar.add("name", vText(title))
    calendar.add("x-wr-calname", vText(title))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    return calendar.to_ical().decode().removesuffix(END)
