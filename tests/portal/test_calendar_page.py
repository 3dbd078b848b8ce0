"""The calendar page: who sees what, where it stands, and that the address holds the state."""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from house import House, token_of
from sqlalchemy import event as sql_event

from caseroom.lists.models import User

WEEK = "/calendar?view=week&date=2026-12-01"
MONTH = "/calendar?view=month&date=2026-12-01"
AGENDA = "/calendar?view=agenda&date=2026-12-01"
VIEWS = (WEEK, MONTH, AGENDA)


def meeting(house: House, **values: Any) -> Any:
    """A meeting of north on a case of group North: its title is made by the program."""
    case = house.make_case(name="Secret rolling mill")
    return house.make("events", {"case": case.id, "place": "Košice, gate 3", **values})


def page(house: House, name: str, address: str, **headers: str) -> str:
    answer = house.client(name).get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def calendar_of(text: str) -> str:
    """The calendar itself, without the menus around it."""
    return text.split('id="calendar"')[1].split('id="subscribe"')[0]


@pytest.mark.parametrize("address", VIEWS)
def test_a_meeting_shows_in_full_to_its_group_and_masked_to_all_others(house: House, address: str) -> None:
    made = meeting(house)
    own, other = page(house, "north", address), page(house, "south", address)
    assert "Secret rolling mill" in own
    assert "Secret" not in other
    assert "Meeting" in other and "Košice, gate 3" in other and "North Person" in other
    assert f"/lists/events/{made.id}" in other
    assert "/lists/cases/" not in calendar_of(other)


@pytest.mark.parametrize("address", VIEWS)
def test_a_private_event_is_only_busy_time_to_others(house: House, address: str) -> None:
    made = house.make("events", {"name": "Dentist", "place": "Elm Street", "private": True})
    own, other = page(house, "north", address), page(house, "south", address)
    assert "Dentist" in own and "Elm Street" in own
    assert "Busy" in other
    assert "Dentist" not in other and "Elm Street" not in other and "North Person" not in other
    assert f"/lists/events/{made.id}" not in other


def test_a_title_typed_by_hand_is_seen_by_all_as_it_was_typed(house: House) -> None:
    house.make("events", {"name": "Fair in Brno"})
    other = calendar_of(page(house, "south", AGENDA))
    assert "Fair in Brno" in other and "Meeting: Fair in Brno" not in other


def test_a_filter_never_tells_whose_a_busy_time_is(house: House) -> None:
    house.make("events", {"name": "Dentist", "private": True})
    for whose in ("mine", "groups"):
        assert "Busy" not in page(house, "west", f"{AGENDA}&of={whose}")
    assert "Dentist" in page(house, "north", f"{AGENDA}&of=mine")


def test_mine_and_my_groups_leave_out_the_others(house: House) -> None:
    house.make("events", {"name": "Of north"}, by="north")
    house.make("events", {"name": "Of both", "sales_group": house.groups["North"]}, by="both")
    house.make("events", {"name": "Of south"}, by="south")
    mine, groups, everybody = (page(house, "north", f"{AGENDA}&of={of}") for of in ("mine", "groups", "all"))
    assert "Of north" in mine and "Of both" not in mine and "Of south" not in mine
    assert "Of north" in groups and "Of both" in groups and "Of south" not in groups
    assert "Of south" in everybody


def test_an_invited_user_finds_the_event_among_mine(house: House) -> None:
    house.make("events", {"name": "Invited", "participants": [{"user": house.people["south"]}]})
    assert "Invited" in page(house, "south", f"{AGENDA}&of=mine")


def test_times_stand_in_the_readers_own_zone(house: House) -> None:
    house.make("events", {"name": "Call", "start": "2026-12-01T23:30:00+00:00", "end": "2026-12-01T23:45:00+00:00"})
    with house.write("north") as (session, _actor):
        session.get_one(User, house.people["north"]).time_zone = "Europe/Istanbul"
        session.get_one(User, house.people["south"]).time_zone = "UTC"
    istanbul, utc = page(house, "north", AGENDA), page(house, "south", AGENDA)
    assert re.search(r"December 2, 2026.*?2:30", istanbul, re.DOTALL)
    assert re.search(r"December 1, 2026.*?11:30", utc, re.DOTALL)


