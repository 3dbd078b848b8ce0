"""Number series: free of gaps, given by the program, in number order, and never given twice."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from house import House
from sqlalchemy import select, update

from caseroom.lists import bins, changing, exporting, items, query, retyping, schema
from caseroom.lists.database import savepoint
from caseroom.lists.errors import Invalid
from caseroom.lists.filters import Compare, field
from caseroom.lists.models import ColumnRow, Counter, now

INVOICES = {"name": "invoices", "columns": [
    {"name": "number", "type": "auto_number", "prefix": "INV-{year}-", "digits": 2, "per_year": True},
    {"name": "note", "type": "text", "unique": True},
    {"name": "label", "type": "calculated", "formula": 'number & "!"'},
]}  # fmt: skip


@pytest.fixture
def invoices(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, INVOICES)
    return house


def seen(house: House, name: str = "number", **question: Any) -> list[Any]:
    with house.read("north") as (session, actor):
        return [item[name] for item in query.page(session, actor, "invoices", **question).items]


def importing(house: House, **values: Any) -> Any:
    """What an administrator's import brings along."""
    with house.write("admin") as (session, actor):
        return items.create(session, replace(actor, by_import=True), "invoices", {"name": "old", **values})


def test_numbers_go_on_without_gaps_and_nobody_sets_them(invoices: House) -> None:
    year = int(invoices.make("invoices")["number"][4:8])
    for refused in range(3):
        with invoices.write("north") as (session, actor):
            items.create(session, actor, "invoices", {"name": "x", "note": f"n{refused}"})
            with pytest.raises(Invalid), savepoint(session):
                items.create(session, actor, "invoices", {"name": "x", "note": "n0"})
        with pytest.raises(Invalid), invoices.write("north") as (session, actor):
            items.create(session, actor, "invoices", {"name": "y"})
            items.create(session, actor, "invoices", {"name": "z", "note": "n0"})
    last = invoices.make("invoices")
    assert seen(invoices) == [f"INV-{year}-{number:02}" for number in range(1, 6)]
    assert last["label"] == f"INV-{year}-05!"
    api = invoices.api("north")
    made = api.post("/api/v1/lists/invoices/items", json={"name": "n", "number": "INV-1"})
    assert made.status_code == 422 and made.json["errors"][0]["field"] == "number"
    where = f"/api/v1/lists/invoices/items/{last.id}"
    assert api.patch(where, json={"number": None}, headers={"If-Match": "*"}).status_code == 422
    column = next(one for one in api.get("/api/v1/lists/invoices/columns").json["value"] if one["name"] == "number")
    assert column["read_only"] and column["prefix"] == "INV-{year}-"


def test_a_restored_item_and_a_restored_version_keep_their_number(invoices: House) -> None:
    item = invoices.make("invoices", {"note": "a"})
    with invoices.write("north") as (session, actor):
        items.update(session, actor, "invoices", item.id, {"note": "b"}, version=1)
        items.restore_version(session, actor, "invoices", item.id, 1)
        items.delete(session, actor, "invoices", item.id, version=None)
        following = items.create(session, actor, "invoices", {"name": "next"})
        back = items.restore(session, actor, "invoices", item.id)
    assert back["number"] == item["number"] and following["number"] > item["number"]


def test_they_sort_filter_and_page_in_number_order(invoices: House) -> None:
    numbers = [*range(95, 106), 1000, 7]
    random.Random(5).shuffle(numbers)
    for number in numbers:
        importing(invoices, number=f"INV-2025-{number:02}")
    importing(invoices, number="INV-2019-10000")
    right = ["INV-2019-10000", *(f"INV-2025-{number:02}" for number in sorted(numbers))]
    assert seen(invoices, order=[("number", False)]) == right
    assert seen(invoices, order=[("number", True)]) == right[::-1]
    assert seen(invoices, order=[("number", False)], where=field("number", "gt", "INV-2025-99")) == right[7:]
    assert seen(invoices, order=[("number", False)], where=field("number", "le", "INV-2025-100")) == right[:8]
    assert seen(invoices, where=field("number", "eq", "INV-2025-1000")) == ["INV-2025-1000"]
    assert seen(invoices, where=field("number", "contains", "inv-2019")) == right[:1]
    assert seen(invoices, where=Compare(("number",), "empty", True)) == []
    with invoices.read("north") as (session, actor):
        walked, after = [], None
        while True:
            page = query.page(session, actor, "invoices", order=[("number", False)], limit=4, after=after)
            walked += [item["number"] for item in page.items]
            after = page.next
            if after is None:
                break
    assert walked == right


def test_an_import_brings_numbers_along_and_the_series_goes_on_behind_them(invoices: House) -> None:
    year = int(invoices.make("invoices")["number"][4:8])
    importing(invoices, number=f"INV-{year}-0041")
    importing(invoices, number="OLD 17/b")
    importing(invoices, number="INV-1998-77")
    assert importing(invoices)["number"] == f"INV-{year}-42"
    assert importing(invoices, created="1998-05-05T00:00:00Z")["number"] == "INV-1998-78"
    with pytest.raises(Invalid) as refusal:
        importing(invoices, number="OLD 17/b")
    assert refusal.value.errors[0].field == "number" and "OLD 17/b" in str(refusal.value.errors[0])
    for wild in ("x" * 61, True, ["INV"], {"a": 1}):
        with pytest.raises(Invalid):
            importing(invoices, number=wild)
    assert importing(invoices, number="INV-" + "9" * 50)["number"] == "INV-" + "9" * 50
    assert importing(invoices)["number"] == f"INV-{year}-43"


