"""Lists made and changed over the API: only by administrators, and never into something that later breaks."""
# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportArgumentType=false
# pyright: reportReturnType=false, reportAttributeAccessIssue=false, reportOptionalIterable=false

from __future__ import annotations

from typing import Any

import pytest
from house import House

LISTS = "/api/v1/lists"


def test_every_list_says_what_it_is_made_of(house: House) -> None:
    value = {found["name"]: found for found in house.api("south").get(LISTS).json["value"]}
    assert {"cases", "relations", "owners", "mails"} <= set(value)
    cases = house.api("south").get(f"{LISTS}/cases").json
    assert cases == value["cases"] and cases["separation"] == "by_group" and cases["title"]["sk"] == "Obchodné prípady"
    columns = {column["name"]: column for column in cases["columns"]}
    assert (
        columns["status"]["read_only"] and columns["company"]["required"] and columns["company"]["list"] == "relations"
    )
    events = house.api("south").get(f"{LISTS}/events/columns").json["value"]
    assert "name_typed" not in {column["name"] for column in events}


def test_only_an_administrator_makes_lists(house: House) -> None:
    north = house.api("north")
    assert north.post(LISTS, json={"name": "mine"}).status_code == 403
    assert north.post(f"{LISTS}/cases/columns", json={"name": "extra", "type": "text"}).status_code == 403
    assert north.patch(f"{LISTS}/cases", json={"title": "x"}).status_code == 403
    assert north.delete(f"{LISTS}/cases").status_code == 403
    assert north.post(f"{LISTS}/cases/views", json={"name": "ours", "shared": True}).status_code == 403
    assert north.get(f"{LISTS}/mine").status_code == 404


def test_a_list_is_made_changed_and_put_away(house: House) -> None:
    admin = house.api("admin")
    made = admin.post(LISTS, json={"name": "tools", "title": {"en": "Tools"}, "description": "What we lend"})
    assert made.status_code == 201 and made.headers["Location"] == f"{LISTS}/tools"
    assert [column["name"] for column in made.json["columns"]] == ["name"] and made.json["description"] == {
        "en": "What we lend"
    }
    assert admin.post(LISTS, json={"name": "tools"}).status_code == 409
    added = admin.post(
        f"{LISTS}/tools/columns", json={"name": "weight", "type": "number", "decimals": 3, "title": "Weight (kg)"}
    )
    assert added.status_code == 201 and added.json["decimals"] == 3 and added.json["title"] == {"en": "Weight (kg)"}
    assert admin.post(f"{LISTS}/tools/columns", json={"name": "weight", "type": "number"}).status_code == 409
    assert admin.post(f"{LISTS}/tools/items", json={"name": "drill", "weight": "1.250"}).json["weight"] == "1.250"
    assert admin.patch(f"{LISTS}/tools", json={"title": {"en": "Our tools"}}).json["title"] == {"en": "Our tools"}
    assert admin.delete(f"{LISTS}/tools").status_code == 204
    assert admin.get(f"{LISTS}/tools").status_code == admin.get(f"{LISTS}/tools/items").status_code == 404
    assert admin.delete(f"{LISTS}/cases").status_code == 403


def test_a_new_separation_holds_at_once_for_what_is_there(house: House) -> None:
    admin, north, south = house.api("admin"), house.api("north"), house.api("south")
    admin.post(LISTS, json={"name": "notes", "separation": "by_group"})
    note = north.post(f"{LISTS}/notes/items", json={"name": "n"}).json
    address = f"{LISTS}/notes/items/{note['id']}"
    assert south.get(address).status_code == 404
    assert admin.patch(f"{LISTS}/notes", json={"separation": "common"}).json["separation"] == "common"
    assert south.get(address).status_code == 200
    admin.patch(f"{LISTS}/notes", json={"separation": "by_group"})
    assert south.get(address).status_code == 404 and north.get(address).status_code == 200


