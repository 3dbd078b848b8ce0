"""Time zones as calendars write them: VTIMEZONE components, and the many names a zone goes by.

Outlook brings a VTIMEZONE down to one yearly change each way and reads only RRULE, never RDATE
([MS-STANOICAL] 2.2.47, [MS-OXCICAL] 2.1.3.1.1.19.2.2). So a zone is written as the rule it follows now, and
an instant to which that rule gives the wrong local time is written in UTC instead (`follows_rule`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

# The years whose changes are looked at to learn a zone's rule. Fixed, so that the same text comes out every
# day.
RULE_YEARS = range(2024, 2034)
EPOCH_YEAR = 1970
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
Observance = TypeVar("Observance", TimezoneStandard, TimezoneDaylight)
UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})


@dataclass(frozen=True)
class Change:
    """A yearly change of the clock: the `ordinal`-th (-1 = last) `weekday` (0 = Monday) of `month`, at
    `minute` of the day by the clock that ran until then."""

    month: int
    weekday: int
    ordinal: int
    minute: int
    offset_from: timedelta
    offset_to: timedelta
    abbreviation: str

    def local(self, year: int) -> datetime:
        """The change in `year` as a naive time by the old clock."""
        return datetime.combine(self._day(year), datetime.min.time()) + timedelta(minutes=self.minute)

    def instant(self, year: int) -> datetime:
        return (self.local(year) - self.offset_from).replace(tzinfo=UTC)

    def _day(self, year: int) -> date:
        if self.ordinal < 0:
            last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)
            return last - timedelta(days=(last.weekday() - self.weekday) % 7)
        first = date(year, self.month, 1)
        return first + timedelta(days=(self.weekday - first.weekday()) % 7 + 7 * (self.ordinal - 1))


@dataclass(frozen=True)
class ZoneRule:
    """What a zone does now: one offset all year, or a change forward and a change back."""

    standard: timedelta
    abbreviation: str
    forward: Change | None = None
    back: Change | None = None

    def offset(self, instant: datetime) -> timedelta:
        """The offset from UTC that this rule gives at an aware `instant`."""
        if self.forward is None or self.back is None:
            return self.standard
        year = (instant.astimezone(UTC) + self.standard).year
        forward, back = self.forward.instant(year), self.back.instant(year)
        summer = forward <= instant < back if forward < back else not back <= instant < forward
        return self.forward.offset_to if summer else self.back.offset_to


@cache
def iana_name(name: str) -> str | None:
    """The IANA zone meant by `name`: IANA itself, Windows ("Pacific Standard Time"), or a path that
    ends in one ("/mozilla.org/20050126_1/Europe/Stockholm"); None where no zone is known by that name."""
    name = name.strip().strip('"')
    if name.startswith("/"):
        parts = name.strip("/").split("/")
        tails = ("/".join(parts[-length:]) for length in (3, 2, 1))
        return next((tail for tail in tails if tail in _known_zones()), None)
    if name in _known_zones():
        return name
    return WINDOWS_TO_OLSON.get(name)


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_utc(name: str) -> bool:
    """Whether the zone is UTC itself, which is written with "Z" and has no VTIMEZONE."""
    return name in UTC_NAMES


def follows_rule(name: str, instant: datetime) -> bool:
    """Whether our VTIMEZONE for the zone gives the right local time at the aware `instant`."""
    return zone_rule(name).offset(instant) == instant.astimezone(ZoneInfo(name)).utcoffset()


@cache
def vtimezone_text(name: str) -> str:
    """The VTIMEZONE component (RFC 5545 3.6.5, CRLF) of an IANA zone; "" for UTC, which needs none.

    Raises `zoneinfo.ZoneInfoNotFoundError` for an unknown zone.
    """
    if is_utc(name):
        return ""
    rule = zone_rule(name)
    zone = Timezone()
    zone.add("tzid", name)
    if rule.forward is None or rule.back is None:
        zone.add_component(_steady(rule))
    else:
        zone.add_component(_yearly(TimezoneStandard(), rule.back))
        zone.add_component(_yearly(TimezoneDaylight(), rule.forward))
    return zone.to_ical().decode()


def _steady(rule: ZoneRule) -> TimezoneStandard:
    part = TimezoneStandard()
    part.add("dtstart", datetime(EPOCH_YEAR, 1, 1))  # noqa: DTZ001 - local by definition
    part.add("tzoffsetfrom", rule.standard)
    part.add("tzoffsetto", rule.standard)
    part.add("tzname", rule.abbreviation)
    return part


def _yearly(part: Observance, change: Change) -> Observance:
    part.add("dtstart", change.local(EPOCH_YEAR))
    day = f"{change.ordinal}{WEEKDAYS[change.weekday]}"
    part.add("rrule", vRecur(FREQ="YEARLY", BYDAY=day, BYMONTH=change.month))
    part.add("tzoffsetfrom", change.offset_from)
    part.add("tzoffsetto", change.offset_to)
    part.add("tzname", change.abbreviation)
    return part


@cache
def zone_rule(name: str) -> ZoneRule:
    """The rule that the zone follows in most of RULE_YEARS; one steady offset where it follows none."""
    zone = ZoneInfo(name)
    changes = [change for year in RULE_YEARS for change in _changes(zone, year)]
    forward = _usual([change for change in changes if change.offset_to > change.offset_from])
    back = _usual([change for change in changes if change.offset_to < change.offset_from])
    if forward and back and forward.offset_to == back.offset_from and forward.offset_from == back.offset_to:
        return ZoneRule(back.offset_to, back.abbreviation, forward, back)
    offset, abbreviation = _usual_offset(zone)
    return ZoneRule(offset, abbreviation)


def _usual(changes: list[Change]) -> Change | None:
    """The description that fits most years; None where none fits more than half."""
    if not changes:
        return None
    # A fourth Sunday may be the last one too: each change counts for both, and "last" wins a tie.
    change, years = max(Counter(changes).items(), key=lambda item: (item[1], item[0].ordinal == -1))
    return change if years > len(RULE_YEARS) // 2 else None


def _usual_offset(zone: ZoneInfo) -> tuple[timedelta, str]:
    moments = (datetime(year, month, 1, tzinfo=zone) for year in RULE_YEARS for month in range(1, 13))
    offsets = Counter((moment.utcoffset() or timedelta(), moment.tzname() or "") for moment in moments)
    return offsets.most_common(1)[0][0]


def _changes(zone: ZoneInfo, year: int) -> list[Change]:
    """The clock changes of `year`, each in every way in which it can be described."""
    found: list[Change] = []
    moment = datetime(year, 1, 1, tzinfo=UTC)
    while moment.year == year:
        following = moment + timedelta(days=1)
        if moment.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            found += _descriptions(zone, _exact_change(zone, moment, following))
        moment = following
    return found


def _exact_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first minute between two UTC instants that has the offset of `after`."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _descriptions(zone: ZoneInfo, instant: datetime) -> list[Change]:
    new = instant.astimezone(zone)
    offset_from = (instant - timedelta(minutes=1)).astimezone(zone).utcoffset() or timedelta()
    offset_to = new.utcoffset() or timedelta()
    local = instant.replace(tzinfo=None) + offset_from
    last = (local + timedelta(days=7)).month != local.month
    ordinals = [(local.day - 1) // 7 + 1, -1] if last else [(local.day - 1) // 7 + 1]
    minute = local.hour * 60 + local.minute
    return [
        Change(local.month, local.weekday(), ordinal, minute, offset_from, offset_to, new.tzname() or "")
        for ordinal in ordinals
        if ordinal < 5  # a fifth Sunday is the last one
    ]
