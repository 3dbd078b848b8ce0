"""Home: what needs me today."""

from __future__ import annotations

import datetime

from house import House, token_of
from statements import statements

from caseroom.lists import items, query
from caseroom.lists.crm import cases
from caseroom.lists.models import now

DAY = datetime.timedelta(days=1)


def test_my_open_tasks_are_grouped_by_when_they_are_due(house: House) -> None:
    case, today = house.make_case(name="Licence"), now().date()
    with house.write("north") as (session, actor):
        for text, due in (("late", today - DAY), ("now", today), ("far", today + 60 * DAY), ("some day", None)):
            cases.task(session, actor, case.id, description=f"task {text}", due=due)
    page = house.client("north").get("/").text
    places = [
        page.index(text)
        for text in ("Overdue", "task late", "task now", "Later", "task far", "Without a day", "task some day")
    ]
    assert places == sorted(places)
    assert "task late" not in house.client("both").get("/").text.split("My cases")[0], "a colleague's task is not mine"


def test_a_task_is_done_by_one_press_and_can_be_taken_back(house: House) -> None:
    case = house.make_case()
    with house.write("north") as (session, actor):
        task = cases.task(session, actor, case.id, description="Send the offer")["activity"]
    client = house.client("north")
    token = token_of(client.get("/").text)
    address = f"/lists/activities/{task.id}/done"
    assert address in client.get("/").text
    answer = client.post(address, data={"csrf_token": token, "next": "/"})
    assert answer.status_code == 303 and answer.location == "/"
    page = client.get("/").text
    assert "Nothing to do" in page and "undo" in page
    client.post(f"{address}?undo=1", data={"csrf_token": token})
    assert "Send the offer" in client.get("/").text


def test_next_events_repeat_and_are_mine(house: House) -> None:
    start = now() + DAY
    end = start + datetime.timedelta(hours=1)
    house.make(
        "events",
        {"name": "Weekly round", "start": start - 70 * DAY, "end": end - 70 * DAY, "recurrence": "FREQ=WEEKLY"},
    )
    house.make("events", {"name": "Once", "start": start, "end": end})
    house.make("events", {"name": "Of another", "start": start, "end": end}, by="west")
    house.make(
        "events",
        {"name": "With me", "start": start, "end": end, "participants": [{"user": house.people["north"]}]},
        by="south",
    )
    page = house.client("north").get("/").text
    assert page.count("Weekly round") > page.count("Once") >= 1 and "Of another" not in page and "With me" in page


def test_latest_changes_are_those_of_my_groups(house: House) -> None:
    house.make_case(name="Norths own deal")
    house.make_case(name="Souths own deal", by="south")
    page = house.client("both").get("/").text
    assert "Norths own deal" in page and "Souths" not in page and "North Person" in page


def test_an_empty_home_names_the_first_step(house: House) -> None:
    for person in ("north", "admin", "templates", "reader"):
        page = house.client(person).get("/")
        assert page.status_code == 200 and "Nothing to do" in page.text
    assert "/lists/cases/new" in house.client("north").get("/").text


def test_home_costs_a_handful_of_statements_however_much_there_is(house: House) -> None:
    company = house.make_relation().id
    with house.write("north") as (session, actor):
        for number in range(30):
            case = items.create(session, actor, "cases", {"name": f"c{number}", "company": company})
            cases.task(session, actor, case.id, description="x", due="2026-12-01")
            start = now() + DAY * number
            cases.meeting(session, actor, case.id, start=start, end=start + DAY / 24)
    client = house.client("north")
    client.get("/")
    with statements(house) as seen:
        assert client.get("/").status_code == 200
    assert len(seen) <= 9, "\n".join(seen)
    with house.read("north") as (session, actor):
        assert query.count(session, actor, "cases").number == 30


def test_the_shell_offers_only_what_its_reader_may_open_and_make(house: House) -> None:
    editor, north, reader = (house.client(name).get("/").text for name in ("templates", "north", "reader"))
    for name in ("cases", "activities", "mails"):
        assert f'href="/lists/{name}"' in north and f'href="/lists/{name}"' not in editor
    assert 'href="/lists/relations"' in editor and 'href="/calendar"' in editor
    assert 'href="/lists/cases/new"' in north and 'href="/lists/cases/new"' not in editor
    assert 'href="/lists/relations/new"' in editor and "/new" not in reader and 'href="/mail/file"' not in reader
    assert 'href="/lists/cases"' in reader
