"""Comments on pages, in the API and in the search."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from house import House, token_of
from search_house import found, index


def send(client: FlaskClient, address: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
    """POST with the form token of a page of the portal."""
    return client.post(address, data={"csrf_token": token_of(client.get("/lists").text), **(data or {})}, **more)


def test_a_comment_is_written_answered_changed_and_deleted_on_the_item_s_page(house: House) -> None:
    person, client = house.make("contacts").id, house.client("north")
    at = f"/lists/contacts/{person}"
    written = send(client, f"{at}/comments", {"text": "See https://example.org/a. @West Person", "next": at})
    assert written.status_code == 303
    assert written.headers["Location"].startswith(f"{at}#comment-")
    number = written.headers["Location"].rsplit("-", 1)[1]
    page = client.get(at).text
    assert '<a href="https://example.org/a" rel="noopener noreferrer">https://example.org/a</a>. ' in page
    assert '<a href="mailto:west@house.test" class="mention">@West Person</a>' in page
    send(client, f"{at}/comments", {"text": "Yes <b>", "answers": number})
    send(client, f"{at}/comments/{number}", {"text": "Otherwise"})
    page = client.get(f"{at}/comments").text
    assert "Otherwise" in page and "edited" in page and "Yes &lt;b&gt;" in page
    send(client, f"{at}/comments/{number}/delete")
    page = client.get(at).text
    assert "This comment was deleted." in page and "Otherwise" not in page


def test_a_refused_comment_keeps_what_was_typed(house: House) -> None:
    person, client = house.make("contacts").id, house.client("north")
    answer = send(client, f"/lists/contacts/{person}/comments", {"text": "Long " * 2001})
    assert answer.status_code == 422
    assert "Long Long" in answer.text and "longer than 10000" in answer.text


def test_with_scripts_only_the_section_is_answered(house: House) -> None:
    person, client = house.make("contacts").id, house.client("north")
    headers = {"HX-Request": "true", "HX-Target": "comments"}
    answer = send(client, f"/lists/contacts/{person}/comments", {"text": "Quick"}, headers=headers)
    assert answer.status_code == 200
    assert "Quick" in answer.text and "<html" not in answer.text


def test_people_are_offered_with_who_may_read_the_item(house: House) -> None:
    case, client = house.make_case(by="north").id, house.client("north")
    offered = client.get(f"/lists/cases/{case}/people?q=person").json
    reads = {one["title"]: one["reads"] for one in offered}
    assert reads["North Person"] and reads["Reader Person"]
    assert not reads["South Person"]
    assert house.client("south").get(f"/lists/cases/{case}/people?q=person").status_code == 404


def test_programs_read_and_write_comments(house: House) -> None:
    case, api = house.make_case(by="north").id, house.api("north")
    at = f"/api/v1/lists/cases/items/{case}/comments"
    made = api.post(at, json={"text": "Hello @West Person"})
    assert made.status_code == 201
    assert made.json["mentions"] == [{"id": house.people["west"], "title": "West Person"}]
    answer = api.post(at, json={"text": "Again", "answers": made.json["id"]}).json
    assert api.patch(f"{at}/{answer['id']}", json={"text": "Anew"}).json["edited"]
    assert [one["text"] for one in api.get(at).json["value"]] == ["Hello @West Person", "Anew"]
    assert api.delete(f"{at}/{answer['id']}").status_code == 204
    assert api.delete(f"{at}/{answer['id']}").status_code == 404
    for body in ({}, {"text": 5}, {"text": " "}, {"text": "a", "answers": "x"}, {"text": "a", "more": 1}):
        assert api.post(at, json=body).status_code == 422, body
    hidden, never = (house.api("south").get(f"/api/v1/lists/cases/items/{one}/comments") for one in (case, 999_999))
    assert (hidden.status_code, hidden.data) == (never.status_code, never.data)


def test_what_is_said_is_found_by_who_may_read_it(house: House) -> None:
    case, api = house.make_case(by="north").id, house.api("north")
    made = api.post(f"/api/v1/lists/cases/items/{case}/comments", json={"text": "The quetzal is ill"}).json
    index(house)
    assert [(hit.id, "quetzal" in hit.snippet) for hit in found(house, "north", "quetzal")] == [(case, True)]
    assert found(house, "south", "quetzal") == []
    api.delete(f"/api/v1/lists/cases/items/{case}/comments/{made['id']}")
    index(house)
    assert found(house, "north", "quetzal") == []


def test_comments_are_entries_of_the_timeline_of_company_and_case(house: House) -> None:
    company = house.make_relation(by="north").id
    case = house.make_case(by="north", company=company).id
    client = house.client("north")
    for name, number in (("relations", company), ("cases", case)):
        send(client, f"/lists/{name}/{number}/comments", {"text": f"Said of {name}"})
    page = client.get(f"/lists/relations/{company}?kind=comments").text
    assert "Said of relations" in page and "Said of cases" in page
    page = client.get(f"/lists/cases/{case}").text
    assert "Said of cases" in page and "Said of relations" not in page
    assert f"/lists/cases/{case}/comments#comment-" in page
    page = house.client("south").get(f"/lists/relations/{company}").text
    assert "Said of relations" in page and "Said of cases" not in page


def test_a_timeline_of_comments_goes_on_page_by_page(house: House) -> None:
    company, client = house.make_relation(by="north").id, house.client("north")
    api = house.api("north")
    for number in range(35):
        api.post(f"/api/v1/lists/relations/items/{company}/comments", json={"text": f"Number {number:02}"})
    first = client.get(f"/lists/relations/{company}?kind=comments").text
    older = first.split('class="older"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older, headers={"HX-Request": "true", "HX-Target": "older"}).text
    shown = [[one for one in range(35) if f"Number {one:02}" in page] for page in (first, second)]
    assert shown == [list(range(5, 35)), list(range(5))]
