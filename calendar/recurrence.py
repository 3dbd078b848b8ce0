"""Recurring events: checking a rule, and finding its occurrences in a window of time (RFC 5545 3.3.10).

Rules run on the wall clock of the event's own zone: "every Monday 10:00 in Bratislava" is 10:00 there all
year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from icalendar import vRecur

from ..lists.errors import N_, Invalid
from .events import EventFields

MAX_COUNT = 999  # as in Outlook
MAX_INTERVAL = 999
MAX_OCCURRENCES = 1000
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
DAY_PARTS = ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY")
# RFC 5545 3.3.10, the table of BYxxx parts; BYSETPOS only where a period has many days.
PARTS_OF_FREQUENCY = {
    "DAILY": {"BYMONTH", "BYMONTHDAY", "BYDAY"},
    "WEEKLY": {"BYMONTH", "BYDAY"},
    "MONTHLY": {"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"},
    "YEARLY": {"BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS"},
}
PART_LIMITS = {"BYMONTH": 12, "BYWEEKNO": 53, "BYYEARDAY": 366, "BYMONTHDAY": 31, "BYSETPOS": 366}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Occurrence:
    """One time at which an event takes place: aware datetimes in the event's zone, `end` exclusive.
    An all-day occurrence runs from midnight to midnight there; its dates are what counts, whoever looks."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Expansion:
    """The occurrences in a window, earliest first; `truncated` says that there are more than were asked
    for."""

    occurrences: tuple[Occurrence, ...]
    truncated: bool = False


@dataclass(frozen=True)
class Rule:
    """A checked RRULE. `until` is a naive wall-clock time in the event's zone, inclusive; `parts` holds the
    BYxxx parts and WKST as they are written."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    parts: tuple[tuple[str, str], ...] = ()

    def text(self, zone: ZoneInfo, all_day: bool) -> str:
        """The RRULE value; UNTIL in UTC, or a date for an all-day event, as RFC 5545 demands."""
        words = [f"FREQ={self.frequency}"]
        if self.interval > 1:
            words.append(f"INTERVAL={self.interval}")
        if self.count:
            words.append(f"COUNT={self.count}")
        if self.until and all_day:
            words.append(f"UNTIL={self.until:%Y%m%d}")
        elif self.until:
            words.append(f"UNTIL={self.until.replace(tzinfo=zone).astimezone(UTC):%Y%m%dT%H%M%SZ}")
        return ";".join([*words, *(f"{name}={value}" for name, value in self.parts)])


def checked_recurrence(text: str, *, start: datetime, time_zone: str, all_day: bool = False) -> str:
    """The RRULE value in its one normal form, to be stored; "" for an empty one.

    `start` is the aware start of the event. Raises Invalid("recurrence", …) that says in words what is wrong.
    """
    if not text.strip():
        return ""
    zone = ZoneInfo(time_zone)
    local = _local_start(start, zone, all_day)
    rule = _parsed(text, zone, all_day)
    if rule.until and rule.until < local:
        raise Invalid("recurrence", "The recurrence ends before the event starts.")
    first = _first_occurrence(rule, local)
    if first is None:
        raise Invalid("recurrence", "The recurrence never comes to pass.")
    if first != local:
        raise Invalid("recurrence", "The event starts on a day that its recurrence leaves out.")
    return rule.text(zone, all_day)


def rule_text(event: EventFields) -> str:
    """The event's RRULE value in its normal form. Raises Invalid("recurrence", …)."""
    return _parsed(event.recurrence, event.zone, event.all_day).text(event.zone, event.all_day)


def occurrences(
    event: EventFields, window_start: datetime, window_end: datetime, limit: int = MAX_OCCURRENCES
) -> Expansion:
    """The occurrences of `event` that overlap the window (aware datetimes, end exclusive), at most `limit`.

    An all-day occurrence is taken from midnight to midnight of the event's zone.
    Raises Invalid("recurrence", …) for a rule that `checked_recurrence` would not have let in.
    """
    found: list[Occurrence] = []
    excluded = {_excluded_key(moment, event) for moment in event.excluded}
    for start in _starts(event, window_start, window_end):
        occurrence = _occurrence(event, start)
        if _excluded_key(occurrence.start, event) in excluded:
            continue
        if not _overlaps(occurrence, window_start, window_end):
            continue
        if len(found) == limit:
            return Expansion(tuple(found), truncated=True)
        found.append(occurrence)
    return Expansion(tuple(found))


def _starts(event: EventFields, window_start: datetime, window_end: datetime) -> Iterator[datetime]:
    """Naive wall-clock starts that may fall in the window; a little too many rather than too few."""
    local = _local_start(event.start, event.zone, event.all_day)
    if not event.recurrence:
        yield local
        return
    rule = _parsed(event.recurrence, event.zone, event.all_day)
    if _first_occurrence(rule, local) is None:
        raise Invalid("recurrence", "The recurrence never comes to pass.")
    # A day on either side for changes of the clock, and for an occurrence that began before the window.
    day = timedelta(days=1)
    length = event.day_after - event.first_day if event.all_day else event.end - event.start
    earliest = _shifted(_naive(window_start, event.zone), -(length + day))
    latest = _shifted(_naive(window_end, event.zone), day)
    for start in _between(rule, local, earliest, latest):
        if start >= earliest:
            yield start


