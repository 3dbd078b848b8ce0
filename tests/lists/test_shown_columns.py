"""Columns that come along with a lookup: read, filtered, sorted and exported, under the rights of their own list."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from house import House

from caseroom.lists import bins, changing, exporting, items, query, schema
from caseroom.lists.errors import Conflict, Invalid, NotFound
from caseroom.lists.filters import Compare, field

SECRETS = {"name": "secrets", "separation": "by_group", "settings": {"headline": ["name"]}, "columns": [
    {"name": "price", "type": "currency"}, {"name": "currency", "type": "text"},
    {"name": "phone", "type": "phone"}, {"name": "tags", "type": "tags"}, {"name": "due", "type": "date"},
    {"name": "twice", "type": "calculated", "formula": "price * 2"},
    {"name": "boss", "type": "person"}, {"name": "number", "type": "auto_number"},
    {"name": "notes", "type": "rollup", "list": "secrets", "column": "upper", "function": "count"},
    {"name": "upper", "type": "lookup", "list": "secrets"},
]}  # fmt: skip
SHOW = ["price", "phone", "tags", "due", "twice", "boss", "number", "notes", "upper", "currency"]
NOTES = {"name": "notes", "columns": [
    {"name": "secret", "type": "lookup", "list": "secrets", "show": SHOW,
     "title": {"en": "Secret", "sk": "Tajomstvo"}},
    {"name": "currency", "type": "text"},
]}  # fmt: skip


@pytest.fixture
def notes(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, SECRETS)
        schema.create_list(session, actor, NOTES)
    upper = house.make("secrets", {"name": "Upper"})
    values = {"name": "Mine", "price": "12.50", "currency": "CZK", "phone": "+421905123456", "tags": ["a", "b"],
              "due": "2026-05-05", "boss": house.people["north"], "upper": upper.id}  # fmt: skip
    mine = house.make("secrets", values).id
    theirs = house.make("secrets", values | {"name": "Theirs", "upper": None}, by="south").id
    with house.write("admin") as (session, actor):
        for name, secret in (("of mine", mine), ("of theirs", theirs), ("of nothing", None)):
            items.create(session, actor, "notes", {"name": name, "secret": secret})
    return house


def seen(house: House, who: str, **question: Any) -> dict[str, Any]:
    with house.read(who) as (session, actor):
        return {item.title: item for item in query.page(session, actor, "notes", **question).items}


def test_each_value_comes_along_under_its_own_rights(notes: House) -> None:
    found = seen(notes, "north")
    mine = found["of mine"]
    assert mine["secret.price"] == Decimal("12.50") and mine.currency("secret.price") == "CZK"
    assert mine["secret.twice"] == Decimal("25.00") and mine["secret.phone"] == "+421905123456"
    assert mine["secret.boss"].title == "North Person" and mine["secret.upper"].title == "Upper"
    assert (mine["secret.tags"], mine["secret.notes"], mine["secret.number"]) == (["a", "b"], 0, "0002")
    for name in SHOW:
        assert found["of theirs"][f"secret.{name}"] == found["of nothing"][f"secret.{name}"], name
    assert seen(notes, "south")["of theirs"]["secret.price"] == Decimal("12.50")


def test_they_filter_and_sort_and_tell_nothing(notes: House) -> None:
    for where in (field("secret.price", "ge", "12"), field("secret.due", "eq", "2026-05-05"),
                  field("secret.phone", "contains", "905"), field("secret.tags", "eq", "a"),
                  field("secret.upper", "contains", "Upper"), Compare(("secret.price",), "empty", False),
                  field("secret.boss", "eq", notes.people["north"]), field("secret.twice", "eq", 25)):  # fmt: skip
        assert list(seen(notes, "north", where=where)) == ["of mine"], where
    for name in SHOW:
        for down in (True, False):
            assert list(seen(notes, "north", order=[(f"secret.{name}", down), ("id", False)]))[1:] == [
                "of theirs", "of nothing"] or name == "tags"  # fmt: skip


def test_pages_api_and_exports_have_them(notes: House) -> None:
    api, browser = notes.api("north"), notes.client("north")
    for question in ("secret/price gt 12", "secret.price gt 12"):
        page = api.get("/api/v1/lists/notes/items", query_string={
            "$filter": question, "$select": "secret.price,secret.upper", "$orderby": "secret/due desc"})  # fmt: skip
        assert page.status_code == 200, page.text
        (one,) = page.json["value"]
        assert one["secret.price"] == "12.50" and one["secret.upper"]["title"] == "Upper"
        assert one["secret.price@caseroom.currency"] == "CZK"
    columns = {one["name"]: one for one in api.get("/api/v1/lists/notes/columns").json["value"]}
    assert columns["secret.price"]["type"] == "currency" and columns["secret.price"]["read_only"]
    assert columns["secret.price"]["title"] == {"en": "Secret: price", "sk": "Tajomstvo: price"}
    refused = api.post("/api/v1/lists/notes/items", json={"name": "x", "secret.price": "1"})
    assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "secret.price"
    for method, body in (("delete", None), ("patch", {"title": "x"})):
        path = "/api/v1/lists/notes/columns/secret.price"
        assert getattr(notes.api("admin"), method)(path, json=body).status_code == 404
    shown = browser.get("/lists/notes?f.secret.price.ge=12&sort=-secret.price").text
    assert "of mine" in shown and "of theirs" not in shown
    item = api.get("/api/v1/lists/notes/items?$filter=name eq 'of mine'").json["value"][0]["id"]
    page = browser.get(f"/lists/notes/{item}").text
    assert "Secret: price" in page and ("CZK" in page or "Kč" in page)
    assert "+421 905 123 456" in browser.get(f"/lists/notes/{item}/edit").text
    with notes.read("north") as (session, actor):
        target = io.BytesIO()
        exporting.export(session, actor, "notes", "csv", target)
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(target.getvalue().decode("utf-8-sig")))}
    assert rows["of mine"]["secret.price"] == "12.50" and rows["of theirs"]["secret.price"] == ""


def test_the_definition_is_checked_and_kept_whole(notes: House) -> None:
    def change(show: Any) -> None:
        with notes.write("admin") as (session, actor):
            changing.change_column(session, actor, "notes", "secret", {"show": show})

    for wild in (["nothing"], "price", [7], ["price", "price"], [["price"]], {"price": 1}):
        with pytest.raises(Invalid) as refusal:
            change(wild)
        assert refusal.value.errors[0].field == "show"
    with notes.write("admin") as (session, actor):
        with pytest.raises(Conflict):
            bins.delete_column(session, actor, "secrets", "price")
        with pytest.raises(NotFound):
            bins.delete_column(session, actor, "notes", "secret.price")
    change(["name", "price"])
    assert {"secret.name", "secret.price"} < set(seen(notes, "north")["of mine"])
    assert "secret.phone" not in seen(notes, "north")["of mine"]
    change(None)
    assert "secret.price" not in seen(notes, "north")["of mine"]
