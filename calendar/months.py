"""Where events stand on a calendar page: days, lanes and columns, without a word of HTML.

Timed entries stand on the days of the viewer's zone; all-day entries on their own dates, whoever looks.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
SHORTEST_BLOCK = 15  # minutes; a meeting of no length still has to be seen and clicked
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Entry:
    """Something to be placed: aware datetimes, `end` exclusive. Of an all-day entry the dates count as they
    stand (`recurrence.Occurrence` gives midnights in the event's zone). `id` is whatever the page knows it
    by."""

    id: str
    start: datetime
    end: datetime
    all_day: bool = False


@dataclass(frozen=True)
class Bar:
    """An entry in one week of the month view, or in the all-day strip of the week view: from column `column`
    over `span` days, in lane `lane` (0 = top). The flags say that it goes on beyond this week."""

    id: str
    lane: int
    column: int
    span: int
    continues_before: bool
    continues_after: bool


@dataclass(frozen=True)
class Block:
    """A timed entry in one day of the week view: minutes of the day by the clock on the wall, and the
    `column`-th (from 0) of `columns` that stand side by side."""

    id: str
    start: int
    end: int
    column: int
    columns: int


@dataclass(frozen=True)
class AgendaLine:
    """An entry under one day of the agenda. `start` and `end` are in the viewer's zone; None where the entry
    covers that end of the day (all-day, or running on from or into another day)."""

    id: str
    start: datetime | None
    end: datetime | None
    all_day: bool


def month_weeks(year: int, month: int, first_weekday: int = 0) -> list[list[date]]:
    """The weeks that show a month, each of seven days; `first_weekday` 0 = Monday … 6 = Sunday."""
    return calendar.Calendar(first_weekday).monthdatescalendar(year, month)


def week_of(day: date, first_weekday: int = 0) -> list[date]:
    """The seven days of the week in which `day` lies."""
    first = day - timedelta(days=(day.weekday() - first_weekday) % 7)
    return [first + timedelta(days=number) for number in range(7)]


def days_covered(entry: Entry, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last day on which an entry stands for a viewer in `zone`."""
    start = entry.start if entry.all_day else entry.start.astimezone(zone)
    end = entry.end if entry.all_day else entry.end.astimezone(zone)
    at_midnight = end.time() == datetime.min.time()
    last = end.date() - DAY if at_midnight else end.date()
    return start.date(), max(last, start.date())


def week_bars(entries: Iterable[Entry], week: Sequence[date], zone: ZoneInfo) -> list[Bar]:
    """The entries of one week, each in the topmost lane that is free on all its days.

    What begins earlier stands higher, of those the longer; on one day all-day entries come before timed ones.
    """
    placed: list[Bar] = []
    lanes: list[int] = []  # the first free column of each lane
    for entry, first, last in _by_day(entries, week[0], week[-1], zone):
        column = max((first - week[0]).days, 0)
        end = min((last - week[0]).days, len(week) - 1) + 1
        lane = next((number for number, free in enumerate(lanes) if free <= column), len(lanes))
        if lane == len(lanes):
            lanes.append(0)
        lanes[lane] = end
        placed.append(Bar(entry.id, lane, column, end - column, first < week[0], last > week[-1]))
    return placed


def day_blocks(entries: Iterable[Entry], day: date, zone: ZoneInfo) -> list[Block]:
    """The timed entries of one day; those that overlap, directly or through others, share the width."""
    timed = (entry for entry in entries if not entry.all_day)
    spans = sorted(
        (*_minutes(entry, day, zone), entry.id) for entry, _first, _last in _by_day(timed, day, day, zone)
    )
    spans.sort(key=lambda span: (span[0], -span[1]))
    blocks: list[Block] = []
    cluster: list[tuple[int, int, str]] = []
    for span in spans:
        if cluster and span[0] >= max(end for _start, end, _id in cluster):
            blocks += _side_by_side(cluster)
            cluster = []
        cluster.append(span)
    return blocks + _side_by_side(cluster)


def agenda(
    entries: Iterable[Entry], first_day: date, last_day: date, zone: ZoneInfo
) -> list[tuple[date, list[AgendaLine]]]:
    """The days from `first_day` to `last_day` on which something stands, with their entries in order of
    time."""
    days: dict[date, list[AgendaLine]] = {}
    for entry, first, last in _by_day(entries, first_day, last_day, zone):
        day = max(first, first_day)
        while day <= min(last, last_day):
            days.setdefault(day, []).append(_agenda_line(entry, day, first, last, zone))
            day += DAY
    return [(day, sorted(days[day], key=_agenda_order)) for day in sorted(days)]


def _by_day(
    entries: Iterable[Entry], first_day: date, last_day: date, zone: ZoneInfo
) -> list[tuple[Entry, date, date]]:
    """The entries that touch these days, with the days that each covers, in the order in which they are
    placed."""
    covered = [(entry, *days_covered(entry, zone)) for entry in entries]
    touching = [item for item in covered if item[1] <= last_day and item[2] >= first_day]
    return sorted(
        touching,
        key=lambda item: (
            item[1],
            item[1] - item[2],
            not item[0].all_day,
            item[0].start.astimezone(UTC),
            item[0].id,
        ),
    )


def _minutes(entry: Entry, day: date, zone: ZoneInfo) -> tuple[int, int]:
    """The part of an entry that lies on `day`, in minutes of the clock on the wall. In the night in which the
    clock goes back an end may read earlier than its start; the shortest block stands for it."""
    start, end = entry.start.astimezone(zone), entry.end.astimezone(zone)
    first = 0 if start.date() < day else start.hour * 60 + start.minute
    last = DAY_MINUTES if end.date() > day else end.hour * 60 + end.minute
    first = min(first, DAY_MINUTES - SHORTEST_BLOCK)
    return first, max(last, first + SHORTEST_BLOCK)


def _side_by_side(cluster: list[tuple[int, int, str]]) -> list[Block]:
    """One run of overlapping spans (start, end, id), in order of start, each in the leftmost free column."""
    ends: list[int] = []
    columns: list[int] = []
    for start, end, _id in cluster:
        column = next((number for number, free in enumerate(ends) if free <= start), len(ends))
        if column == len(ends):
            ends.append(0)
        ends[column] = end
        columns.append(column)
    return [
        Block(id_, start, end, column, len(ends))
        for (start, end, id_), column in zip(cluster, columns, strict=True)
    ]


def _agenda_line(entry: Entry, day: date, first: date, last: date, zone: ZoneInfo) -> AgendaLine:
    if entry.all_day:
        return AgendaLine(entry.id, None, None, True)
    start = entry.start.astimezone(zone) if day == first else None
    end = entry.end.astimezone(zone) if day == last else None
    return AgendaLine(entry.id, start, end, False)


def _agenda_order(line: AgendaLine) -> tuple[bool, datetime, str]:
    """All-day first, then what runs on from the day before, then by time."""
    return (
        not line.all_day,
        line.start.astimezone(UTC) if line.start else datetime.min.replace(tzinfo=UTC),
        line.id,
    )
