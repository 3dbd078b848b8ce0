"""What a calendar feed costs: joined from stored texts against built with the icalendar library."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import _report
from _report import Results
from icalendar import Calendar, Event

from caseroom.calendar.events import EventFields
from caseroom.calendar.feed import assemble
from caseroom.calendar.vevent import vevent_text

ZONE = "Europe/Bratislava"
LIMIT = 20.0  # joining is at least this many times as fast


def make_texts(count: int) -> list[str]:
    start = datetime(2026, 1, 5, 9, tzinfo=ZoneInfo(ZONE))
    stamp = datetime(2025, 12, 1, tzinfo=UTC)
    return [
        vevent_text(
            EventFields(
                guid=f"guid-{number}",
                start=start + timedelta(hours=number),
                end=start + timedelta(hours=number + 1),
                created=stamp,
                modified=stamp,
                name=f"Stretnutie č. {number}",
                place="Košice, Hlavná 1",
                description="A talk about the offer. " * 5,
                time_zone=ZONE,
            ),
            domain="bench.test",
        )
        for number in range(count)
    ]


def build(events: list[Event]) -> bytes:
    calendar = Calendar()
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical()


def seconds(work: Callable[[], object], times: int) -> float:
    """The best of several runs."""
    best = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best


def main() -> None:
    options = _report.options(__doc__, "1,000 events instead of 5,000")
    count = 1000 if options.quick else 5000
    texts = make_texts(count)
    components = [event for event in (Event.from_ical(text) for text in texts) if isinstance(event, Event)]
    joined = seconds(lambda: b"".join(assemble("Bench", texts, [ZONE])), 10)
    built = seconds(lambda: build(components), 3)
    ratio = built / joined
    results = Results()
    what = f"feed of {count} events: library ({built * 1000:.1f} ms) / joined ({joined * 1000:.2f} ms)"
    results.add("calendar-feed-join", ratio, "ratio", LIMIT, what, at_least=True)
    _report.tell(results.all, options.json)


if __name__ == "__main__":
    main()
