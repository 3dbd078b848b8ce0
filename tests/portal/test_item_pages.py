"""The pages of one item: page and panel, new, edit, conflict, history, delete, done."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from house import House, token_of

from caseroom.lists import items, query, schema
from caseroom.lists.query import Item


def now_of(house: House, list_name: str, item_id: int, by: str = "north") -> Item:
    with house.read(by) as (session, actor):
        return query.get(session, actor, list_name, item_id)


def send(client: FlaskClient, address: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
    """POST with the form token of a page of the portal."""
    return client.post(address, data={"csrf_token": token_of(client.get("/lists").text), **(data or {})}, **more)


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send back of an unchanged form."""
    form = page.split('<form class="form"')[1].split("</form>")[0]
    values: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        sent = " checked" in tag if found.get("type") in ("checkbox", "radio") else found.get("type") != "search"
        if "name" in found and sent:
            values[found["name"]] = found.get("value", "")
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        values[name] = text
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.findall(r'<option value="([^"]*)" selected', options) or re.findall(
            r"<option selected>([^<]*)", options
        )
        values[name] = chosen if len(chosen) > 1 else (chosen[0] if chosen else "")
    return values


def test_an_item_is_made_by_its_form(house: House) -> None:
    client, company = house.client("north"), house.make_relation()
    answer = send(
        client,
        "/lists/cases/new",
        {"name": "Mill", "company": company.id, "value": "1,250.50", "currency": "USD", "expected_close": "3.12.2027"},
    )
    assert answer.status_code == 303
    case = now_of(house, "cases", int(answer.headers["Location"].rsplit("/", 1)[1]))
    assert (case.title, str(case["value"]), case["currency"], str(case["expected_close"])) == (
        "Mill",
        "1250.50",
        "USD",
        "2027-12-03",
    )
    assert case["sales_group"].title == "North"
    assert "Saved: Mill" in client.get(answer.headers["Location"]).text
    assert "1,250.50\u00a0$" in client.get("/lists/cases").text


def test_saving_leads_back_to_where_one_came_from_and_never_elsewhere(house: House) -> None:
    client, company = house.client("north"), house.make_relation()
    body = {"name": "Mill", "company": company.id}
    assert (
        send(client, "/lists/cases/new", {**body, "next": "/lists/cases?view=mine"}).headers["Location"]
        == "/lists/cases?view=mine"
    )
    assert (
        send(client, "/lists/cases/new", {**body, "next": "//elsewhere.test/"})
        .headers["Location"]
        .startswith("/lists/cases/")
    )


def test_an_unchanged_form_changes_nothing(house: House) -> None:
    contact = house.make(
        "contacts", {"company": house.make_relation().id, "phone": "+421905123456", "address": {"city": "Košice"}}
    )
    event = house.make(
        "events",
        {"participants": [{"user": house.people["both"], "answer": "accepted"}], "place": "Hall 2", "all_day": False},
    )
    client = house.client("north")
    for item in (contact, event, house.make_case(value="1250.5", expected_close="2027-01-31")):
        address = f"/lists/{item.definition.name}/{item.id}/edit"
        answer = client.post(address, data=fields_of(client.get(address).text))
        assert answer.status_code == 303, answer.text
        assert now_of(house, item.definition.name, item.id).version == item.version, item.definition.name


def test_an_edit_does_not_clear_what_the_editor_cannot_see(house: House) -> None:
    secret = house.make_case(by="south", name="Secret")
    task = house.make("activities", {"activity_type": "task", "description": "Call"}, by="north")
    with house.home.database.write() as session:
        found = task.definition
        session.execute(
            found.table.update().where(found.table.c.id == task.id).values({found.by_name["case"].physical: secret.id})
        )
    client = house.client("north")
    page = client.get(f"/lists/activities/{task.id}/edit").text
    assert "Secret" not in page
    client.post(f"/lists/activities/{task.id}/edit", data={**fields_of(page), "minutes": "15"})
    with house.home.database.read() as session:
        stored = session.execute(found.table.select().where(found.table.c.id == task.id)).mappings().one()
    assert stored[found.by_name["case"].physical] == secret.id


