"""What the calendar page shows of a stretch of time: month, week or agenda, as plain values for its templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_time
from flask_babel import gettext as _

from ...calendar import months
from ...calendar.months import AgendaLine, Bar, Block, Entry
from ...calendar.window import Happening
from ...lists.columns import Reference
from ...lists.rights import Level
from ...lists.tokens import first_weekday

VIEWS = ("month", "week", "agenda")
HUES = 8  # the calendar colours of tokens.css
LANES = 4  # bars of one day in the month; the rest is "+3 more"
STRIP_LANES = 30
WIDEST = 12  # events side by side in the week
WORKING_DAY = (7, 19)  # hours that the week shows even where nothing is planned
AGENDA_DAYS = 14
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Shown:
    """One occurrence as its reader sees it. `hue` 1–8, 0 for none; `kind` is "", "masked" or "busy"."""

    key: str
    item_id: int
    title: str
    start: datetime
    end: datetime
    all_day: bool
    times: str
    place: str
    salesperson: Reference | None
    hue: int
    kind: str
    private: bool
    company: Reference | None
    case: Reference | None

    @property
    def entry(self) -> Entry:
        return Entry(self.key, self.start, self.end, self.all_day)

    @property
    def linked(self) -> bool:
        """Whether there is a page to open: of what is only busy there is none."""
        return self.kind != "busy"

    @property
    def initials(self) -> str:
        words = self.salesperson.title.split() if self.salesperson else []
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else ""


@dataclass(frozen=True)
class Day:
    """A day at the head of a column or cell. `number` of events, `hues` of the first few for the phone's dots."""

    date: date
    column: int
    is_today: bool
    outside: bool
    number: int = 0
    hues: tuple[int, ...] = ()


@dataclass(frozen=True)
class MonthWeek:
    """A row of the month; `more` = (column, how many are not shown)."""

    days: list[Day]
    bars: list[tuple[Bar, Shown]]
    more: list[tuple[int, int]]


@dataclass(frozen=True)
class Period:
    """Which stretch of time a view shows, for a reader's language and zone; `day` is the one in the address."""

    view: str
    day: date
    language: str
    zone: ZoneInfo

    @property
    def first_weekday(self) -> int:
        """0 = Monday … 6 = Sunday, by the custom of the reader's country."""
        return first_weekday(self.zone.key)

    @cached_property
    def weeks(self) -> list[list[date]]:
        if self.view == "month":
            return months.month_weeks(self.day.year, self.day.month, self.first_weekday)
        if self.view == "week":
            return [months.week_of(self.day, self.first_weekday)]
        return [[self.day + DAY * number for number in range(AGENDA_DAYS)]]

    @property
    def first(self) -> date:
        return self.weeks[0][0]

    @property
    def last(self) -> date:
        return self.weeks[-1][-1]

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Two instants that hold every event of these days; all-day events of other zones reach a day further."""
        midnight = datetime.combine(self.first, time(), self.zone)
        return midnight - DAY, datetime.combine(self.last + DAY, time(), self.zone) + DAY

    @property
    def previous(self) -> date:
        if self.view == "month":
            return (self.day.replace(day=1) - DAY).replace(day=1)
        return self.day - DAY * (7 if self.view == "week" else AGENDA_DAYS)

    @property
    def next(self) -> date:
        if self.view == "month":
            return (self.day.replace(day=28) + DAY * 4).replace(day=1)
        return self.day + DAY * (7 if self.view == "week" else AGENDA_DAYS)

    @property
    def title(self) -> str:
        if self.view == "month":
            text = format_date(self.day, "LLLL yyyy", locale=self.language)
            return text[:1].upper() + text[1:]
        return format_interval(self.first, self.last, "yMMMd", locale=self.language)

    @property
    def today(self) -> date:
        return datetime.now(self.zone).date()

    def spoken(self, day: date) -> str:
        """A day in words, as screen readers and heads say it."""
        return format_date(day, "full", locale=self.language)

    def short(self, day: date, pattern: str) -> str:
        """A part of a date by its CLDR pattern."""
        return format_date(day, pattern, locale=self.language)

    def clock(self, instant: datetime | time) -> str:
        """A time of the day in the reader's zone and way of writing."""
        local = instant.astimezone(self.zone) if isinstance(instant, datetime) else instant
        return format_time(local, "short", locale=self.language)


def shown(period: Period, happening: Happening) -> Shown:
    """What the page says of one occurrence: a private event of others is only busy time."""
    item = happening.item
    kind = "busy" if item.level < Level.HEADLINE else "masked" if item.level < Level.READ else ""
    salesperson = item["salesperson"]
    all_day = bool(item["all_day"])
    return Shown(
        key=happening.key, item_id=item.id, title=_("Busy") if kind == "busy" else item.title,
        start=happening.start, end=happening.end, all_day=all_day,
        times=_("all day") if all_day else f"{period.clock(happening.start)}–{period.clock(happening.end)}",
        place=item["place"] or "", salesperson=salesperson, hue=(salesperson.id - 1) % HUES + 1 if salesperson else 0,
        kind=kind, private=bool(item["private"]) and kind == "", company=item["company"], case=item["case"],
    )  # fmt: skip


