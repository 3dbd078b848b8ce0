"""Reading iCalendar files that others made: what can be used is read, what cannot is named."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component
from icalendar.prop import vBroken

from ..lists.errors import N_, FieldError, Invalid
from .events import Answer, EventFields, Participant
from .recurrence import checked_recurrence
from .zones import iana_name, is_utc

MAX_BYTES = 10_000_000
MAX_EVENTS = 10_000
MAX_DEPTH = 8
ANSWERS: tuple[str, ...] = get_args(Answer)


@dataclass(frozen=True)
class ReadEvent:
    """One VEVENT of a file: the `position`-th (from 1). `event` is None where it has no usable start;
    `problems` say what was left out or understood only in part. The event's guid is the file's UID ("" = it
    has none)."""

    position: int
    title: str
    event: EventFields | None
    problems: tuple[FieldError, ...] = ()


@dataclass(frozen=True)
class ReadCalendar:
    """What an iCalendar file holds; `problems` are of the file as a whole."""

    events: tuple[ReadEvent, ...]
    problems: tuple[FieldError, ...] = ()


def read_calendar(data: bytes, *, default_zone: str, now: datetime) -> ReadCalendar:
    """The events of an .ics file.

    A time without a zone is taken in `default_zone` (an IANA name); `now` (aware) stands for missing stamps.
    Raises Invalid("file", …) where the bytes are no calendar, or are too many.
    """
    if len(data) > MAX_BYTES:
        raise Invalid("file", "The calendar file is larger than %(most)d MB.", most=MAX_BYTES // 1_000_000)
    text, problems = _decoded(data)
    text, unclosed = _closed(text)
    if unclosed:
        problems.append(FieldError("file", "The calendar file ends in the middle; what is there was read."))
    components = [event for calendar in _components(text) for event in calendar.walk("VEVENT")]
    if len(components) > MAX_EVENTS:
        raise Invalid("file", "The calendar file has more than %(most)d events.", most=MAX_EVENTS)
    if not components:
        problems.append(FieldError("file", "The calendar file has no events."))
    events = (
        _Reading(component, default_zone, now).result(number)
        for number, component in enumerate(components, start=1)
    )
    return ReadCalendar(tuple(events), tuple(problems))


def _decoded(data: bytes) -> tuple[str, list[FieldError]]:
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError:
        problem = FieldError("file", "The file is not in UTF-8; the characters that are not were replaced.")
        return data.decode(encoding, errors="replace"), [problem]


def _closed(text: str) -> tuple[str, bool]:
    """The text with an END for every component left open, and whether there was one.
    Raises Invalid("file", …) where components are nested as no calendar nests them."""
    open_names: list[str] = []
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.upper() == "BEGIN":
            open_names.append(value.strip())
        elif name.upper() == "END" and open_names:
            open_names.pop()
        if len(open_names) > MAX_DEPTH:
            raise Invalid("file", "This is not a calendar file.")
    ends = [f"END:{name}" for name in reversed(open_names)]
    return "\r\n".join([text.rstrip("\r\n"), *ends, ""]), bool(ends)


def _components(text: str) -> list[Component]:
    try:
        components = Calendar.from_ical(text, multiple=True)
    except Exception as error:  # the library meets foreign bytes here, and fails in many ways
        raise Invalid("file", "This is not a calendar file.") from error
    if not components:
        raise Invalid("file", "This is not a calendar file.")
    return list(components)


@dataclass
class _Reading:
    """The reading of one VEVENT; gathers the problems on the way."""

    component: Component
    default_zone: str
    now: datetime
    problems: list[FieldError] = field(default_factory=list)

    def result(self, position: int) -> ReadEvent:
        for name, _reason in self.component.errors:
            shown = str(name or "?")
            self.problem("", N_("A line of the event is not understood and was left out: %(name)s."), name=shown)
        try:
            event = self.event()
        except (OverflowError, ValueError):  # dates at either end of time
            self.problem("start", N_("The event's time is out of range."))
            event = None
        return ReadEvent(position, self.text("SUMMARY"), event, tuple(self.problems))

    def problem(self, name: str, message: str, /, **values: Any) -> None:
        self.problems.append(FieldError(name, message, values))

    def event(self) -> EventFields | None:
        given = self.first("DTSTART")
        moment = getattr(given, "dt", None)
        if not isinstance(moment, date):
            self.problem(
                "start", N_("The event has no start.") if given is None else N_("The event's start is not a date.")
            )
            return None
        all_day = not isinstance(moment, datetime)
        zone = self.zone(given)
        start = self.moment(moment, given, zone)
        if not self.text("UID"):
            self.problem("guid", N_("The event has no UID; read twice it will be there twice."))
        return EventFields(
            guid=self.text("UID"),
            start=start,
            end=self.end(start, all_day, zone),
            created=self.stamp("CREATED"),
            modified=self.stamp("LAST-MODIFIED"),
            name=self.text("SUMMARY"),
            title_by_hand=True,
            version=self.version(),
            time_zone=zone,
            all_day=all_day,
            place=self.text("LOCATION"),
            description=self.text("DESCRIPTION"),
            url=self.text("URL"),
            categories=self.categories(),
            salesperson=self.person("ORGANIZER").name,
            salesperson_email=self.person("ORGANIZER").email,
            participants=tuple(_person(address) for address in self.all("ATTENDEE")),
            recurrence=self.recurrence(start, zone, all_day),
            excluded=self.excluded(zone),
            reminder=self.reminder(),
            private=self.text("CLASS").upper() in ("PRIVATE", "CONFIDENTIAL"),
            shows_as_busy=self.text("TRANSP").upper() != "TRANSPARENT",
        )

    def all(self, name: str) -> list[Any]:
        """Every value of a property; one that the library could not parse is among the component's errors."""
        value = self.component.get(name)
        values = value if isinstance(value, list) else [value]
        return [one for one in values if one is not None and not isinstance(one, vBroken)]

    def first(self, name: str) -> Any:
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        value = self.first(name)
        return "" if value is None else str(value).strip()

    def zone(self, given: Any) -> str:
        """The event's zone, by the TZID of its start."""
        tzid = given.params.get("TZID")
        if tzid is None:
            aware = isinstance(given.dt, datetime) and given.dt.tzinfo is not None
            return "UTC" if aware else self.default_zone
        if known := iana_name(str(tzid)):
            return "UTC" if is_utc(known) else known
        self.problem("time_zone", N_("The time zone “%(name)s” is not known."), name=str(tzid)[:100])
        return "UTC" if isinstance(given.dt, datetime) and given.dt.tzinfo else self.default_zone

    def moment(self, value: date, given: Any, zone: str) -> datetime:
        """An aware datetime. By the clock of a known TZID, whatever the file's own VTIMEZONE says of it; by
        the offset that the VTIMEZONE gave to an unknown one."""
        if not isinstance(value, datetime):
            return datetime.combine(value, time.min, ZoneInfo(zone))
        tzid = given.params.get("TZID")
        known = iana_name(str(tzid)) if tzid is not None else None
        if known:
            value = value.replace(tzinfo=ZoneInfo(known))
        elif value.tzinfo is None:
            value = value.replace(tzinfo=ZoneInfo(zone))
        return value.astimezone(ZoneInfo(zone))

    def end(self, start: datetime, all_day: bool, zone: str) -> datetime:
        """DTEND, else start and DURATION, else a day or no time at all (RFC 5545 3.6.1)."""
        given, duration = self.first("DTEND"), getattr(self.first("DURATION"), "dt", None)
        moment = getattr(given, "dt", None)
        if isinstance(moment, date):
            end = self.moment(moment, given, zone)
        elif isinstance(duration, timedelta):
            wall = all_day or duration.seconds == 0  # whole days by the clock, hours exactly
            end = start + duration if wall else (start.astimezone(UTC) + duration).astimezone(ZoneInfo(zone))
        else:
            end = start + timedelta(days=1 if all_day else 0)
        if end.astimezone(UTC) < start.astimezone(UTC):
            self.problem("end", N_("The event ends before it starts; it was read as having no length."))
            return start
        return end

    def stamp(self, name: str) -> datetime:
        for candidate in (name, "DTSTAMP"):
            moment = getattr(self.first(candidate), "dt", None)
            if isinstance(moment, datetime):
                return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return self.now

    def version(self) -> int:
        sequence = self.text("SEQUENCE")
        return (
            max(int(sequence), 1) if sequence.isascii() and sequence.isdigit() and len(sequence) < 10 else 1
        )

    def categories(self) -> tuple[str, ...]:
        found = (str(name).strip() for group in self.all("CATEGORIES") for name in getattr(group, "cats", ()))
        return tuple(name for name in found if name)

    def person(self, name: str) -> Participant:
        return _person(self.first(name)) if self.first(name) is not None else Participant("")

    def recurrence(self, start: datetime, zone: str, all_day: bool) -> str:
        if self.first("RDATE") is not None:
            self.problem("recurrence", N_("Single dates that are added to an event were left out."))
        if self.first("RECURRENCE-ID") is not None:
            self.problem("recurrence", N_("A changed occurrence of a recurring event was read by itself."))
        rules = self.all("RRULE")
        if len(rules) > 1:
            self.problem("recurrence", N_("The event has several recurrence rules; only the first was read."))
        if not rules:
            return ""
        try:
            text = rules[0].to_ical().decode()
            return checked_recurrence(text, start=start, time_zone=zone, all_day=all_day)
        except Invalid as refusal:
            self.problems += refusal.errors
            return ""

    def excluded(self, zone: str) -> tuple[datetime, ...]:
        found: list[datetime] = []
        for group in self.all("EXDATE"):
            for given in getattr(group, "dts", ()):
                if isinstance(given.dt, date):
                    found.append(self.moment(given.dt, group, zone))
        return tuple(found)

    def reminder(self) -> int | None:
        """Minutes before the start, of the first alarm that has such a trigger."""
        for alarm in self.component.walk("VALARM"):
            before = getattr(alarm.get("TRIGGER"), "dt", None)
            if isinstance(before, timedelta) and before <= timedelta():
                return int(-before.total_seconds() // 60)
        return None


def _person(address: Any) -> Participant:
    text, params = str(address), getattr(address, "params", {})
    email = text[7:].strip() if text.lower().startswith("mailto:") else ""
    answer = str(params.get("PARTSTAT", "")).lower()
    name = str(params.get("CN", "")).strip() or email
    return Participant(name, email, answer if answer in ANSWERS else "needs-action")  # pyright: ignore[reportArgumentType]