def test_a_conflict_shows_both_values_and_keeps_the_choice(house: House) -> None:
    case = house.make_case(name="Deal", description="first", value="1")
    client = house.client("north")
    mine = fields_of(client.get(f"/lists/cases/{case.id}/edit").text)
    with house.write("both") as (session, actor):
        items.update(
            session, actor, "cases", case.id, {"description": "theirs", "expected_close": "2027-01-01"}, version=1
        )
    answer = client.post(f"/lists/cases/{case.id}/edit", data={**mine, "description": "mine", "value": "77"})
    assert answer.status_code == 409
    assert "theirs" in answer.text and "mine" in answer.text and "Both Person changed this" in answer.text
    assert "Expected close" in answer.text.split("Already taken over")[1][:60]
    again = fields_of(answer.text)
    assert (
        again["version"] == "2"
        and again["value"] == "77"
        and again["expected_close"] == "2027-01-01"
        and again["description"] == "mine"
    )
    assert client.post(f"/lists/cases/{case.id}/edit", data={**again, "keep.description": "theirs"}).status_code == 303
    case = now_of(house, "cases", case.id)
    assert (case["description"], str(case["value"]), str(case["expected_close"])) == ("theirs", "77.00", "2027-01-01")


def test_a_conflict_can_be_won(house: House) -> None:
    case = house.make_case(description="first")
    client = house.client("north")
    mine = fields_of(client.get(f"/lists/cases/{case.id}/edit").text)
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case.id, {"description": "theirs"}, version=1)
    again = fields_of(client.post(f"/lists/cases/{case.id}/edit", data={**mine, "description": "mine"}).text)
    client.post(f"/lists/cases/{case.id}/edit", data={**again, "keep.description": "mine"})
    assert now_of(house, "cases", case.id)["description"] == "mine"


def test_a_refused_save_leaves_nothing_half_written(house: House) -> None:
    case = house.make_case(name="Deal")
    house.make("activities", {"activity_type": "task", "case": case.id})
    other = house.make_relation()
    client = house.client("north")
    data = fields_of(client.get(f"/lists/cases/{case.id}/edit").text)
    answer = client.post(f"/lists/cases/{case.id}/edit", data={**data, "name": "Renamed", "company": other.id})
    assert (
        answer.status_code == 422
        and "belong to the company it has now" in answer.text
        and 'value="Renamed"' in answer.text
    )
    assert now_of(house, "cases", case.id).version == 1


