"""A zone's VTIMEZONE gives the same local time as the zone itself, in the form that Outlook reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from caseroom.calendar.zones import follows_rule, iana_name, is_utc, vtimezone_text

STEADY_RULE = [
    "Europe/Bratislava", "Europe/Tallinn", "Europe/Istanbul", "Europe/Moscow", "Europe/London",
    "Europe/Dublin",
    "America/New_York", "America/St_Johns", "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Auckland", "Africa/Johannesburg",
]  # fmt: skip


@pytest.mark.parametrize("name", STEADY_RULE)
def test_another_reader_of_our_vtimezone_gets_the_local_time_of_the_zone(name: str) -> None:
    read = tzical(StringIO(f"BEGIN:VCALENDAR\r\n{vtimezone_text(name)}END:VCALENDAR\r\n")).get(name)
    zone = ZoneInfo(name)
    assert read is not None
    moment = datetime(2024, 1, 1, 0, 30, tzinfo=UTC)
    while moment.year < 2029:
        local = moment.astimezone(zone)
        # dateutil knows no "second" hour when the clock goes back; leave that hour out.
        if local.utcoffset() == (local + timedelta(hours=2)).utcoffset() and not local.fold:
            assert local.replace(tzinfo=read).utcoffset() == local.utcoffset(), moment
        assert follows_rule(name, moment), moment
        moment += timedelta(hours=7)


def test_the_components_are_of_the_form_that_outlook_takes() -> None:
    for name in [*STEADY_RULE, "Africa/Casablanca", "Asia/Jerusalem", "Africa/Cairo"]:
        lines = vtimezone_text(name).split("\r\n")
        assert lines.count("BEGIN:STANDARD") == 1 and lines.count("BEGIN:DAYLIGHT") <= 1
        assert not [line for line in lines if line.startswith("RDATE")]
        rules = [line for line in lines if line.startswith("RRULE")]
        assert len(rules) == 2 * lines.count("BEGIN:DAYLIGHT")
        assert all("BYDAY=" in rule and "BYMONTH=" in rule and "UNTIL" not in rule for rule in rules)


def test_the_clock_in_bratislava_changes_on_the_last_sundays() -> None:
    text = vtimezone_text("Europe/Bratislava")
    assert "DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n" in text
    assert "DTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n" in text


def test_an_instant_that_the_rule_gets_wrong_is_known() -> None:
    assert not follows_rule("Europe/Istanbul", datetime(2014, 1, 5, tzinfo=UTC))
    assert not follows_rule("America/New_York", datetime(2005, 3, 20, tzinfo=UTC))
    assert not follows_rule("Africa/Casablanca", datetime(2026, 3, 1, tzinfo=UTC))  # Ramadan
    # Chile changes on the Sunday after the first Saturday, which is mostly but not always the first Sunday.
    assert not follows_rule("America/Santiago", datetime(2024, 9, 3, tzinfo=UTC))
    assert follows_rule("America/Santiago", datetime(2025, 9, 3, tzinfo=UTC))
    assert follows_rule("Africa/Casablanca", datetime(2026, 7, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Europe/Bratislava", "Europe/Bratislava"),
        ("Central Europe Standard Time", "Europe/Budapest"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ('"Turkey Standard Time"', "Europe/Istanbul"),
        ("/Europe/Stockholm", "Europe/Stockholm"),
        ("/freeassociation.sourceforge.net/Europe/Tallinn", "Europe/Tallinn"),
        ("/mozilla.org/20050126_1/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("Customized Time Zone", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_a_zone_is_known_by_its_many_names(given: str, meant: str | None) -> None:
    assert iana_name(given) == meant


def test_utc_needs_no_definition() -> None:
    assert is_utc("UTC") and is_utc("Etc/UTC") and not is_utc("Europe/London")
    assert vtimezone_text("UTC") == ""
