"""Formulas over the API and in the forms: made, refused with their place, read, asked for, changed, obeyed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from house import Browser, House, token_of

LIST = "/api/v1/lists/orders"


@pytest.fixture
def admin(house: House) -> Browser:
    client = house.api("admin")
    made = client.post(
        "/api/v1/lists",
        json={
            "name": "orders",
            "columns": [
                {"name": "price", "type": "currency", "title": {"en": "Unit price"}},
                {"name": "amount", "type": "number", "decimals": 0},
                {"name": "total", "type": "calculated", "formula": "[Unit price] * amount", "format": "currency"},
                {"name": "note", "type": "text", "show_when": "amount > 100", "required": True},
                {"name": "by", "type": "date", "default_formula": "TODAY() + 14"},
            ],
            "validation": {"formula": "price > 0 or amount > 0", "message": {"en": "Say something."}},
        },
    )
    assert made.status_code == 201, made.text
    return client


def refused(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["message"]) for error in answer.json["errors"]]


def test_a_calculated_column_is_made_described_and_read(house: House, admin: Browser) -> None:
    column = admin.post(f"{LIST}/columns", json={"name": "dear", "type": "calculated", "formula": "total > 100"})
    assert column.status_code == 201
    assert column.json == {
        "name": "dear", "type": "calculated", "formula": "total > 100", "result": "boolean", "title": {"en": "dear"},
        "required": False, "read_only": True,
    }  # fmt: skip
    shown = {one["name"]: one for one in admin.get(f"{LIST}/columns").json["value"]}
    assert (shown["total"]["formula"], shown["total"]["result"]) == ("price * amount", "currency")
    assert shown["by"]["default_formula"] == "TODAY() + 14"
    north = house.api("north")
    item = north.post(f"{LIST}/items", json={"name": "x", "price": "12.50", "amount": 9}).json
    assert (item["total"], item["dear"]) == ("112.50", True)
    assert refused(north.post(f"{LIST}/items", json={"name": "y", "total": "5"})) == [
        ("total", "This is set by the program."), ("", "Say something."),
    ]  # fmt: skip
    schemas = north.get("/api/v1/openapi.json").json["components"]["schemas"]
    assert schemas["Item.orders"]["properties"]["dear"]["anyOf"][0] == {"type": "boolean"}
    assert "dear" not in schemas["Write.orders"]["properties"]


def test_odata_asks_for_it_like_for_any_column(house: House, admin: Browser) -> None:
    for price in (1, 20, 300):
        admin.post(f"{LIST}/items", json={"name": f"at {price}", "price": price, "amount": 2})
    found = house.api("south").get(
        f"{LIST}/items",
        query_string={"$filter": "total gt 2.5 and contains(name, 'at')", "$orderby": "total desc", "$select": "total",
                      "$count": "true", "$top": "1"},
    ).json  # fmt: skip
    assert [item["total"] for item in found["value"]] == ["600.00"] and found["@odata.count"] == 2
    address = found["@odata.nextLink"].partition("/api/")[2]
    assert [item["total"] for item in house.api("south").get(f"/api/{address}").json["value"]] == ["40.00"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"formula": "price *"}, ("formula", "At character 8: the formula ends too early.")),
        ({"formula": "prise"}, ("formula", "At character 1: the list orders has no column “prise”.")),
        ({"formula": "YEAR(price)"}, ("formula", "At character 6: a date belongs here.")),
        ({}, ("formula", "A calculated column needs its formula.")),
        ({"formula": {"a": 1}}, ("formula", "A formula is a text such as price * 1.2.")),
        (
            {"formula": "name", "format": "percent"},
            ("format", "This formula's value is not a number, so that this option has no meaning."),
        ),
    ],
)
def test_a_formula_is_refused_with_field_and_place(
    admin: Browser, column: dict[str, Any], said: tuple[str, str]
) -> None:
    assert refused(admin.post(f"{LIST}/columns", json={"name": "x", "type": "calculated", **column})) == [said]


def test_a_formula_is_changed_and_a_column_deleted_unless_another_uses_it(admin: Browser) -> None:
    admin.post(f"{LIST}/items", json={"name": "x", "price": 2, "amount": 2})
    changed = admin.patch(f"{LIST}/columns/total", json={"formula": "price * amount * 2", "title": "Twice"})
    assert changed.status_code == 200 and changed.json["title"] == {"en": "Twice"}
    assert admin.get(f"{LIST}/items").json["value"][0]["total"] == "8.00"
    said = [("formula", "At character 1: total would be calculated from itself.")]
    assert refused(admin.patch(f"{LIST}/columns/total", json={"formula": "total + 1"})) == said
    assert refused(admin.patch(f"{LIST}/columns/price", json={"type": "text"}))[0][0] == "type"
    conflict = admin.delete(f"{LIST}/columns/price")
    assert conflict.status_code == 409 and "orders, orders.total" in conflict.json["detail"]
    assert admin.delete(f"{LIST}/columns/total").status_code == 204
    assert admin.patch(LIST, json={"validation": None}).status_code == 200
    assert admin.delete(f"{LIST}/columns/price").status_code == 204
    assert "price" not in admin.get(f"{LIST}/items").json["value"][0]


def test_only_an_administrator_changes_formulas(house: House, admin: Browser) -> None:
    north = house.api("north")
    assert north.patch(f"{LIST}/columns/total", json={"formula": "1"}).status_code == 403
    assert north.delete(f"{LIST}/columns/total").status_code == 403


def test_a_rule_of_the_list_speaks_for_the_item_as_a_whole(house: House, admin: Browser) -> None:
    assert refused(house.api("north").post(f"{LIST}/items", json={"name": "x"})) == [("", "Say something.")]


def test_a_form_begins_with_computed_defaults_and_writes_no_column_that_does_not_apply(
    house: House, admin: Browser
) -> None:
    browser = house.client("north")
    page = browser.get("/lists/orders/new").text
    assert re.search(r'name="by"[^>]*value="\d{4}-\d\d-\d\d"', page)
    assert "required" not in re.findall(r'<[^>]*name="note"[^>]*>', page)[0], "a browser would ask for it in vain"
    sent = {"name": "x", "price": "5", "amount": "3", "note": "left over", "csrf_token": token_of(page)}
    assert browser.post("/lists/orders/new", data=sent).status_code == 303
    again = browser.post("/lists/orders/new", data={**sent, "amount": "101", "note": ""})
    assert again.status_code == 422 and "must be filled in" in again.text
    assert browser.post("/lists/orders/new", data={**sent, "amount": "101"}).status_code == 303
    notes = [(item["amount"], item["note"]) for item in admin.get(f"{LIST}/items?$orderby=id").json["value"]]
    assert notes == [("3", None), ("101", "left over")]


def test_pages_show_sort_and_filter_it(house: House, admin: Browser) -> None:
    for price in (1, 20, 300):
        admin.post(f"{LIST}/items", json={"name": f"at {price}", "price": price, "amount": 2})
    browser = house.client("north")
    page = browser.get("/lists/orders?sort=total&columns=name,total")
    assert page.status_code == 200 and "600" in page.text
    item = browser.get("/lists/orders/1")
    assert item.status_code == 200 and "€" in item.text
    edit = browser.get("/lists/orders/1/edit").text
    assert 'name="total"' not in edit