def month(period: Period, events: Sequence[Shown]) -> list[MonthWeek]:
    """The weeks of the month, each with the bars of its first lanes."""
    by_key = {event.key: event for event in events}
    entries = [event.entry for event in events]
    return [_month_week(period, week, months.week_bars(entries, week, period.zone), by_key) for week in period.weeks]


def _month_week(period: Period, week: list[date], bars: list[Bar], by_key: dict[str, Shown]) -> MonthWeek:
    covering = [[bar for bar in bars if bar.column <= column < bar.column + bar.span] for column in range(7)]
    days = [
        Day(
            day, column, day == period.today, day.month != period.day.month, len(covering[column]),
            tuple(by_key[bar.id].hue for bar in covering[column][:LANES]),
        )
        for column, day in enumerate(week)
    ]  # fmt: skip
    hidden = [(column, sum(bar.lane >= LANES for bar in covering[column])) for column in range(7)]
    return MonthWeek(
        days,
        [(bar, by_key[bar.id]) for bar in bars if bar.lane < LANES],
        [(column, number) for column, number in hidden if number],
    )


@dataclass(frozen=True)
class Week:
    """Seven days: the all-day strip, and for each day its blocks; `hours` are those that stand on the page."""

    days: list[Day]
    strip: list[tuple[Bar, Shown]]
    columns: list[list[tuple[Block, Shown]]]
    hours: range


def week(period: Period, events: Sequence[Shown]) -> Week:
    """The week's strip and blocks; hours outside the working day only where something happens in them."""
    by_key = {event.key: event for event in events}
    entries = [event.entry for event in events]
    days = period.weeks[0]
    bars = months.week_bars([entry for entry in entries if entry.all_day], days, period.zone)
    columns = [months.day_blocks(entries, day, period.zone) for day in days]
    first = min([WORKING_DAY[0], *(block.start // 60 for column in columns for block in column)])
    last = max([WORKING_DAY[1], *(-(-block.end // 60) for column in columns for block in column)])
    return Week(
        [Day(day, column, day == period.today, False) for column, day in enumerate(days)],
        [(bar, by_key[bar.id]) for bar in bars if bar.lane < STRIP_LANES],
        [[(block, by_key[block.id]) for block in column] for column in columns],
        range(first, last),
    )


def place_of(block: Block, hours: range) -> str:
    """The CSS classes (calendar.css) that put a block at its quarter of an hour, its length and its share of width."""
    start = block.start // 15 - hours.start * 4
    length = max(-(-block.end // 15) - block.start // 15, 2)  # half an hour is as low as a line of text
    length = min(length, (hours.stop - hours.start) * 4 - start)
    side = f"of-{min(block.columns, WIDEST)} at-{min(block.column, WIDEST - 1)}"
    return f"h-{start // 4} q-{start % 4} n-{length // 4} r-{length % 4} {side}"


def now_place(period: Period, hours: range) -> str | None:
    """The CSS classes of the line that marks this moment; None outside the hours that are shown."""
    now = datetime.now(period.zone)
    if now.hour not in hours:
        return None
    return f"h-{now.hour - hours.start} q-{now.minute // 15}"


def agenda(period: Period, events: Sequence[Shown]) -> list[tuple[Day, list[tuple[AgendaLine, Shown]]]]:
    """The days of the agenda on which something stands."""
    by_key = {event.key: event for event in events}
    found = months.agenda([event.entry for event in events], period.first, period.last, period.zone)
    return [
        (Day(day, 0, day == period.today, False, len(lines)), [(line, by_key[line.id]) for line in lines])
        for day, lines in found
    ]


def line_times(period: Period, line: AgendaLine) -> str:
    """When, on its day: from–to, or what of it lies on this day."""
    if line.all_day or (line.start is None and line.end is None):
        return _("all day")
    if line.start is None and line.end:
        return _("until %(time)s", time=period.clock(line.end))
    if line.end is None and line.start:
        return _("from %(time)s", time=period.clock(line.start))
    assert line.start and line.end
    return f"{period.clock(line.start)}–{period.clock(line.end)}"


def legend(events: Sequence[Shown]) -> list[Shown]:
    """One event of each salesperson who is in sight, by name: whose colour is whose."""
    people = {event.salesperson.id: event for event in events if event.salesperson}
    return sorted(people.values(), key=lambda event: event.salesperson.title.casefold() if event.salesperson else "")
