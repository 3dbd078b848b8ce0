"""Programs make, change and end the alerts of their token's user, as the pages do."""

from __future__ import annotations

from typing import Any

import pytest
from house import Browser, House
from jsonschema import Draft202012Validator

from caseroom.lists import items, views
from caseroom.portal.notices import delivering, following, reading

ALERTS = "/api/v1/me/alerts"


def work(house: House) -> None:
    """All that a running worker does with the log, at once."""
    while following.step(house.home):
        pass
    while delivering.step(house.home):
        pass


def told(house: House, who: str) -> list[tuple[int, str | None]]:
    with house.read(who) as (session, actor):
        found, _older = reading.page(session, actor)
        return [(one.item_id, one.change) for one in reversed(found) if one.kind == "alert"]


def made(client: Browser, **given: Any) -> dict[str, Any]:
    answer = client.post(ALERTS, json={"list": "cases", **given})
    assert answer.status_code == 201, answer.text
    assert client.get(answer.headers["Location"]).json == answer.json
    return answer.json


def test_an_alert_is_made_listed_changed_tells_and_is_ended(house: House) -> None:
    both, case = house.api("both"), house.make_case(name="Tower").id
    one = made(both, item=case, changes="columns", columns=["value"], by=["portal", "mail"])
    assert (one["about"], one["list"], one["item"], one["view"]) == ("Tower", "cases", case, None)
    assert (one["changes"], one["columns"]) == ("columns", ["value"])
    assert (one["rhythm"], one["by"]) == ("now", ["portal", "mail"])
    assert both.get(ALERTS).json == {"value": [one]}
    assert house.api("north").get(ALERTS).json == {"value": []}
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case, {"description": "x"}, version=None)
    work(house)
    assert told(house, "both") == []
    changed = both.patch(f"{ALERTS}/{one['id']}", json={"changes": "all", "by": ["portal"]})
    assert changed.status_code == 200
    assert changed.json == {**one, "changes": "all", "columns": [], "by": ["portal"]}
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case, {"description": "y"}, version=None)
    work(house)
    assert told(house, "both") == [(case, "changed")]
    assert both.delete(f"{ALERTS}/{one['id']}").status_code == 204
    assert both.delete(f"{ALERTS}/{one['id']}").status_code == 404 and both.get(ALERTS).json == {"value": []}


def test_the_same_alert_is_not_made_twice(house: House) -> None:
    both, case = house.api("both"), house.make_case().id
    first = made(both, item=case, rhythm="daily", hour=8)
    others = ({"changes": "changed"}, {"rhythm": "now"}, {"hour": 9}, {"item": house.make_case().id}, {"item": None})
    for other in others:
        made(both, **{"item": case, "rhythm": "daily", "hour": 8, **other})
    twice = both.post(ALERTS, json={"list": "cases", "item": case, "rhythm": "daily", "weekday": 3, "by": ["mail"]})
    assert (twice.status_code, twice.json["errors"]) == (422, [
        {"field": "changes",
         "message": f"You have this alert already: number {first['id']}. Change that one, or end it."},
    ])  # fmt: skip
    columns = made(both, item=case, changes="columns", columns=["value", "status"])
    same = {"changes": "columns", "columns": ["status", "value"]}
    assert both.post(ALERTS, json={"list": "cases", "item": case, **same}).status_code == 422
    assert both.patch(f"{ALERTS}/{columns['id']}", json={"by": ["mail"]}).status_code == 200
    assert both.patch(f"{ALERTS}/{columns['id']}", json={"changes": "all", "rhythm": "daily"}).status_code == 422
    assert house.api("north").post(ALERTS, json={"list": "cases", "item": case, **same}).status_code == 201


