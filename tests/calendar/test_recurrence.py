"""Recurrence: rules are checked in words, and expand as another implementation expands them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from caseroom.calendar.events import EventFields
from caseroom.calendar.feed import assemble
from caseroom.calendar.recurrence import checked_recurrence, occurrences
from caseroom.calendar.vevent import vevent_text
from caseroom.lists.errors import Invalid

BRATISLAVA = ZoneInfo("Europe/Bratislava")


def make_event(start: datetime, rule: str, *, zone: str = "Europe/Bratislava", **more: Any) -> EventFields:
    values: dict[str, Any] = {"end": start + timedelta(hours=1), "created": start, "modified": start, **more}
    return EventFields(guid="g", start=start, recurrence=rule, time_zone=zone, **values)


def check(rule: str, start: datetime = datetime(2026, 1, 5, 10, tzinfo=BRATISLAVA), all_day: bool = False) -> str:
    return checked_recurrence(rule, start=start, time_zone="Europe/Bratislava", all_day=all_day)


def window(start: tuple[int, int, int], end: tuple[int, int, int]) -> tuple[datetime, datetime]:
    return datetime(*start, tzinfo=BRATISLAVA), datetime(*end, tzinfo=BRATISLAVA)


def test_every_monday_at_ten_stays_at_ten_when_the_clock_changes() -> None:
    event = make_event(datetime(2026, 3, 16, 10, tzinfo=BRATISLAVA), "FREQ=WEEKLY;BYDAY=MO")
    found = occurrences(event, *window((2026, 3, 16), (2026, 4, 7))).occurrences
    assert [one.start.isoformat() for one in found] == [
        "2026-03-16T10:00:00+01:00",
        "2026-03-23T10:00:00+01:00",
        "2026-03-30T10:00:00+02:00",
        "2026-04-06T10:00:00+02:00",
    ]
    assert {one.end - one.start for one in found} == {timedelta(hours=1)}


def test_a_time_that_the_clock_skips_is_read_with_the_offset_before() -> None:
    event = make_event(datetime(2026, 3, 28, 2, 30, tzinfo=BRATISLAVA), "FREQ=DAILY")
    found = occurrences(event, *window((2026, 3, 28), (2026, 3, 31))).occurrences
    assert [f"{one.start:%d %H:%M}" for one in found] == ["28 02:30", "29 03:30", "30 02:30"]


def test_an_all_day_event_recurs_by_dates() -> None:
    event = make_event(
        datetime(2026, 10, 24, tzinfo=BRATISLAVA), "FREQ=DAILY;COUNT=3",
        all_day=True, end=datetime(2026, 10, 25, tzinfo=BRATISLAVA),
    )  # fmt: skip
    found = occurrences(event, *window((2026, 10, 1), (2026, 11, 1))).occurrences
    assert [(one.start.date().day, one.end.date().day) for one in found] == [(24, 25), (25, 26), (26, 27)]
    assert all(one.start.hour == one.end.hour == 0 for one in found)


def test_an_excluded_occurrence_is_left_out_and_still_counts() -> None:
    excluded = (datetime(2026, 1, 12, 9, tzinfo=UTC),)
    event = make_event(datetime(2026, 1, 5, 10, tzinfo=BRATISLAVA), "FREQ=WEEKLY;COUNT=3", excluded=excluded)
    found = occurrences(event, *window((2026, 1, 1), (2027, 1, 1))).occurrences
    assert [one.start.day for one in found] == [5, 19]


def test_an_occurrence_that_began_before_the_window_is_in_it() -> None:
    start = datetime(2026, 1, 5, 22, tzinfo=BRATISLAVA)
    event = make_event(start, "FREQ=WEEKLY", end=start + timedelta(hours=8))
    found = occurrences(event, *window((2026, 1, 13), (2026, 1, 14))).occurrences
    assert [one.start.day for one in found] == [12]


def test_an_event_without_a_rule_happens_once() -> None:
    event = make_event(datetime(2026, 1, 5, 10, tzinfo=BRATISLAVA), "")
    assert len(occurrences(event, *window((2026, 1, 1), (2026, 2, 1))).occurrences) == 1
    assert not occurrences(event, *window((2026, 1, 6), (2026, 2, 1))).occurrences
    assert not occurrences(event, *window((2026, 1, 1), (2026, 1, 5))).occurrences


def test_more_occurrences_than_the_limit_are_cut_and_it_is_said() -> None:
    event = make_event(datetime(2026, 1, 5, 10, tzinfo=BRATISLAVA), "FREQ=DAILY")
    cut = occurrences(event, *window((2026, 1, 1), (2999, 1, 1)), limit=50)
    assert cut.truncated and len(cut.occurrences) == 50
    whole = occurrences(event, *window((2026, 1, 1), (2026, 2, 1)), limit=27)
    assert not whole.truncated and len(whole.occurrences) == 27


def test_a_rule_that_began_centuries_ago_is_still_in_step_with_its_interval() -> None:
    begun = datetime(1600, 1, 3, 10, tzinfo=BRATISLAVA)
    event = make_event(begun, "FREQ=DAILY;INTERVAL=7")
    found = occurrences(event, *window((2026, 1, 1), (2026, 2, 1))).occurrences
    assert [one.start.day for one in found] == [5, 12, 19, 26]
    assert all((one.start.date() - begun.date()).days % 7 == 0 for one in found)


@pytest.mark.parametrize(
    ("rule", "normal"),
    [
        ("", ""),
        ("RRULE:freq=weekly;byday=mo", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=DAILY;INTERVAL=1;COUNT=5", "FREQ=DAILY;COUNT=5"),
        ("FREQ=DAILY;UNTIL=20260201", "FREQ=DAILY;UNTIL=20260201T225959Z"),
        ("FREQ=DAILY;UNTIL=20260201T100000", "FREQ=DAILY;UNTIL=20260201T090000Z"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1"),
        ("FREQ=YEARLY;BYMONTH=1;BYDAY=+1MO", "FREQ=YEARLY;BYMONTH=1;BYDAY=1MO"),
    ],
)
def test_a_sound_rule_comes_back_in_its_normal_form(rule: str, normal: str) -> None:
    assert check(rule) == normal
    assert check(normal) == normal


def test_the_end_of_an_all_day_rule_is_a_date() -> None:
    assert check("FREQ=DAILY;UNTIL=20260201T225959Z", all_day=True) == "FREQ=DAILY;UNTIL=20260201"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=SECONDLY", "not more often"),
        ("FREQ=HOURLY;COUNT=2", "not more often"),
        ("FREQ=DAILY;COUNT=1000", "at most 999 times"),
        ("FREQ=DAILY;COUNT=0", "at most 999 times"),
        ("FREQ=DAILY;INTERVAL=0", "interval must be from 1 to 999"),
        ("FREQ=DAILY;UNTIL=20260104", "ends before the event starts"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "not both"),
        ("FREQ=WEEKLY;BYDAY=TU", "on a day that its recurrence leaves out"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes to pass"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never comes to pass"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbered weekday"),
        ("FREQ=DAILY;BYHOUR=10", "BYHOUR cannot be used"),
        ("FREQ=WEEKLY;BYMONTHDAY=5", "BYMONTHDAY cannot be used"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO", "cannot be combined"),
        ("FREQ=MONTHLY;BYSETPOS=1", "needs the days"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "not understood"),
        ("FREQ=MONTHLY;BYDAY=0MO", "not understood"),
        ("FREQ=NEVER", "not understood"),
        ("every monday", "not understood"),
        ("=", "not understood"),
    ],
)
def test_an_unsound_rule_is_refused_in_words(rule: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check(rule)
    assert refusal.value.errors[0].field == "recurrence"
    assert words in str(refusal.value)


@given(
    st.one_of(
        st.text(max_size=80),
        st.from_regex(r"(FREQ|COUNT|UNTIL|BYDAY|INTERVAL)=[A-Z0-9,;=+-]{0,40}", fullmatch=True),
    )
)
def test_no_text_brings_the_check_down(text: str) -> None:
    try:
        assert check(check(text)) == check(text)
    except Invalid as refusal:
        assert refusal.errors[0].field == "recurrence"


WEEKDAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=4, unique=True)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    words = [f"FREQ={frequency}"]
    filtered = draw(st.booleans())
    if not (frequency == "DAILY" and filtered):
        words.append(f"INTERVAL={draw(st.integers(1, 5))}")
    if draw(st.booleans()):
        words.append(f"COUNT={draw(st.integers(1, 300))}")
    if filtered and frequency in ("DAILY", "WEEKLY"):
        words.append("BYDAY=" + ",".join(draw(WEEKDAYS)))
    elif filtered and draw(st.booleans()):
        ordinal = draw(st.sampled_from([1, 2, 3, 4, -1]))
        words.append(f"BYDAY={ordinal}{draw(WEEKDAYS)[0]}")
        if frequency == "YEARLY":
            words.append(f"BYMONTH={draw(st.integers(1, 12))}")
    elif filtered:
        words.append(f"BYMONTHDAY={draw(st.integers(1, 31))}")
    if draw(st.booleans()):
        words.append(f"WKST={draw(st.sampled_from(['MO', 'SU']))}")
    return ";".join(words)


@settings(max_examples=150, deadline=None)
@given(
    rule=rules(),
    begun=st.datetimes(datetime(2019, 1, 1), datetime(2026, 12, 31)),
    zone=st.sampled_from(["Europe/Bratislava", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "UTC"]),
    ahead=st.integers(-40, 2000),
    length=st.integers(1, 400),
    all_day=st.booleans(),
)
def test_another_implementation_finds_the_same_occurrences(
    rule: str, begun: datetime, zone: str, ahead: int, length: int, all_day: bool
) -> None:
    # The hours in which clocks change are left out: there the other implementation differs from RFC 5545.
    begun = begun.replace(hour=0 if all_day else begun.hour // 2 + 8, minute=begun.minute, second=0, microsecond=0)
    if all_day:
        begun = begun.replace(minute=0)
    start = begun.replace(tzinfo=ZoneInfo(zone))
    start = _first_of(rule, start)
    end = start + (timedelta(days=2) if all_day else timedelta(minutes=50))
    event = make_event(start, rule, zone=zone, all_day=all_day, end=end)
    begin = (start + timedelta(days=ahead)).replace(hour=0, minute=0)
    until = begin + timedelta(days=length)

    ours = occurrences(event, begin, until, limit=1000)
    body = b"".join(assemble("x", [vevent_text(event, domain="x.test")], [zone]))
    theirs: Any = recurring_ical_events.of(Calendar.from_ical(body)).between(begin, until)

    assert not ours.truncated
    expected = sorted((one["DTSTART"].dt, one["DTEND"].dt) for one in theirs)
    found = [(one.start, one.end) for one in ours.occurrences]
    assert [(s.date(), e.date()) for s, e in found] == expected if all_day else found == expected


def _first_of(rule: str, start: datetime) -> datetime:
    """`start`, moved to the first day that the rule takes in (a rule has to begin on a day of its own)."""
    for days in range(750):
        moved = start + timedelta(days=days)
        try:
            checked_recurrence(rule, start=moved, time_zone=str(start.tzinfo))
            return moved
        except Invalid:
            continue
    assume(False)
    raise AssertionError