def test_standing_items_are_numbered_in_the_order_of_their_making(invoices: House) -> None:
    made = ["2024-06-01T00:00:00Z", "2024-01-01T00:00:00Z", "2023-12-31T23:30:00Z", "2021-03-03T03:03:03Z"]
    ids = [importing(invoices, created=one).id for one in made] + [invoices.make("invoices").id]
    with invoices.write("admin") as (session, actor):
        items.delete(session, actor, "invoices", ids[1], version=None)
        for name, prefix in (("serial", "№ "), ("yearly", "{year}/")):
            schema.add_column(session, actor, "invoices", {
                "name": name, "type": "auto_number", "prefix": prefix, "per_year": name == "yearly", "digits": 1,
            })  # fmt: skip
        items.restore(session, actor, "invoices", ids[1])
    year = int(invoices.make("invoices")["number"][4:8])
    assert seen(invoices, "serial", order=[("id", False)]) == ["№ 4", "№ 3", "№ 2", "№ 1", "№ 5", "№ 6"]
    # The last minutes of 2023 by Greenwich are 2024's first by the house's clock.
    assert seen(invoices, "yearly", order=[("id", False)])[:4] == ["2024/3", "2024/2", "2024/1", "2021/1"]
    assert seen(invoices, "yearly", order=[("id", False)])[4:] == [f"{year}/1", f"{year}/2"]


@pytest.mark.parametrize("options", [
    {"digits": 0}, {"digits": 13}, {"digits": True}, {"digits": "4"}, {"prefix": 5}, {"prefix": "x" * 31},
    {"prefix": "a\x00b"}, {"prefix": " a"}, {"per_year": True}, {"per_year": 1}, {"required": True}, {"default": "1"},
    {"unique": True}, {"wild": 1},
])  # fmt: skip
def test_options_without_sense_are_refused_on_the_option(shared_house: House, options: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal, shared_house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "bad", "columns": [
            {"name": "number", "type": "auto_number", **options}]})  # fmt: skip
    assert refusal.value.errors[0].field == next(iter(options))


def test_pages_forms_and_exports_show_it(invoices: House) -> None:
    item = invoices.make("invoices", {"name": "First"})
    browser = invoices.client("north")
    assert item["number"] in browser.get(f"/lists/invoices/{item.id}").text
    assert item["number"] in browser.get(f"/lists/invoices/{item.id}/edit").text
    assert 'name="number"' not in browser.get("/lists/invoices/new").text
    assert "First" in browser.get(f"/lists/invoices?f.number={item['number']}&sort=-number").text
    assert "First" in browser.get(f"/lists/invoices?search={item['number']}").text
    assert "First" not in browser.get("/lists/invoices?search=INV-2001").text
    with invoices.read("north") as (session, actor):
        target = io.BytesIO()
        exporting.export(session, actor, "invoices", "csv", target)
    assert item["number"] in next(csv.DictReader(io.StringIO(target.getvalue().decode("utf-8-sig"))))["number"]


def test_a_series_comes_back_from_the_bin_and_goes_on(invoices: House) -> None:
    first = invoices.make("invoices")["number"]
    with invoices.write("admin") as (session, actor):
        for option in ({"prefix": "X-{year}-"}, {"per_year": None}, {"unique": True}):
            with pytest.raises(Invalid):
                changing.change_column(session, actor, "invoices", "number", option)
        changing.change_column(session, actor, "invoices", "number", {"digits": 3})
        bins.delete_column(session, actor, "invoices", "label")
        bins.delete_column(session, actor, "invoices", "number")
        (row,) = [one for one in bins.deleted_columns(session, actor, "invoices") if one.type == "auto_number"]
    invoices.make("invoices", {"name": "made meanwhile"})
    with invoices.write("admin") as (session, actor):
        bins.restore_column(session, actor, "invoices", row.id)
    third = invoices.make("invoices")["number"]
    assert seen(invoices) == [first, f"{first[:-2]}002", third] and third == f"{first[:-2]}003"
    assert seen(invoices, order=[("number", True)]) == [third, f"{first[:-2]}002", first]


def test_a_series_becomes_a_text_and_what_is_purged_leaves_no_counter(invoices: House) -> None:
    number = invoices.make("invoices")["number"]
    with invoices.write("admin") as (session, admin):
        bins.delete_column(session, admin, "invoices", "label")
    retyping.change_type(invoices.home.database, admin, "invoices", "number", {"type": "text"})
    assert seen(invoices) == [number]
    with invoices.write("admin") as (session, _actor):
        session.execute(update(ColumnRow).where(ColumnRow.deleted.is_not(None)).values(deleted=now() - timedelta(31)))
        assert (bins.purge(session), bins.purge(session), bins.purge(session)) == (1, 1, 0)
        assert not session.scalars(select(Counter.name).where(Counter.name.startswith("number:"))).all()
    assert seen(invoices) == [number]
