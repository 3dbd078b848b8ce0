"""What an event says as iCalendar text, and what its masked twin does not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Event

from caseroom.calendar.events import EventFields, Participant
from caseroom.calendar.vevent import headline_text, vevent_text

BRATISLAVA = ZoneInfo("Europe/Bratislava")
SECRETS = (
    "canarycompany",
    "canarycase",
    "canarytext",
    "canaryperson",
    "canaryurl",
    "canarycategory",
    "canaryname",
)


def make_event(**change: Any) -> EventFields:
    event = EventFields(
        guid="5f0c",
        start=datetime(2026, 1, 5, 10, tzinfo=BRATISLAVA),
        end=datetime(2026, 1, 5, 11, 30, tzinfo=BRATISLAVA),
        created=datetime(2025, 12, 1, 8, tzinfo=UTC),
        modified=datetime(2025, 12, 2, 9, tzinfo=UTC),
        name="Meeting – canaryname",
        version=4,
        time_zone="Europe/Bratislava",
        place="Košice, Hlavná 1",
        description="canarytext; first\nsecond, line",
        company="canarycompany",
        case="canarycase",
        url="https://crm.test/canaryurl",
        categories=("canarycategory", "a,b"),
        salesperson='Ján "Jano" Malý',
        salesperson_email="jan@crm.test",
        participants=(Participant("canaryperson, Eva", "eva@x.test", "accepted"), Participant("No Address")),
        reminder=15,
    )
    return replace(event, **change)


def full(event: EventFields) -> Any:
    return parsed(vevent_text(event, domain="crm.test"))


def masked(event: EventFields, previous: str | None = None) -> str:
    return headline_text(event, domain="crm.test", meeting="Stretnutie", busy="Obsadené", previous=previous)


def parsed(text: str) -> Any:
    # Any: the library types a property as one of some thirty classes.
    component = Event.from_ical(text)
    assert isinstance(component, Event) and not component.errors
    return component


def test_the_full_text_says_everything() -> None:
    event = full(make_event())
    assert event["UID"] == "5f0c@crm.test"
    assert event["SEQUENCE"] == 4
    assert event["DTSTART"].dt == datetime(2026, 1, 5, 10, tzinfo=BRATISLAVA)
    assert event["DTSTART"].params["TZID"] == "Europe/Bratislava"
    assert event["DTEND"].dt == datetime(2026, 1, 5, 11, 30, tzinfo=BRATISLAVA)
    assert event["LAST-MODIFIED"].dt == datetime(2025, 12, 2, 9, tzinfo=UTC)
    assert event["DESCRIPTION"] == "canarytext; first\nsecond, line\n\ncanarycase\ncanarycompany"
    assert event["LOCATION"] == "Košice, Hlavná 1"
    assert event["URL"] == "https://crm.test/canaryurl"
    assert event["ORGANIZER"] == "mailto:jan@crm.test"
    assert event["ATTENDEE"].params["CN"] == "canaryperson, Eva"
    assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert event["CONTACT"] == "No Address"
    assert [str(name) for name in event["CATEGORIES"].cats] == ["canarycategory", "a,b"]
    assert event["TRANSP"] == "OPAQUE" and event["CLASS"] == "PUBLIC"
    assert event.walk("VALARM")[0]["TRIGGER"].dt == timedelta(minutes=-15)


def test_the_masked_text_says_time_place_and_salesperson_and_none_of_the_rest() -> None:
    text = masked(make_event())
    assert not [secret for secret in SECRETS if secret in text.replace("\r\n ", "")]
    event = parsed(text)
    assert event["SUMMARY"] == "Stretnutie"
    assert event["LOCATION"] == "Košice, Hlavná 1"
    assert event["ORGANIZER"].params["CN"] == "Ján 'Jano' Malý"
    assert event["DTSTART"].dt == datetime(2026, 1, 5, 10, tzinfo=BRATISLAVA)
    assert set(event) <= {
        "UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "SUMMARY", "DTSTART", "DTEND", "ORGANIZER", "TRANSP",
        "LOCATION",
    }  # fmt: skip
    assert not event.subcomponents


def test_a_title_typed_by_hand_is_shown_to_all() -> None:
    assert parsed(masked(make_event(name="Board", title_by_hand=True)))["SUMMARY"] == "Board"
    assert parsed(masked(make_event(name="  ", title_by_hand=True)))["SUMMARY"] == "Stretnutie"


def test_a_private_event_shows_only_that_somebody_is_busy() -> None:
    event = parsed(masked(make_event(name="Dentist", title_by_hand=True, private=True)))
    assert event["SUMMARY"] == "Obsadené" and "LOCATION" not in event
    assert full(make_event(private=True))["CLASS"] == "PRIVATE"


def test_a_change_of_what_is_hidden_leaves_the_masked_text_as_it_was() -> None:
    before = masked(make_event())
    later = make_event(description="other", version=9, modified=datetime(2026, 1, 1, tzinfo=UTC))
    assert masked(later, previous=before) == before
    moved = masked(replace(later, place="Žilina"), previous=before)
    assert parsed(moved)["LOCATION"] == "Žilina"
    assert parsed(moved)["SEQUENCE"] == 1 and parsed(before)["SEQUENCE"] == 0


def test_an_all_day_event_ends_on_the_day_after_its_last() -> None:
    midnight = datetime(2026, 3, 28, tzinfo=BRATISLAVA)
    for end in (datetime(2026, 3, 30, tzinfo=BRATISLAVA), datetime(2026, 3, 29, 23, 59, tzinfo=BRATISLAVA)):
        event = full(make_event(all_day=True, start=midnight, end=end))
        assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 3, 28), date(2026, 3, 30))
    assert full(make_event(all_day=True, start=midnight, end=midnight))["DTEND"].dt == date(2026, 3, 29)


def test_an_event_in_utc_has_no_tzid() -> None:
    assert "DTSTART:20260105T090000Z\r\n" in vevent_text(make_event(time_zone="Etc/UTC"), domain="crm.test")


def test_a_time_to_which_todays_zone_rule_is_wrong_is_written_in_utc() -> None:
    istanbul = ZoneInfo("Europe/Istanbul")  # gave up summer time in 2016
    old = make_event(
        time_zone="Europe/Istanbul",
        start=datetime(2014, 1, 5, 10, tzinfo=istanbul),
        end=datetime(2014, 1, 5, 11, tzinfo=istanbul),
    )
    assert "DTSTART:20140105T080000Z\r\n" in vevent_text(old, domain="crm.test")
    new = replace(old, start=old.start.replace(year=2026), end=old.end.replace(year=2026))
    assert "DTSTART;TZID=Europe/Istanbul:20260105T100000\r\n" in vevent_text(new, domain="crm.test")


def test_a_recurring_event_leaves_out_its_excluded_days_in_both_texts() -> None:
    event = make_event(recurrence="FREQ=WEEKLY;UNTIL=20261231", excluded=(datetime(2026, 1, 12, 9, tzinfo=UTC),))
    for text in (vevent_text(event, domain="crm.test"), masked(event)):
        assert "RRULE:FREQ=WEEKLY;UNTIL=20261231T225959Z\r\n" in text
        assert "EXDATE;TZID=Europe/Bratislava:20260112T100000\r\n" in text
    days = replace(event, all_day=True)
    assert "RRULE:FREQ=WEEKLY;UNTIL=20261231\r\n" in vevent_text(days, domain="crm.test")
    assert "EXDATE;VALUE=DATE:20260112\r\n" in vevent_text(days, domain="crm.test")


@given(text=st.text(max_size=200), short=st.text(max_size=40))
@example(text="", short="\\N")
def test_no_text_breaks_out_of_its_line(text: str, short: str) -> None:
    event = make_event(
        name=text, place=text, description=text, company=short, case=short, url=short, categories=(short,),
        salesperson=short, participants=(Participant(short, short), Participant(text, "eva@x.test")),
    )  # fmt: skip
    for written in (
        vevent_text(event, domain="crm.test"),
        masked(event),
        masked(replace(event, title_by_hand=True)),
    ):
        assert written.startswith("BEGIN:VEVENT\r\n") and written.endswith("END:VEVENT\r\n")
        lines = written.encode().split(b"\r\n")
        assert max(len(line) for line in lines) <= 75
        for line in lines:
            line.decode()  # no character is split between two lines
            assert b"\n" not in line and b"\r" not in line
        names = {line.split(b":")[0].split(b";")[0] for line in lines if line and not line.startswith(b" ")}
        assert names <= {
            b"BEGIN", b"END", b"UID", b"DTSTAMP", b"LAST-MODIFIED", b"SEQUENCE", b"SUMMARY", b"DTSTART",
            b"DTEND", b"LOCATION", b"DESCRIPTION", b"URL", b"CATEGORIES", b"ORGANIZER", b"CONTACT",
            b"ATTENDEE", b"CLASS", b"TRANSP", b"ACTION", b"TRIGGER",
        }  # fmt: skip
        assert parsed(written)["UID"] == "5f0c@crm.test"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
def test_a_text_is_read_back_as_it_was_written(text: str) -> None:
    event = full(make_event(description=text, company="", case=""))
    assert str(event.get("DESCRIPTION", "")) == text