def _between(rule: Rule, local: datetime, earliest: datetime, latest: datetime) -> Iterator[datetime]:
    """The rule's starts up to `latest`, counted from near `earliest` where nothing depends on what was
    before."""
    series = _dateutil_rule(
        rule, local, latest, local if rule.count else _fast_forward(rule, local, earliest)
    )
    for number, start in enumerate(series, start=1):
        if rule.count and number > rule.count:
            return
        yield start


def _fast_forward(rule: Rule, local: datetime, earliest: datetime) -> datetime:
    """A start in step with the rule's interval, not after `earliest` unless the event itself begins later."""
    if earliest <= local:
        return local
    if rule.frequency in ("DAILY", "WEEKLY"):
        step = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
        return local + timedelta(days=(earliest - local).days // step * step)
    per_year = 12 if rule.frequency == "MONTHLY" else 1
    first = local.year * per_year + (local.month - 1 if per_year == 12 else 0)
    wanted = earliest.year * per_year + (earliest.month - 1 if per_year == 12 else 0)
    number = first + (wanted - first) // rule.interval * rule.interval
    if number <= first:
        return local
    return local.replace(year=number // per_year, month=number % per_year + 1, day=1)


def _dateutil_rule(rule: Rule, local: datetime, latest: datetime | None, begin: datetime) -> rrule:
    """The series as dateutil has it, on naive times. What the rule leaves to the event's start is written
    out, since `begin` may be another day. COUNT is kept by the caller, as dateutil takes it or UNTIL, not
    both."""
    parts = dict(rule.parts)
    if not any(name in parts for name in DAY_PARTS):
        if rule.frequency == "YEARLY":
            parts.setdefault("BYMONTH", str(local.month))
        if rule.frequency in ("MONTHLY", "YEARLY"):
            parts["BYMONTHDAY"] = str(local.day)
        if rule.frequency == "WEEKLY":
            parts["BYDAY"] = WEEKDAYS[local.weekday()]
        if rule.frequency == "DAILY" and rule.parts:
            parts["BYDAY"] = ",".join(WEEKDAYS)
    elif "BYWEEKNO" in parts and "BYDAY" not in parts:
        parts["BYDAY"] = WEEKDAYS[local.weekday()]
    # Days picked by filters come far quicker out of whole years than out of a walk from day to day.
    frequency = "YEARLY" if rule.frequency == "DAILY" and rule.parts else rule.frequency
    words = [f"FREQ={frequency}", f"INTERVAL={rule.interval}", *(f"{n}={v}" for n, v in parts.items())]
    bounds = [bound for bound in (rule.until, latest) if bound]
    if bounds:
        words.append(f"UNTIL={min(bounds):%Y%m%dT%H%M%S}")
    series = rrulestr(";".join(words), dtstart=begin)
    assert isinstance(series, rrule)
    return series


@lru_cache(maxsize=4096)
def _first_occurrence(rule: Rule, local: datetime) -> datetime | None:
    """The first start that the rule gives at all; None for such as "30 February". Slow only for those."""
    return next(iter(_dateutil_rule(rule, local, None, local)), None)


def _occurrence(event: EventFields, start: datetime) -> Occurrence:
    """The occurrence that starts at a naive wall-clock time. A time that the clock skips is read with the
    offset before the gap, and the length is exact, not by the clock on the wall (RFC 5545 3.3.5, 3.8.5.3)."""
    if event.all_day:
        end = start + (event.day_after - event.first_day)
        return Occurrence(start.replace(tzinfo=event.zone), end.replace(tzinfo=event.zone))
    instant = start.replace(tzinfo=event.zone).astimezone(UTC)
    if not event.recurrence:
        instant = event.start.astimezone(
            UTC
        )  # keeps the second 2:30 of the night in which the clock goes back
    length = event.end.astimezone(UTC) - event.start.astimezone(UTC)
    return Occurrence(instant.astimezone(event.zone), (instant + length).astimezone(event.zone))


def _overlaps(occurrence: Occurrence, window_start: datetime, window_end: datetime) -> bool:
    # In UTC: Python compares two times of the same zone by the clock on the wall.
    start, end = occurrence.start.astimezone(UTC), occurrence.end.astimezone(UTC)
    return start < window_end and (end > window_start or start == end >= window_start)


def _excluded_key(moment: datetime, event: EventFields) -> date | datetime:
    return moment.astimezone(event.zone).date() if event.all_day else moment.astimezone(UTC)


def _local_start(start: datetime, zone: ZoneInfo, all_day: bool) -> datetime:
    local = _naive(start, zone)
    return (
        local.replace(hour=0, minute=0, second=0, microsecond=0) if all_day else local.replace(microsecond=0)
    )


def _naive(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return datetime.min if by < timedelta() else datetime.max  # noqa: DTZ901 - the wall clock


@lru_cache(maxsize=4096)
def _parsed(text: str, zone: ZoneInfo, all_day: bool) -> Rule:
    """The rule in `text`. Raises Invalid("recurrence", …)."""
    text = text.strip().removeprefix("RRULE:")
    try:
        given = {str(name).upper(): value for name, value in vRecur.from_ical(text).items()}
    except (ValueError, KeyError, AttributeError, IndexError) as error:
        raise _not_understood(text) from error
    frequency = str(_single(given, "FREQ") or "").upper()
    if frequency in ("HOURLY", "MINUTELY", "SECONDLY"):
        raise Invalid("recurrence", "An event can recur daily, weekly, monthly or yearly, not more often.")
    if frequency not in FREQUENCIES:
        raise _not_understood(text)
    interval = _number(
        given, "INTERVAL", MAX_INTERVAL, N_("The recurrence's interval must be from 1 to %(most)d.")
    )
    count = _number(given, "COUNT", MAX_COUNT, N_("An event can recur at most %(most)d times."))
    until = _until(_single(given, "UNTIL"), zone, all_day)
    if count and until:
        raise Invalid("recurrence", "A recurrence ends after a number of times or on a day, not both.")
    parts = _parts(given, frequency, text)
    if frequency == "DAILY" and (interval or 1) > 1 and parts:
        raise Invalid("recurrence", "Every few days and only on certain days cannot be combined.")
    return Rule(frequency, interval or 1, count, until, parts)


def _not_understood(text: str) -> Invalid:
    return Invalid("recurrence", "The recurrence rule “%(rule)s” is not understood.", rule=text[:100])


def _single(given: dict[str, object], name: str) -> object | None:
    """The one value of a part that may have only one. Raises Invalid where it has several."""
    values = given.get(name)
    if isinstance(values, list):
        if len(values) != 1:
            raise Invalid("recurrence", "%(part)s has more than one value in the recurrence.", part=name)
        return values[0]
    return values


def _number(given: dict[str, object], name: str, most: int, message: str) -> int | None:
    value = _single(given, name)
    if value is None:
        return None
    if not isinstance(value, int) or not 1 <= value <= most:
        raise Invalid("recurrence", message, most=most)
    return int(value)


def _until(value: object, zone: ZoneInfo, all_day: bool) -> datetime | None:
    """UNTIL as a naive wall-clock time. A bare date includes all of that day, as Outlook means it."""
    if value is None:
        return None
    if isinstance(value, datetime):
        local = value if value.tzinfo is None else _naive(value, zone)
        return local.replace(hour=0, minute=0, second=0) if all_day else local
    if isinstance(value, date):
        midnight = datetime.combine(value, datetime.min.time())
        return midnight if all_day else midnight.replace(hour=23, minute=59, second=59)
    raise Invalid("recurrence", "The recurrence's end is not a date.")


def _parts(given: dict[str, object], frequency: str, text: str) -> tuple[tuple[str, str], ...]:
    """The BYxxx parts and WKST, in the order of the RFC. Raises Invalid for what the frequency does not
    take."""
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", *PARTS_OF_FREQUENCY[frequency]}
    for name in given:
        if name not in known:
            raise Invalid(
                "recurrence",
                "%(part)s cannot be used in a recurrence of the kind %(frequency)s.",
                part=name,
                frequency=frequency,
            )
    parts: list[tuple[str, str]] = []
    for name in ("BYMONTH", *DAY_PARTS, "BYSETPOS", "WKST"):
        if name not in given:
            continue
        values = given[name] if isinstance(given[name], list) else [given[name]]
        assert isinstance(values, list)
        words = [_part_value(name, value, frequency, text) for value in values]
        parts.append((name, ",".join(words)))
    names = dict(parts)
    if "BYSETPOS" in names and not any(name in names for name in DAY_PARTS):
        raise Invalid("recurrence", "BYSETPOS needs the days from which it picks.")
    if "BYDAY" in names and "BYWEEKNO" in names and any(c.isdigit() for c in names["BYDAY"]):
        raise Invalid("recurrence", "A numbered weekday cannot be combined with a week of the year.")
    return tuple(parts)


def _part_value(name: str, value: object, frequency: str, text: str) -> str:
    if name in PART_LIMITS:
        lowest = 1 if name == "BYMONTH" else -PART_LIMITS[name]
        if not isinstance(value, int) or value == 0 or not lowest <= value <= PART_LIMITS[name]:
            raise _not_understood(text)
        return str(int(value))
    word = str(value).upper()
    if word[-2:] not in WEEKDAYS:
        raise _not_understood(text)
    ordinal = word[:-2]
    if not ordinal:
        return word
    if name == "WKST" or frequency in ("DAILY", "WEEKLY"):
        raise Invalid("recurrence", "A numbered weekday is for monthly and yearly recurrence only.")
    try:
        number = int(ordinal)
    except ValueError as error:
        raise _not_understood(text) from error
    if number == 0 or abs(number) > (5 if frequency == "MONTHLY" else 53):
        raise _not_understood(text)
    return f"{number}{word[-2:]}"