def test_the_panel_and_the_dialog_get_the_page_without_the_shell(house: House) -> None:
    case = house.make_case(name="Deal")
    client = house.client("north")
    for address, headers in (
        (f"/lists/cases/{case.id}", {"HX-Target": "panel-body"}),
        (f"/lists/cases/{case.id}?panel=1", {}),
    ):
        part = client.get(address, headers={"HX-Request": "true", **headers}).text
        assert "Deal" in part and "<html" not in part
    part = client.get("/lists/relations/new?name=Tatra", headers={"HX-Request": "true"}).text
    assert "<html" not in part and 'value="Tatra"' in part and "hx-post" in part
    answer = send(client, "/lists/relations/new", {"name": "Tatra"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204 and json.loads(answer.headers["HX-Trigger"])["created"]["title"] == "Tatra"


def test_the_item_page_shows_what_points_at_it(house: House) -> None:
    company = house.make_relation()
    contact = house.make("contacts", {"company": company.id, "surname": "Novák"})
    case = house.make_case(name="Deal", company=company.id, contacts=[contact.id])
    house.make("activities", {"activity_type": "task", "case": case.id, "contact": contact.id, "description": "Call"})
    page = house.client("north").get(f"/lists/contacts/{contact.id}").text
    assert "Task: Deal" in page and f"f.contact={contact.id}" in page and f"f.contacts={contact.id}" in page
    south = house.client("south").get(f"/lists/contacts/{contact.id}").text
    assert "Novák" in south and "Deal" not in south


def test_a_masked_item_shows_its_part_and_says_why(house: House) -> None:
    event = house.make(
        "events", {"case": house.make_case(name="Canary").id, "place": "Hall 2", "description": "Hidden words"}
    )
    page = house.client("south").get(f"/lists/events/{event.id}").text
    assert "Meeting" in page and "Hall 2" in page and "You see only a part of this" in page
    assert "Canary" not in page and "Hidden words" not in page and f"/lists/events/{event.id}/edit" not in page
    assert house.client("south").get(f"/lists/events/{event.id}/history").status_code == 404
    assert house.client("south").get(f"/lists/events/{event.id}/edit").status_code == 403


def test_the_history_tells_who_changed_what_and_restores(house: House) -> None:
    case = house.make_case(name="Deal", value="10")
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case.id, {"value": "20", "stage": None}, version=1)
    client = house.client("north")
    page = client.get(f"/lists/cases/{case.id}/history").text
    assert "Both Person" in page and re.search(r"<del>10</del>.*<ins>20</ins>", page) and "<del><a href" in page
    assert send(client, f"/lists/cases/{case.id}/restore-version", {"version": 1}).status_code == 303
    case = now_of(house, "cases", case.id)
    assert str(case["value"]) == "10.00" and case["stage"] is not None and case.version == 3


def test_the_pages_of_a_case_and_a_company_offer_to_delete_to_who_may(house: House) -> None:
    case, company = house.make_case(name="Deal"), house.make_relation(name="Firm", sales_group=house.groups["North"])
    for address in (f"/lists/cases/{case.id}", f"/lists/relations/{company.id}"):
        assert f'href="{address}/delete"' in house.client("north").get(address).text
        assert f'href="{address}/delete"' not in house.client("reader").get(address).text
    foreign = f"/lists/relations/{company.id}"
    assert f'href="{foreign}/delete"' not in house.client("south").get(foreign).text


def test_deleting_asks_first_and_says_what_goes_along(house: House) -> None:
    case = house.make_case(name="Deal")
    house.make("activities", {"activity_type": "task", "case": case.id})
    client = house.client("north")
    assert "With it goes 1 item " in client.get(f"/lists/cases/{case.id}/delete").text
    answer = send(client, f"/lists/cases/{case.id}/delete", {"version": 1}, follow_redirects=True)
    assert "Deleted: Deal" in answer.text and f"/lists/cases/{case.id}/restore" in answer.text
    assert send(house.client("reader"), f"/lists/cases/{case.id}/restore").status_code in (403, 404)


def test_a_task_is_done_by_one_press_and_undone_by_another(house: House) -> None:
    task = house.make("activities", {"activity_type": "task", "case": house.make_case().id, "due": "2027-01-01"})
    client = house.client("north")
    assert f'action="/lists/activities/{task.id}/done"' in client.get("/lists/activities").text
    answer = send(client, f"/lists/activities/{task.id}/done", {"next": "/lists/activities"})
    assert answer.headers["Location"] == "/lists/activities" and now_of(house, "activities", task.id)["done"]
    send(client, f"/lists/activities/{task.id}/done?undo=1")
    assert now_of(house, "activities", task.id)["done"] is None
    assert send(client, "/lists/cases/1/done").status_code == 404


def test_who_only_reads_gets_no_forms(house: House) -> None:
    case = house.make_case()
    client = house.client("reader")
    assert "/edit" not in client.get(f"/lists/cases/{case.id}").text.split('id="page"')[1]
    assert client.get(f"/lists/cases/{case.id}/edit").status_code == 403
    assert client.get("/lists/cases/new").status_code == 403
    assert send(client, f"/lists/cases/{case.id}/delete").status_code in (403, 404)
    assert send(client, "/lists/cases/new", {"name": "x"}).status_code == 403
    assert house.client("north").get("/lists/stages/new").status_code == 403


def test_a_new_event_begins_when_its_maker_is_free_next(house: House) -> None:
    client = house.client("north")

    def proposed(address: str = "/lists/events/new") -> tuple[str, str]:
        values = fields_of(client.get(address).text)
        return values["start"], values["end"]

    start, end = proposed()
    begins, ends = (datetime.datetime.strptime(text, "%Y-%m-%d %H:%M") for text in (start, end))
    assert begins.minute in (0, 30) and begins.weekday() < 5 and ends - begins == datetime.timedelta(hours=1)
    zone = ZoneInfo("Europe/Bratislava")
    taken = {"start": begins.replace(tzinfo=zone).isoformat(), "end": ends.replace(tzinfo=zone).isoformat()}
    house.make("events", {"name": "Taken", **taken})
    assert proposed()[0] > start
    given = proposed("/lists/events/new?start=2026-12-24T20:00&end=2026-12-24T21:00")
    assert [text.replace("T", " ") for text in given] == ["2026-12-24 20:00", "2026-12-24 21:00"]


def test_an_event_says_its_time_in_full_and_a_change_how_long_ago_it_was(house: House) -> None:
    event = house.make("events", {"name": "Fair"})
    page = house.client("north").get(f"/lists/events/{event.id}").text
    assert '<time datetime="2026-12-01T10:00:00+01:00">Dec 1, 2026, 10:00' in page
    assert page.count("data-relative") == 2  # created and changed


def test_a_translated_name_is_edited_as_it_is_stored(house: House) -> None:
    stage = house.make("stages", {"name": "Tender", "name_sk": "Výberové konanie"}, by="admin")
    with house.home.database.write() as session:
        from caseroom.lists.models import User

        session.get_one(User, house.people["admin"]).language = "sk"
    client = house.client("admin")
    assert "Výberové konanie" in client.get("/lists/stages").text
    assert fields_of(client.get(f"/lists/stages/{stage.id}/edit").text)["name"] == "Tender"


def test_an_amounts_form_offers_the_currencies_that_its_column_takes(house: House) -> None:
    with house.write("admin") as (session, actor):
        codes = [{"value": "USD", "retired": True}, "EUR", "CZK"]
        columns = [{"name": "currency", "type": "choice", "choices": codes}, {"name": "price", "type": "currency"}]
        schema.create_list(session, actor, {"name": "offers", "columns": columns})
    page = house.client("north").get("/lists/offers/new").text
    [menu] = re.findall(r'<select[^>]*name="currency"[^>]*>(.*?)</select>', page, re.DOTALL)
    assert re.findall(r">([A-Z]{3})<", menu) == ["EUR", "CZK"]


def test_what_was_begun_for_one_company_is_not_restored_for_another(house: House) -> None:
    one, other, client = house.make_relation(), house.make_relation(), house.client("north")

    def draft(page: str) -> str:
        [name] = re.findall(r'data-draft="([^"]*)"', page)
        assert f'name="_draft" value="{name}"' in page
        return name

    new = f"/lists/cases/new?company={one.id}&next=/"
    page = client.get(new).text
    names = [draft(page), draft(client.get(f"/lists/cases/new?company={other.id}").text),
             draft(client.get("/lists/cases/new").text)]  # fmt: skip
    assert len(set(names)) == 3 and draft(client.get(f"/lists/cases/new?company={one.id}").text) == names[0]
    sent = {"name": "", "company": one.id, "_draft": names[0], "csrf_token": token_of(page)}
    refused = client.post("/lists/cases/new", data=sent)
    assert refused.status_code == 422 and draft(refused.text) == names[0], "the page of a refusal keeps its draft"
