"""Calendar files that others made: what each gives, and what is wrong with it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseroom.calendar.reading import MAX_BYTES, ReadCalendar, read_calendar
from caseroom.lists.errors import Invalid

ROOT = Path(__file__).resolve().parents[2]
FILES = Path(os.environ.get("CASEROOM_TEST_DATA", ROOT / ".." / "shared" / "data")) / "calendars"

needs_files = pytest.mark.skipif(not FILES.is_dir(), reason="no calendar files: set CASEROOM_TEST_DATA")
NO_START = "The event has no start."
CUT_OFF = "The calendar file ends in the middle; what is there was read."
LEFT_OUT = "A line of the event is not understood and was left out: "
NO_EVENTS = "The calendar file has no events."
# file: the problems of the file, then per event title, start, end (ISO), zone, rule, problems
TABLE: dict[str, tuple[list[str], list[tuple[str, str, str, str, str, list[str]]]]] = {
    "broken_dtstart.ics": (
        [],
        [("", "", "", "", "", [LEFT_OUT + "DTSTART.", NO_START])],
    ),
    "issue_1050_uid_in_description.ics": (
        [],
        [("target", "", "", "", "", [NO_START]), ("", "", "", "", "", [NO_START])],
    ),
    "issue_156_RDATE_with_PERIOD_list.ics": (
        [],
        [
            (
                "RDATE period", "1996-12-30T02:00:00+00:00", "1996-12-30T06:00:00+00:00", "UTC", "",
                ["Single dates that are added to an event were left out."],
            )
        ],
    ),
    "issue_1633_freebusy_with_dates.ics": ([NO_EVENTS], []),
    "issue_466_convert_tzid_with_slash.ics": (
        [],
        [
            (
                "Just chatting", "2022-10-21T20:00:00+02:00", "2022-10-21T21:00:00+02:00", "Europe/Stockholm",
                "FREQ=WEEKLY;BYDAY=FR", [],
            )
        ],
    ),
    "pr_480_summary_with_colon.ics": (
        [CUT_OFF],
        [
            ("Example calendar with a ': ' in the summary", "", "", "", "", [NO_START]),
            ("Another event with a ': ' in the summary", "", "", "", "", [NO_START]),
        ],
    ),
    "rfc_7953_1.ics": ([NO_EVENTS], []),
    "timezone_same_start.ics": (
        [],
        [("Test 4", "2017-02-24T12:00:00-08:00", "2017-02-24T12:30:00-08:00", "America/Los_Angeles", "", [])],
    ),
}  # fmt: skip


def read(data: bytes) -> ReadCalendar:
    return read_calendar(data, default_zone="Europe/Bratislava", now=datetime(2026, 1, 1, tzinfo=UTC))


def read_event(*lines: str) -> ReadCalendar:
    body = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:u", *lines, "END:VEVENT", "END:VCALENDAR", ""])
    return read(body.encode("utf-8", "replace"))


@needs_files
@pytest.mark.parametrize("name", TABLE)
def test_each_file_gives_what_the_table_says(name: str) -> None:
    result = read((FILES / name).read_bytes())
    rows = [
        (
            one.title,
            one.event.start.isoformat() if one.event else "",
            one.event.end.isoformat() if one.event else "",
            one.event.time_zone if one.event else "",
            one.event.recurrence if one.event else "",
            [str(problem) for problem in one.problems],
        )
        for one in result.events
    ]
    assert ([str(problem) for problem in result.problems], rows) == TABLE[name]


@needs_files
def test_every_file_is_read_or_refused_in_words() -> None:
    refused: list[str] = []
    for path in sorted(FILES.glob("*.ics")):
        try:
            read(path.read_bytes())
        except Invalid as refusal:
            assert str(refusal) == "This is not a calendar file."
            refused.append(path.name)
    assert refused == ["Index_Error.ics"]


def test_a_time_in_an_unknown_zone_is_kept_as_an_instant_where_the_file_defines_it() -> None:
    offsets = "TZOFFSETFROM:+0300\nTZOFFSETTO:+0300"
    zone = f"BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\n{offsets}"
    event = "BEGIN:VEVENT\nUID:u\nDTSTART;TZID=Ours:20260105T100000\nEND:VEVENT"
    body = f"BEGIN:VCALENDAR\n{zone}\nEND:STANDARD\nEND:VTIMEZONE\n{event}\nEND:VCALENDAR\n"
    one = read(body.encode()).events[0]
    assert one.event is not None and one.event.start == datetime(2026, 1, 5, 7, tzinfo=UTC)
    assert [str(problem) for problem in one.problems] == ["The time zone “Ours” is not known."]


def test_a_time_without_a_zone_is_taken_in_the_zone_that_the_caller_names() -> None:
    one = read_event("DTSTART:20260105T100000", "DURATION:PT90M").events[0]
    assert one.event is not None and one.event.start.isoformat() == "2026-01-05T10:00:00+01:00"
    assert one.event.end - one.event.start == timedelta(minutes=90)


def test_an_all_day_event_without_end_lasts_one_day() -> None:
    one = read_event("DTSTART;VALUE=DATE:20260329").events[0].event
    assert one is not None and one.all_day and (one.day_after - one.first_day).days == 1


def test_people_answers_reminder_and_exceptions_are_read() -> None:
    one = read_event(
        "DTSTART;TZID=Central Europe Standard Time:20260105T100000",
        "DTEND;TZID=Central Europe Standard Time:20260105T110000",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE;TZID=Central Europe Standard Time:20260112T100000",
        'ATTENDEE;CN="Malá, Eva";PARTSTAT=DECLINED:mailto:eva@x.test',
        "ATTENDEE:MAILTO:jan@x.test",
        "ORGANIZER;CN=Boss:mailto:boss@x.test",
        "CATEGORIES:a\\,b,c",
        "CLASS:PRIVATE",
        "SEQUENCE:3",
        "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT30M", "END:VALARM",
    ).events[0]  # fmt: skip
    event = one.event
    assert event is not None and not one.problems
    assert [(p.name, p.email, p.answer) for p in event.participants] == [
        ("Malá, Eva", "eva@x.test", "declined"),
        ("jan@x.test", "jan@x.test", "needs-action"),
    ]
    assert (event.salesperson, event.salesperson_email) == ("Boss", "boss@x.test")
    assert event.excluded == (datetime(2026, 1, 12, 9, tzinfo=UTC),)
    assert (event.reminder, event.private, event.version, event.categories) == (30, True, 3, ("a,b", "c"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["DTSTART:20260105T100000Z", "DTEND:20260105T090000Z"], "ends before it starts"),
        (["DTSTART:20260105T100000Z", "RRULE:FREQ=SECONDLY"], "not more often"),
        (["DTSTART:20260105T100000Z", "NONSENSE"], "left out"),
        (["DTSTART:20260105T100000Z", "RECURRENCE-ID:20260105T100000Z"], "changed occurrence"),
        (["DTSTART:20260105T100000Z", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"], "several recurrence rules"),
        (["DTSTART;VALUE=DATE:99991231"], "out of range"),
    ],
)
def test_what_is_wrong_with_an_event_is_named(lines: list[str], words: str) -> None:
    problems = [str(problem) for problem in read_event(*lines).events[0].problems]
    assert [problem for problem in problems if words in problem], problems


def test_other_encodings_are_read_or_named() -> None:
    event = "BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260105T100000Z\r\nSUMMARY:čaj\r\nEND:VEVENT\r\n"
    body = f"BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n"
    assert read(body.encode("utf-8-sig")).events[0].title == "čaj"
    assert read(body.encode("utf-16")).events[0].title == "čaj"
    assert "not in UTF-8" in str(read(body.encode("cp1250")).problems[0])


@pytest.mark.parametrize("data", [b"", b"hello", b"\x00" * 50, b"PK\x03\x04", b"BEGIN:X\r\n" * 5000])
def test_bytes_that_are_no_calendar_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        read(data)


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(Invalid, match="larger than 10 MB"):
        read(b"B" * (MAX_BYTES + 1))


NAMES = st.sampled_from(
    [
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "EXDATE",
        "RDATE",
        "ATTENDEE",
        "CATEGORIES",
        "SEQUENCE",
        "URL",
        "BEGIN",
        "END",
    ]
)
PARAMETERS = st.sampled_from(
    ["", ";VALUE=DATE", ";TZID=Europe/Bratislava", ";TZID=Foo", ";VALUE=PERIOD", ";X", ';CN="']
)
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["20260105", "20260105T100000Z", "00010101T000000", "99991231T235959Z", "PT1H",
                     "-P9999999D", "FREQ=DAILY", "VEVENT", "VALARM", "mailto:a@b",
                     "20260105T100000/PT1H", "9" * 30]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(NAMES, PARAMETERS, VALUES), max_size=12))
def test_nothing_brings_the_reading_down(properties: list[tuple[str, str, str]]) -> None:
    try:
        read_event(*(f"{name}{parameters}:{value}" for name, parameters, value in properties))
    except Invalid as refusal:
        assert refusal.errors[0].field == "file"