@pytest.mark.parametrize(
    "column",
    [
        {"name": "x", "type": "choice"},
        {"name": "x", "type": "choice", "choices": "abc"},
        {"name": "x", "type": "choice", "choices": [5]},
        {"name": "x", "type": "choice", "choices": [{}]},
        {"name": "x", "type": "choice", "choices": ["a", "a"]},
        {"name": "x", "type": "choice", "choices": [{"value": "a", "title": "A"}]},
        {"name": "x", "type": "choice", "choices": ["a"], "default": "b"},
        {"name": "x", "type": "text", "max": "abc"},
        {"name": "x", "type": "text", "max": -1},
        {"name": "x", "type": "text", "required": "yes"},
        {"name": "x", "type": "number", "min": "abc"},
        {"name": "x", "type": "number", "decimals": 9},
        {"name": "x", "type": "number", "default": "many"},
        {"name": "x", "type": "lookup"},
        {"name": "x", "type": "lookup", "list": "nowhere"},
        {"name": "x", "type": "lookup", "list": ["cases"]},
        {"name": "x", "type": "text", "multiline": True, "unique": True},
        {"name": "x", "type": "tags", "indexed": True},
        {"name": "x", "type": "nonsense"},
        {"name": "x", "type": ["text"]},
        {"name": "x"},
        {"name": "id", "type": "text"},
        {"name": "Nice name", "type": "text"},
        {"name": "x\n", "type": "text"},
        {"name": "x", "type": "text", "frobnicate": 1},
        {"name": "x", "type": "text", "title": {"en": 5}},
        {"name": 5, "type": "text"},
        {"type": "text"},
        {},
    ],
)
def test_a_column_that_cannot_work_is_refused_and_leaves_nothing(house: House, column: dict[str, Any]) -> None:
    admin = house.api("admin")
    refused = admin.post(f"{LISTS}/products/columns", json=column)
    assert refused.status_code == 422 and refused.json["errors"], refused.text
    inside = admin.post(LISTS, json={"name": "fresh", "columns": [{"name": "ok", "type": "text"}, column]})
    assert inside.status_code == 422, inside.text
    assert {one["field"] for one in inside.json["errors"]} == {
        ".".join(filter(None, ("columns[1]", one["field"]))) for one in refused.json["errors"]
    }
    assert admin.get(f"{LISTS}/fresh").status_code == 404
    assert "x" not in {one["name"] for one in admin.get(f"{LISTS}/products").json["columns"]}
    assert admin.post(LISTS, json={"name": "fresh"}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "columns": "many"},
        {"name": "x", "columns": [5]},
        {"name": "x", "views": [5]},
        {"name": "x", "separation": "by_moon"},
        {"name": "x", "separation": []},
        {"name": "x", "settings": {"before_write": ["crm.case"]}},
        {"name": "x", "title": 5},
        {"name": "x", "description": {"en": 5}},
        {"name": "x", "views": [{"name": "v", "filter": "nonsense eq 1"}]},
        {"name": "x", "views": [{"name": "v", "order": "nonsense"}]},
        {"name": "x", "views": [{"name": "v", "columns": ["nonsense"]}]},
        {"name": "x", "views": [{"name": "v", "filter": 5}]},
        {"name": []},
        {},
    ],
)
def test_a_list_that_cannot_work_is_refused_and_leaves_nothing(house: House, body: dict[str, Any]) -> None:
    admin = house.api("admin")
    refused = admin.post(LISTS, json=body)
    assert refused.status_code == 422, refused.text
    assert admin.get(f"{LISTS}/x").status_code == 404