def test_a_user_without_a_zone_has_the_houses(house: House) -> None:
    house.make("events", {"name": "Call", "start": "2026-12-01T09:00:00+00:00", "end": "2026-12-01T09:30:00+00:00"})
    assert "10:00" in page(house, "north", AGENDA)


def test_the_first_weekday_is_that_of_the_readers_country(house: House) -> None:
    def first_head(zone: str) -> str:
        with house.write("north") as (session, _actor):
            session.get_one(User, house.people["north"]).time_zone = zone
        found = re.search(r'class="cal-weekdays"[^>]*><span>(\w+)', page(house, "north", MONTH))
        assert found
        return found.group(1)

    assert first_head("Europe/Bratislava") == "Mon"
    assert first_head("America/New_York") == "Sun"


def test_today_is_marked_in_every_view(house: House) -> None:
    today = datetime.now(ZoneInfo("Europe/Bratislava")).date()
    start = datetime.combine(today, datetime.min.time(), ZoneInfo("Europe/Bratislava")) + timedelta(hours=12)
    house.make("events", {"name": "Lunch", "start": start.isoformat(), "end": start.isoformat()})
    for view in ("month", "week"):
        assert 'aria-current="date"' in page(house, "north", f"/calendar?view={view}")
        assert 'aria-current="date"' not in page(house, "north", f"/calendar?view={view}&date=2031-05-05")
    assert "is-today" in page(house, "north", "/calendar?view=agenda")


def test_the_neighbouring_periods_are_links_that_keep_view_and_filter(house: House) -> None:
    text = page(house, "north", f"{MONTH}&of=mine").replace("&amp;", "&")
    assert "/calendar?view=month&date=2026-11-01&of=mine" in text
    assert "/calendar?view=month&date=2027-01-01&of=mine" in text
    week = page(house, "north", WEEK).replace("&amp;", "&")
    assert "view=week&date=2026-11-24" in week and "view=week&date=2026-12-08" in week


def test_an_all_day_event_stands_above_the_hours_over_all_its_days(house: House) -> None:
    house.make(
        "events",
        {"name": "Fair", "all_day": True, "start": "2026-12-01T00:00:00+01:00", "end": "2026-12-03T00:00:00+01:00"},
    )
    strip = page(house, "north", WEEK).split('class="cal-strip"')[1].split('class="cal-body"')[0]
    assert "Fair" in strip and "col-1 span-2" in strip


def test_overlapping_events_share_the_width_of_their_day(house: House) -> None:
    house.make("events", {"name": "First", "start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:30:00+01:00"})
    house.make("events", {"name": "Second", "start": "2026-12-01T11:00:00+01:00", "end": "2026-12-01T12:00:00+01:00"})
    house.make("events", {"name": "Alone", "start": "2026-12-01T15:15:00+01:00", "end": "2026-12-01T16:00:00+01:00"})
    text = page(house, "north", WEEK)
    assert "h-3 q-0 n-1 r-2 of-2 at-0" in text and "h-4 q-0 n-1 r-0 of-2 at-1" in text
    assert "h-8 q-1 n-0 r-3 of-1 at-0" in text


def test_hours_outside_the_working_day_stand_only_where_something_happens(house: House) -> None:
    assert "T05:00" not in page(house, "north", WEEK)
    house.make("events", {"name": "Early", "start": "2026-12-01T05:10:00+01:00", "end": "2026-12-01T06:00:00+01:00"})
    assert "T05:00" in page(house, "north", WEEK)


def test_every_class_that_places_an_event_is_in_the_stylesheet(house: House) -> None:
    from caseroom.portal.assets import STATIC

    sheet = (STATIC / "css" / "calendar.css").read_text()
    for hour in range(24):
        house.make(
            "events",
            {"name": f"E{hour}", "start": f"2026-12-01T{hour:02}:15:00+01:00", "end": "2026-12-01T23:59:00+01:00"},
        )
    used = {
        word
        for found in re.findall(r'class="(cal-event[^"]*)"', page(house, "north", WEEK) + page(house, "north", MONTH))
        for word in found.split()
        if re.fullmatch(r"[a-z]+-\d+", word) and not word.startswith("hue")
    }
    assert len(used) > 30
    assert {word for word in used if f".{word} {{" not in sheet} == set()


