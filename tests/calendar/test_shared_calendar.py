"""The shared calendar: who sees what of an event, on the page's data and in the feed."""

from __future__ import annotations

import datetime

from house import House

from caseroom.calendar import window
from caseroom.lists.crm import cases
from caseroom.lists.models import User

UTC = datetime.UTC
START, END = datetime.datetime(2026, 11, 1, tzinfo=UTC), datetime.datetime(2027, 1, 1, tzinfo=UTC)


def _feed(house: House, name: str) -> str:
    with house.read(name) as (session, actor):
        return "".join(text for text, _ in window.feed_texts(session, actor, START)).replace("\r\n ", "")


def test_who_may_not_read_the_case_sees_that_there_is_a_meeting_and_where(house: House) -> None:
    case = house.make_case(name="Zebra deal")
    with house.write("north") as (session, actor):
        cases.meeting(
            session,
            actor,
            case.id,
            start="2026-12-01T10:00:00+01:00",
            end="2026-12-01T11:00:00+01:00",
            place="Tallinn",
            description="Quagga",
        )
    assert "Zebra deal" in _feed(house, "north") and "Quagga" in _feed(house, "north")
    seen = _feed(house, "south")
    assert "SUMMARY:Meeting\r\n" in seen and "Tallinn" in seen
    assert "Zebra" not in seen and "Quagga" not in seen
    with house.read("south") as (session, actor):
        (happening,) = window.happenings(session, actor, START, END)
        assert happening.item.title == "Meeting" and happening.item["place"] == "Tallinn"
        assert happening.item["case"] is None and happening.item["company"] is None


def test_a_title_typed_by_hand_is_seen_by_everybody_its_text_is_not(house: House) -> None:
    house.make("events", {"name": "Trade fair", "description": "Quagga", "place": "Brno"})
    seen = _feed(house, "south")
    assert "SUMMARY:Trade fair" in seen and "Quagga" not in seen


def test_a_private_event_shows_as_busy_even_to_colleagues_of_the_group(house: House) -> None:
    house.make("events", {"name": "Dentist", "place": "Brno", "private": True})
    for name in ("both", "south", "manager", "admin"):
        seen = _feed(house, name)
        assert "SUMMARY:Busy" in seen and "Dentist" not in seen and "Brno" not in seen, name
    assert "Dentist" in _feed(house, "north")


def test_a_participant_reads_the_event_of_a_group_that_is_not_theirs(house: House) -> None:
    house.make(
        "events", {"name": "Briefing", "description": "Quagga", "participants": [{"user": house.people["south"]}]}
    )
    assert "Quagga" in _feed(house, "south") and "Quagga" not in _feed(house, "west")


def test_a_repeated_event_happens_on_each_of_its_days_at_the_same_local_time(house: House) -> None:
    house.make(
        "events",
        {
            "name": "Round",
            "start": "2026-10-19T10:00:00+02:00",
            "end": "2026-10-19T11:00:00+02:00",
            "time_zone": "Europe/Bratislava",
            "recurrence": "FREQ=WEEKLY;COUNT=4",
        },
    )
    with house.read("north") as (session, actor):
        found = window.happenings(session, actor, datetime.datetime(2026, 10, 1, tzinfo=UTC), END)
    assert [one.start.astimezone(UTC).hour for one in found] == [8, 9, 9, 9]
    with house.read("north") as (session, actor):
        assert not window.happenings(session, actor, datetime.datetime(2026, 12, 1, tzinfo=UTC), END)


def test_the_secret_address_gives_the_feed_without_signing_in_and_a_wrong_one_gives_nothing(house: House) -> None:
    house.make("events", {"name": "Trade fair"})
    with house.read("south") as (session, actor):
        secret = session.get_one(User, actor.user_id).feed_secret
    answer = house.client().get(f"/calendar/feed/{secret}.ics")
    assert answer.status_code == 200 and answer.content_type.startswith("text/calendar")
    assert "SUMMARY:Trade fair" in answer.text and answer.text.startswith("BEGIN:VCALENDAR")
    again = house.client().get(f"/calendar/feed/{secret}.ics", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert house.client().get("/calendar/feed/guess.ics").status_code == 404