def test_a_view_of_ones_own_is_seen_by_nobody_else(house: House) -> None:
    north, both = house.api("north"), house.api("both")
    saved = north.post(
        f"{LISTS}/cases/views",
        json={"name": "hot", "columns": ["name", "value"], "filter": "value gt 1000", "order": "value desc"},
    )
    assert saved.status_code == 201 and saved.json["shared"] is False and saved.json["filter"] == "value gt 1000"
    assert "hot" in {view["name"] for view in north.get(f"{LISTS}/cases/views").json["value"]}
    assert "hot" not in {view["name"] for view in both.get(f"{LISTS}/cases/views").json["value"]}
    assert house.api("admin").post(f"{LISTS}/cases/views", json={"name": "ours", "shared": True}).json["shared"] is True
    assert "ours" in {view["name"] for view in both.get(f"{LISTS}/cases/views").json["value"]}
    assert north.post(f"{LISTS}/cases/views", json={"name": "bad", "filter": "value gt"}).status_code == 422


def test_a_hundred_and_fifty_columns_are_no_matter(house: House) -> None:
    admin = house.api("admin")
    columns = [{"name": f"c{number}", "type": "text"} for number in range(150)]
    assert admin.post(LISTS, json={"name": "wide", "columns": columns}).status_code == 201
    item = admin.post(f"{LISTS}/wide/items", json={"name": "w", **{f"c{number}": str(number) for number in range(150)}})
    assert item.json["c149"] == "149"


def test_a_view_keeps_only_what_its_description_says(house: House) -> None:
    north, address = house.api("north"), f"{LISTS}/cases/views"
    made = north.post(address, json={"name": "bare", "columns": None, "filter": None, "order": None, "group": None})
    assert made.status_code == 201 and not {"columns", "filter", "order", "group"} & set(made.json)
    for wrong in ({}, "name", 0, False):
        assert north.post(address, json={"name": "odd", "columns": wrong}).status_code == 422, wrong
    assert house.client("north").get("/lists/cases?view=bare").status_code == 200


def test_a_column_and_a_list_are_changed_over_the_api_like_on_the_pages(house: House) -> None:
    admin, north, address = house.api("admin"), house.api("north"), f"{LISTS}/gear/columns"
    columns = [{"name": "code", "type": "text"}, {"name": "weight", "type": "number"}]
    admin.post(LISTS, json={"name": "gear", "kind": "list", "headline": ["code"], "columns": columns})
    for code in ("1.25", "two", "two"):
        north.post(f"{LISTS}/gear/items", json={"name": code, "code": code})
    refused = admin.patch(f"{address}/code", json={"unique": True})
    assert refused.status_code == 422 and "“two” (2×)" in refused.json["detail"]
    assert admin.patch(f"{address}/weight", json={"position": 1, "min": 1, "indexed": True}).json["min"] == 1
    assert [one["name"] for one in admin.get(address).json["value"]] == ["weight", "name", "code"]
    told = admin.patch(f"{address}/code", json={"type": "number", "decimals": 2})
    assert told.status_code == 409 and "2 of 3 values" in told.json["detail"]
    changed = admin.patch(f"{address}/code", json={"type": "number", "decimals": 1, "title": "Code", "confirm": True})
    assert changed.json["type"] == "number" and changed.json["title"] == {"en": "Code"}
    values = [one["code"] for one in north.get(f"{LISTS}/gear/items?$orderby=id").json["value"]]
    assert values == ["1.3", None, None]
    for body in ({"type": "number"}, {"decimals": 3}, {"type": []}, {"confirm": True, "decimals": "x"}):
        assert north.patch(f"{address}/code", json=body).status_code == 403, body
        assert admin.patch(f"{address}/code", json=body).status_code in (200, 422), body
    assert admin.patch(f"{LISTS}/gear", json={"archived": True, "description": "Old"}).json["archived"] is True
    assert north.post(f"{LISTS}/gear/items", json={"name": "x"}).status_code == 403
    assert north.patch(f"{LISTS}/gear", json={"archived": False}).status_code == 403
    for body in ({"headline": ["nowhere"]}, {"kind": "x"}, {"archived": 1}, {"translated": [5]}, {"settings": {}}):
        assert admin.patch(f"{LISTS}/gear", json=body).status_code == 422, body