def test_a_day_of_many_events_says_how_many_more_there_are(house: House) -> None:
    for number in range(7):
        house.make("events", {"name": f"Visit {number}"})
    text = page(house, "north", MONTH)
    assert "+3 more" in text and "7 events" in text


def test_a_click_on_a_day_or_hour_starts_an_event_there_for_those_who_may(house: House) -> None:
    assert "/lists/events/new?start=2026-12-01T10:00&amp;end=2026-12-01T11:00" in page(house, "north", WEEK)
    assert "/lists/events/new?start=2026-12-01T09:00" in page(house, "north", MONTH)
    assert "/lists/events/new" not in calendar_of(page(house, "reader", WEEK))


def test_a_phone_begins_with_the_agenda_and_a_desk_with_the_week(house: House) -> None:
    assert "cal-grid" in page(house, "north", "/calendar")
    phone = page(house, "north", "/calendar", **{"User-Agent": "Mozilla/5.0 (iPhone) Mobile/15E148 Safari/604.1"})
    assert "cal-grid" not in phone
    assert "cal-month" in page(house, "north", MONTH, **{"User-Agent": "Mobile"})


@pytest.mark.parametrize(
    "query", ["view=year", "date=yesterday", "date=0001-01-01", "date=9999-12-31", "of=them", "date=2026-02-30"]
)
def test_an_address_that_cannot_be_is_refused_in_words(house: House, query: str) -> None:
    answer = house.client("north").get(f"/calendar?{query}")
    assert answer.status_code == 422
    assert query.split("=")[1] in answer.text or "year must be" in answer.text


def test_htmx_receives_the_calendar_without_the_shell(house: House) -> None:
    part = page(house, "north", MONTH, **{"HX-Request": "true", "HX-Target": "calendar"})
    assert 'id="calendar"' in part and '<nav class="rail"' not in part and "feed/" not in part
    back = page(
        house, "north", MONTH, **{"HX-Request": "true", "HX-History-Restore-Request": "true", "HX-Target": "calendar"}
    )
    assert "<html" in back


def test_the_secret_address_works_until_a_new_one_is_made(house: House) -> None:
    meeting(house)
    client = house.client("north")
    text = client.get(MONTH).text
    first = re.search(r'value="http[^"]*(/calendar/feed/[^"]+\.ics)"', text)
    assert first and f"webcal://127.0.0.1:8000{first.group(1)}" in text
    stranger = house.client()
    assert "Secret rolling mill" in stranger.get(first.group(1)).text
    assert client.post("/calendar/feed", data={"csrf_token": token_of(text)}).status_code == 303
    assert stranger.get(first.group(1)).status_code == 404
    second = re.search(r'value="http[^"]*(/calendar/feed/[^"]+\.ics)"', client.get(MONTH).text)
    assert second and second.group(1) != first.group(1)
    assert stranger.get(second.group(1)).status_code == 200


def test_five_hundred_events_of_a_month_are_quick_and_take_few_statements(house: House) -> None:
    first = date(2026, 12, 1)
    with house.write("north") as (session, actor):
        from caseroom.lists import items

        for number in range(500):
            day, hour = first + timedelta(days=number % 31), 8 + number // 31 % 10
            items.create(
                session,
                actor,
                "events",
                {
                    "name": f"Visit {number}",
                    "start": f"{day}T{hour:02}:00:00+01:00",
                    "end": f"{day}T{hour:02}:45:00+01:00",
                },
            )
    client = house.client("south")
    client.get(MONTH)
    statements: list[str] = []
    sql_event.listen(house.home.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    start = time.process_time()
    answer = client.get(MONTH)
    spent = time.process_time() - start
    assert answer.status_code == 200 and "+12 more" in answer.text
    selects = [one for one in statements if one.startswith("SELECT")]
    assert len(selects) <= 16, selects  # who asks and with which rights is most of it
    assert spent < 1.5
