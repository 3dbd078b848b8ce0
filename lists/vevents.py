"""The events of an iCalendar file as rows of a table (RFC 5545)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

from icalendar import Event

from .errors import N_, Invalid

COLUMNS = (
    "UID", "Title", "Start", "End", "All day", "Place", "Description", "Status", "Organiser", "Categories",
    "Recurrence rule",
)  # fmt: skip
TEXTS = {"UID": "UID", "SUMMARY": "Title", "LOCATION": "Place", "DESCRIPTION": "Description", "STATUS": "Status"}
MOST_LINES = 10_000


def read(lines: Iterable[str], file: str) -> Iterator[dict[str, Any]]:
    """A row for every event. Raises Invalid where there is none, or one cannot be read."""
    event: list[str] | None = None
    begun = count = 0
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r\n")
        word = line.strip().upper()
        if word == "BEGIN:VEVENT":
            if event is not None:
                raise _broken(file, begun)
            event, begun = [], number
        if event is None:
            continue
        event.append(line)
        if len(event) > MOST_LINES:
            raise _broken(file, begun)
        if word == "END:VEVENT":
            yield _row(event, file, begun)
            event, count = None, count + 1
    if event is not None:
        raise _broken(file, begun)
    if not count:
        raise Invalid("file", "There is no event in %(file)s.", file=file)


def _broken(file: str, line: int) -> Invalid:
    return Invalid("file", N_("The event that begins at line %(line)s of %(file)s is broken."), file=file, line=line)


def _row(lines: list[str], file: str, begun: int) -> dict[str, Any]:
    try:
        event: Any = Event.from_ical("\r\n".join(lines) + "\r\n")
        row: dict[str, Any] = dict.fromkeys(COLUMNS, "")
        row |= {column: str(event.get(name) or "") for name, column in TEXTS.items()}
        start: Any
        end: Any
        start, end = _decoded(event, "DTSTART"), _decoded(event, "DTEND")
        if end == "" and isinstance(duration := _decoded(event, "DURATION"), datetime.timedelta):
            end = start + duration if start != "" else ""
        whole = isinstance(start, datetime.date) and not isinstance(start, datetime.datetime)
        if whole and isinstance(end, datetime.date):
            end = max(start, end - datetime.timedelta(days=1))  # a file names the day after the last one
        row |= {"Start": start, "End": end or start, "All day": "yes" if whole else "no"}
        row["Organiser"] = str(event.get("ORGANIZER") or "").removeprefix("mailto:").removeprefix("MAILTO:")
        row["Categories"] = _words(event.get("CATEGORIES"))
        row["Recurrence rule"] = event["RRULE"].to_ical().decode() if "RRULE" in event else ""
        if start == "" or event.errors:
            raise ValueError(event.errors)
    # Whatever the library makes of a stranger's event is an answer in words.
    except Exception:
        raise _broken(file, begun) from None
    return row


def _decoded(event: Any, name: str) -> Any:
    return event.decoded(name) if name in event else ""


def _words(found: Any) -> str:
    many = found if isinstance(found, list) else [found] if found else []
    return ", ".join(str(word) for one in many for word in getattr(one, "cats", [one]))
