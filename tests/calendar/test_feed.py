"""The feed is joined from stored texts and is what the library reads and Outlook subscribes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from caseroom.calendar.events import EventFields
from caseroom.calendar.feed import assemble, etag
from caseroom.calendar.vevent import vevent_text

ZONES = ["Europe/Bratislava", "Europe/Tallinn", "Europe/Istanbul", "UTC"]


def make_text(number: int) -> str:
    zone = ZONES[number % len(ZONES)]
    start = datetime(2026, 1, 1, 9, tzinfo=ZoneInfo(zone)) + timedelta(days=number % 365)
    event = EventFields(
        guid=f"g{number}",
        start=start,
        end=start + timedelta(hours=1),
        created=datetime(2025, 1, 1, tzinfo=UTC),
        modified=datetime(2025, 1, 1, tzinfo=UTC),
        name=f"Stretnutie č. {number}",
        time_zone=zone,
    )
    return vevent_text(event, domain="crm.test")


def feed(texts: list[str], name: str = "Caseroom, všetko; a viac") -> bytes:
    return b"".join(assemble(name, texts, ZONES))


def test_the_library_reads_every_event_of_a_feed() -> None:
    body = feed([make_text(number) for number in range(450)])
    calendar: Any = Calendar.from_ical(body)
    assert [str(event["UID"]) for event in calendar.walk("VEVENT")] == [f"g{n}@crm.test" for n in range(450)]
    assert not [event.errors for event in calendar.walk() if event.errors]
    assert {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")} == set(ZONES) - {"UTC"}


def test_the_head_says_name_and_how_often_to_come_again() -> None:
    calendar: Any = Calendar.from_ical(feed([]))
    # The library reads properties that it has no type for as they stand, with the escapes of RFC 5545 3.3.11.
    assert calendar["X-WR-CALNAME"] == "Caseroom\\, všetko\\; a viac"
    assert calendar["NAME"] == calendar["X-WR-CALNAME"]
    assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
    assert calendar["REFRESH-INTERVAL"].dt == timedelta(minutes=15)
    assert b"X-PUBLISHED-TTL:PT15M\r\n" in feed([])


def test_every_line_ends_in_crlf_and_is_at_most_75_octets() -> None:
    body = feed([make_text(number) for number in range(20)], name="Žltý kôň " * 30)
    assert body.count(b"\n") == body.count(b"\r\n")
    assert max(len(line) for line in body.split(b"\r\n")) <= 75


def test_every_zone_that_an_event_names_is_defined_before_it() -> None:
    body = feed([make_text(number) for number in range(8)])
    for zone in set(ZONES) - {"UTC"}:
        defined, used = body.index(f"\r\nTZID:{zone}".encode()), body.index(f";TZID={zone}:".encode())
        assert defined < used
    assert b"TZID:UTC" not in body and b"TZID=UTC" not in body


def test_the_same_content_has_the_same_tag_however_it_is_cut() -> None:
    body = feed([make_text(1)])
    assert etag([body]) == etag(assemble("Caseroom, všetko; a viac", [make_text(1)], reversed(ZONES)))
    assert etag([body]) != etag([feed([make_text(2)])])
    assert etag([body]).startswith('"') and etag([body]).endswith('"')


def test_empty_texts_do_not_end_the_feed_early() -> None:
    assert b"UID:g1@crm.test" in feed([""] * 500 + [make_text(1)])


def test_a_name_cannot_bring_in_lines_of_its_own() -> None:
    body = feed([], name="x\r\nBEGIN:VEVENT\r\nX:y")
    assert not Calendar.from_ical(body).walk("VEVENT")


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(KeyError):
        feed_of_unknown = assemble("x", [], ["Nowhere/City"])
        list(feed_of_unknown)