def test_a_view_and_a_list_are_alerted_of_in_a_rhythm(house: House) -> None:
    north = house.api("north")
    with house.write("north") as (session, actor):
        view = views.save(session, actor, "cases", {"name": "large", "title": "Large", "filter": "value gt 100"}).id
    one = made(north, view=view, changes="new", rhythm="weekly", weekday=4, hour=17)
    assert (one["about"], one["view"], one["rhythm"], one["weekday"], one["hour"]) == (
        "Cases: Large", view, "weekly", 4, 17,
    )  # fmt: skip
    assert made(north)["about"] == "Cases"
    daily = north.patch(f"{ALERTS}/{one['id']}", json={"rhythm": "daily", "hour": None}).json
    assert (daily["rhythm"], daily["hour"], daily["changes"]) == ("daily", 17, "new")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"list": None}, "list"),
        ({"list": ["cases"]}, "list"),
        ({"changes": "some"}, "changes"),
        ({"changes": 5}, "changes"),
        ({"changes": "columns"}, "columns"),
        ({"changes": "columns", "columns": ["nonsense"]}, "columns"),
        ({"columns": "value"}, "columns"),
        ({"columns": [5]}, "columns"),
        ({"rhythm": "hourly"}, "rhythm"),
        ({"hour": 24}, "hour"),
        ({"hour": "x"}, "hour"),
        ({"hour": 1.5}, "hour"),
        ({"weekday": -1}, "weekday"),
        ({"by": []}, "by"),
        ({"by": ["pigeon"]}, "by"),
        ({"by": "mail"}, "by"),
        ({"item": 1, "view": 1}, "view"),
        ({"item": []}, "item"),
        ({"who": "south"}, "who"),
    ],
)  # fmt: skip
def test_what_no_alert_can_be_is_refused_by_its_field(shared_house: House, given: dict[str, Any], field: str) -> None:
    north = shared_house.api("north")
    answer = north.post(ALERTS, json={"list": "relations", **given})
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == field, answer.text
    if "list" not in given and "item" not in given:
        alert = made(north, list="relations")
        answer = north.patch(f"{ALERTS}/{alert['id']}", json=given)
        assert answer.status_code == 422 and answer.json["errors"][0]["field"] == field, answer.text
        assert north.get(f"{ALERTS}/{alert['id']}").json == alert
        assert north.delete(f"{ALERTS}/{alert['id']}").status_code == 204


def test_what_is_not_there_and_what_is_not_to_be_seen_answer_the_same(shared_house: House) -> None:
    house, case = shared_house, shared_house.make_case(name="Tower").id
    south, mine = house.api("south"), made(house.api("north"), item=case)
    hidden = south.post(ALERTS, json={"list": "cases", "item": case})
    assert hidden.status_code == 404 and hidden.json == south.post(ALERTS, json={"list": "cases", "item": 99999}).json
    assert south.post(ALERTS, json={"list": "nothing"}).status_code == 404
    assert south.post(ALERTS, json={"list": "cases", "view": 99999}).status_code == 404
    for number in (mine["id"], 99999, 2**31, 10**20):
        for method, given in (("GET", None), ("PATCH", {"hour": 7}), ("DELETE", None)):
            assert south.open(f"{ALERTS}/{number}", method=method, json=given).status_code == 404
    admin = house.api("admin")
    assert admin.patch(f"{ALERTS}/{mine['id']}", json={"hour": 7}).status_code == 403
    assert admin.delete(f"{ALERTS}/{mine['id']}").status_code == 204


def test_one_notice_is_marked_as_seen(house: House) -> None:
    both = house.api("both")
    made(both)
    numbers = [house.make_case().id for _ in range(2)]
    work(house)
    found = both.get("/api/v1/me/notices").json
    assert found["unseen"] == 2 and {one["item"]["id"] for one in found["value"]} == set(numbers)
    assert both.post("/api/v1/me/notices/seen", json={"id": found["value"][1]["id"]}).status_code == 204
    assert [one["seen"] for one in both.get("/api/v1/me/notices").json["value"]] == [False, True]
    assert both.get("/api/v1/me/notices?before=x").status_code == 422


def test_answers_fit_their_description(shared_house: House) -> None:
    north = shared_house.api("north")
    described = north.get("/api/v1/openapi.json").json
    one = made(north, list="relations")
    for value, path, method, status in (
        (one, ALERTS, "post", 201), (north.get(ALERTS).json, ALERTS, "get", 200),
        (one, f"{ALERTS}/{{alert_id}}", "get", 200),
    ):  # fmt: skip
        schema = described["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**schema, "components": described["components"]})
        assert [error.message for error in validator.iter_errors(value)] == []
    assert north.delete(f"{ALERTS}/{one['id']}").status_code == 204
