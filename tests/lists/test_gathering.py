"""Reverse lookups and roll-ups: what points at an item, as far as each reader may see it."""

from __future__ import annotations

import csv
import io
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from house import House
from statements import statements

from caseroom.lists import (
    bins,
    changing,
    exporting,
    items,
    list_settings,
    list_templates,
    query,
    retyping,
    schema,
    totals,
    views,
)
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Conflict, Invalid
from caseroom.lists.filters import And, Compare, Not, field

FIRMS = {"name": "firms", "columns": [{"name": "upper", "type": "lookup", "list": "firms"}]}
ORDERS = {"name": "orders", "separation": "by_group", "settings": {"headline": ["name", "firm"]}, "columns": [
    {"name": "firm", "type": "lookup", "list": "firms"},
    {"name": "also", "type": "multi_lookup", "list": "firms"},
    {"name": "value", "type": "currency"}, {"name": "currency", "type": "text"},
    {"name": "pieces", "type": "number", "decimals": 0}, {"name": "due", "type": "date"},
    {"name": "big", "type": "calculated", "formula": "value >= 100"},
]}  # fmt: skip
HERE = {"list": "orders", "column": "firm"}
GATHERED = [
    {"name": "orders", "type": "reverse_lookup", **HERE},
    {"name": "named", "type": "reverse_lookup", "list": "orders", "column": "also"},
    {"name": "below", "type": "reverse_lookup", "list": "firms", "column": "upper"},
    {"name": "number", "type": "rollup", "function": "count", **HERE},
    {"name": "total", "type": "rollup", "function": "sum", "of": "value", **HERE},
    {"name": "usual", "type": "rollup", "function": "avg", "of": "pieces", **HERE},
    {"name": "first", "type": "rollup", "function": "min", "of": "due", **HERE},
    {"name": "most", "type": "rollup", "function": "max", "of": "pieces", **HERE},
    {"name": "large", "type": "rollup", "function": "count", "filter": "big AND NOT(ISBLANK(due))", **HERE},
    {"name": "share", "type": "calculated", "formula": "IF(number = 0, 0, total / number) + large", "decimals": 1},
    {"name": "empty", "type": "calculated", "formula": "number = 0"},
]  # fmt: skip


def furnish(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, FIRMS)
        schema.create_list(session, actor, ORDERS)
        for column in GATHERED:
            schema.add_column(session, actor, "firms", column)
    return house


@pytest.fixture
def gathered(house: House) -> House:
    return furnish(house)


def firms(house: House, who: str, **question: Any) -> list[Any]:
    with house.read(who) as (session, actor):
        return query.page(session, actor, "firms", order=[("id", False)], **question).items


def ids(house: House, who: str, where: Any) -> set[int]:
    return {firm.id for firm in firms(house, who, where=where, limit=100)}


def test_every_reader_gets_what_his_own_items_come_to(gathered: House) -> None:
    """A random house against a plain model, for readers of different rights."""
    chance, house = random.Random(7), gathered
    made = [house.make("firms", {"name": f"Firm {number}"}).id for number in range(6)]
    for number in range(40):
        who = chance.choice(["north", "south", "west"])
        values = {"name": f"Order {number}", "firm": chance.choice([*made[:5], None]), "also": chance.sample(made, 2),
                  "value": chance.choice([None, "0.01", "99.99", "100", "-7.35", "999999999999.99"]),
                  "pieces": chance.choice([None, 0, 1, 2, 7]), "due": chance.choice([None, "2026-01-01", "1999-12-31"]),
                  "currency": chance.choice(["EUR", "EUR", "EUR", "USD", None])}  # fmt: skip
        order = house.make("orders", values, by=who)
        if chance.random() < 0.1:
            with house.write("admin") as (session, actor):
                items.delete(session, actor, "orders", order.id, version=None)
    for who in ("admin", "north", "south", "both", "manager"):
        with house.read(who) as (session, actor):
            orders = [one for one in query.page(session, actor, "orders", limit=100).items if one.level >= 3]
        shown = firms(house, who)
        for firm in shown:
            mine = [one for one in orders if one["firm"] and one["firm"].id == firm.id]
            check(firm, mine, [one for one in orders if firm.id in {also.id for also in one["also"] or ()}])
        for name, op, value in (("number", "gt", 2), ("total", "le", "100"), ("first", "eq", "1999-12-31"),
                                ("usual", "ge", "1.5"), ("large", "eq", 0), ("share", "gt", 10)):  # fmt: skip
            found = ids(house, who, field(name, op, value))
            assert found == {one.id for one in shown if holds(one[name], op, value)}, (who, name)
        assert ids(house, who, Compare(("orders",), "empty", True)) == {one.id for one in shown if not one["orders"]}
        for order in orders[:5]:
            there = {one.id for one in shown if order["firm"] and one.id == order["firm"].id}
            assert ids(house, who, field("orders", "eq", order.id)) == there
            assert ids(house, who, field("orders/name", "eq", order.title)) == there
        ordered = [one["total"] for one in firms_by(house, who, "total")]
        assert ordered == sorted(one for one in ordered if one is not None) + [None] * ordered.count(None)


def firms_by(house: House, who: str, name: str) -> list[Any]:
    with house.read(who) as (session, actor):
        found, after = [], None
        while True:
            page = query.page(session, actor, "firms", order=[(name, False)], limit=2, after=after)
            found += page.items
            after = page.next
            if after is None:
                return found


def check(firm: Any, mine: list[Any], named: list[Any]) -> None:
    assert {one.id for one in firm["orders"]} <= {one.id for one in mine}
    assert firm["orders"].in_all == len(mine) and len(firm["orders"]) == min(len(mine), 10)
    assert {one.title for one in firm["named"]} <= {one.title for one in named} and firm["named"].in_all == len(named)
    values = [one["value"] for one in mine]
    codes = {one["currency"] or "EUR" for one in mine}
    there = [value for value in values if value is not None]
    total = sum(there) if there and len(codes) == 1 else None
    assert firm["total"] == (total if total is None or abs(total) < 10**12 else None)
    assert firm.currency("total") == (codes.pop() if len(codes) == 1 else None)
    pieces = [one["pieces"] for one in mine if one["pieces"] is not None]
    mean = (sum(pieces) / Decimal(len(pieces))).quantize(Decimal("0.01"), ROUND_HALF_UP) if pieces else None
    days = [one["due"] for one in mine if one["due"]]
    large = [one for one in mine if one["big"] and one["due"]]
    assert (firm["number"], firm["usual"], firm["most"]) == (len(mine), mean, max(pieces, default=None))
    assert (firm["first"], firm["large"]) == (min(days, default=None), len(large))
    assert firm["empty"] is (not mine)


def holds(value: Any, op: str, wanted: Any) -> bool:
    if value is None:
        return False
    wanted = wanted if op == "eq" and isinstance(wanted, str) else Decimal(wanted)
    value = str(value) if isinstance(wanted, str) else value
    return {"gt": value > wanted, "ge": value >= wanted, "le": value <= wanted, "eq": value == wanted}[op]


def test_what_is_not_to_be_seen_is_no_oracle(gathered: House) -> None:
    house = gathered
    firm = house.make("firms", {"name": "Tatra"}).id
    hidden = house.make("orders", {"name": "Secret", "firm": firm, "also": [firm], "value": "5"}, by="south").id
    bare = house.make("firms", {"name": "Bare"}).id
    with house.read("north") as (session, actor):
        first, second = query.get(session, actor, "firms", firm), query.get(session, actor, "firms", bare)
    for column in GATHERED:
        assert first[column["name"]] == second[column["name"]], column["name"]
    for where in (field("orders", "eq", hidden), field("orders", "in", [hidden]), field("orders/name", "eq", "Secret"),
                  field("orders", "contains", "Secret"), field("named/value", "eq", 5), field("total", "eq", 5),
                  Compare(("orders",), "empty", False), Compare(("named", "firm"), "empty", False),
                  field("number", "gt", 0)):  # fmt: skip
        assert ids(house, "north", where) == set(), where
        assert ids(house, "south", where) == {firm}, where
        assert firm in ids(house, "north", Not(where))
    assert ids(house, "north", And([field("orders", "ne", hidden)])) == {firm, bare}


def test_lists_within_themselves_and_many(gathered: House) -> None:
    house = gathered
    top = house.make("firms", {"name": "Top"}).id
    for number in range(12):
        house.make("firms", {"name": f"Part {number:02}", "upper": top})
    (shown,) = firms(house, "north", where=field("id", "eq", top))
    assert shown["below"].in_all == 12 and [one.title for one in shown["below"]] == [
        f"Part {number:02}" for number in range(11, 1, -1)
    ]
    part = shown["below"][0].id
    assert ids(house, "north", field("below", "eq", part)) == {top}
    browser = house.client("north")
    page = browser.get(f"/lists/firms/{top}").text
    assert "Part 11" in page and "all 12" in page and f"f.upper={top}" in page
    assert "… (12)" in browser.get(f"/lists/firms/{top}/edit").text
    shown = browser.get("/lists/firms?f.below.empty=0&sort=-number").text
    assert "Top" in shown and "Bare" not in shown


def test_api_and_export_say_what_there_is(gathered: House) -> None:
    house = gathered
    firm = house.make("firms", {"name": "Tatra"}).id
    for value, code in (("5", "EUR"), ("7.10", None)):
        house.make("orders", {"name": f"Order {value}", "firm": firm, "value": value, "currency": code})
    api = house.api("north")
    read = api.get(f"/api/v1/lists/firms/items/{firm}").json
    assert [one["title"] for one in read["orders"]] == ["Order 7.10", "Order 5"]
    assert (read["orders@odata.count"], read["number"], read["total"]) == (2, "2", "12.10")
    assert read["total@caseroom.currency"] == "EUR" and read["below"] == [] and read["below@odata.count"] == 0
    for name in ("orders", "number", "total"):
        refused = api.patch(f"/api/v1/lists/firms/items/{firm}", json={name: None}, headers={"If-Match": "*"})
        assert refused.status_code == 422 and refused.json["errors"][0]["field"] == name
    question = {"$filter": "total gt 12 and orders/name eq 'Order 5'", "$orderby": "total desc"}
    page = api.get("/api/v1/lists/firms/items", query_string={**question, "$select": "number,orders"})
    assert [set(one) for one in page.json["value"]] == [{"@odata.etag", "id", "number", "orders", "orders@odata.count"}]
    house.make("orders", {"name": "Dollars", "firm": firm, "value": "1", "currency": "USD"})
    read = api.get(f"/api/v1/lists/firms/items/{firm}").json
    assert (read["total"], read["total@caseroom.currency"], read["number"]) == (None, None, "3")
    with house.read("north") as (session, actor):
        target = io.BytesIO()
        exporting.export(session, actor, "firms", "csv", target)
    row = next(csv.DictReader(io.StringIO(target.getvalue().decode("utf-8-sig"))))
    assert (row["number"], row["orders"]) == ("3", "Dollars, Order 7.10, Order 5")
    columns = {one["name"]: one for one in api.get("/api/v1/lists/firms/columns").json["value"]}
    assert columns["large"]["filter"] == "big AND NOT(ISBLANK(due))" and columns["large"]["result"] == "number"


def test_a_page_takes_one_statement_for_each_reverse_lookup(gathered: House) -> None:
    firm = gathered.make("firms").id
    for _ in range(3):
        gathered.make("orders", {"firm": firm})
    with gathered.read("north") as (session, actor):
        query.page(session, actor, "firms")
        with statements(gathered) as few:
            query.page(session, actor, "firms")
    for _ in range(20):
        gathered.make("orders", {"firm": gathered.make("firms").id})
    with gathered.read("north") as (session, actor):
        query.page(session, actor, "firms", limit=1)
        with statements(gathered) as many:
            query.page(session, actor, "firms")
    assert len(many) <= len(few) + 2


@pytest.mark.parametrize("column", [
    {"type": "reverse_lookup", "list": "nothing", "column": "firm"}, {"type": "reverse_lookup", "list": "orders"},
    {"type": "reverse_lookup", "list": "orders", "column": "value"},
    {"type": "reverse_lookup", "list": "orders", "column": "sales_group"},
    {"type": "reverse_lookup", "list": "orders", "column": ["firm"]},
    {"type": "reverse_lookup", **HERE, "required": True},
    {"type": "rollup", **HERE, "function": "median"}, {"type": "rollup", **HERE, "function": "sum"},
    {"type": "rollup", **HERE, "function": "count", "of": "value"},
    {"type": "rollup", **HERE, "function": "sum", "of": "due"},
    {"type": "rollup", **HERE, "function": "max", "of": "big"},
    {"type": "rollup", **HERE, "function": "sum", "of": {}}, {"type": "rollup", **HERE, "filter": "value +"},
    {"type": "rollup", **HERE, "filter": "value"}, {"type": "rollup", **HERE, "filter": "firm.number > 1"},
    {"type": "rollup", **HERE, "filter": 7}, {"type": "rollup", **HERE, "indexed": True},
])  # fmt: skip
def test_definitions_without_sense_are_refused_by_name(gathered_once: House, column: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal, gathered_once.write("admin") as (session, actor):
        schema.add_column(session, actor, "firms", {"name": "bad", **column})
    assert refusal.value.errors[0].field in ("list", "column", "function", "of", "filter", "required", "indexed")
    assert str(refusal.value.errors[0])


@pytest.fixture(scope="module")
def gathered_once(shared_house: House) -> House:
    return furnish(shared_house)


def test_what_is_gathered_from_cannot_go_away_unsaid(gathered: House) -> None:
    with gathered.write("admin") as (session, actor):
        for name in ("firm", "value", "big", "also"):
            with pytest.raises(Conflict):
                bins.delete_column(session, actor, "orders", name)
        for name in ("firm", "value", "also"):
            with pytest.raises(Invalid, match=r"firms\.(orders|total|named)"):
                changing.change_column(session, actor, "orders", name, {"hidden": True})
        with pytest.raises(Invalid):
            retyping.forecast(session, actor, "orders", "pieces", {"decimals": 2})
        with pytest.raises(Conflict, match=r"firms\.total"):
            bins.delete_list(session, actor, "orders")
        changing.change_column(session, actor, "firms", "large", {"filter": None, "function": "sum", "of": "pieces"})
        bins.delete_column(session, actor, "firms", "empty")
        bins.delete_column(session, actor, "firms", "orders")
        (row,) = [one for one in bins.deleted_columns(session, actor, "firms") if one.type == "reverse_lookup"]
        assert bins.restore_column(session, actor, "firms", row.id) == "orders"
    firm = gathered.make("firms").id
    gathered.make("orders", {"firm": firm, "pieces": 4})
    assert firms(gathered, "north")[0]["large"] == 4


def test_validations_use_what_points_here(gathered: House) -> None:
    firm = gathered.make("firms", {"name": "Old"}).id
    with gathered.write("admin") as (session, actor):
        schema.add_column(session, actor, "firms", {
            "name": "closed", "type": "boolean", "validation": {"formula": "NOT(closed) OR number = 0"}})  # fmt: skip
    gathered.make("firms", {"name": "New", "closed": True})
    gathered.make("orders", {"firm": firm})
    with pytest.raises(Invalid), gathered.write("north") as (session, actor):
        items.update(session, actor, "firms", firm, {"closed": True}, version=None)


def test_the_deepest_that_is_taken_can_be_read_by_everybody(gathered: House) -> None:
    """Filters and formulas on roll-ups are refused before they are too deep for a database's parser."""
    firm = gathered.make("firms", {"name": "Deep"}).id
    gathered.make("orders", {"firm": firm, "value": 100, "pieces": 1})
    add_to_firms(gathered, "deep", {"type": "rollup", **HERE, "filter": "NOT(NOT(big))"})
    for place, (option, inner, outer, end) in enumerate((
        ("filter", "big", "NOT({})", ""), ("filter", "pieces", "ABS({})", " = 1"),
        ("formula", "deep", "IF(true, {}, 0)", ""), ("formula", "deep", "-({})", ""),
    )):  # fmt: skip
        rest = {"type": "rollup", **HERE} if option == "filter" else {"type": "calculated"}
        for depth in range(30, 0, -1):
            text = "{}"
            for _ in range(depth):
                text = text.format(outer)
            try:
                add_to_firms(gathered, f"deep{place}", {**rest, option: text.format(inner) + end})
            except Invalid as refusal:
                assert refusal.errors[0].field == option
                continue
            break
        else:
            raise AssertionError(f"nothing of {outer} is taken")
        assert depth < 30, "nothing is refused"
        name = f"deep{place}"
        for who in ("admin", "north"):
            where = And([field(name, "ge", 0), Not(field(name, "gt", 99)), field("orders/name", "ne", "x")])
            with gathered.read(who) as (session, actor):
                query.page(session, actor, "firms", columns=[name], where=where, order=[(name, True)])


def add_to_firms(house: House, name: str, body: dict[str, Any]) -> None:
    with house.write("admin") as (session, actor):
        schema.add_column(session, actor, "firms", {"name": name, **body})


def test_a_copy_leaves_behind_what_other_lists_come_to(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, FIRMS)
        schema.create_list(session, actor, ORDERS)
        for column in (one for one in GATHERED if one["name"] in ("orders", "below", "total")):
            schema.add_column(session, actor, "firms", column)
        list_templates.copy(session, actor, "firms", name="copies", title={"en": "Copies"})
        made = definition(session, "copies")
        assert [one.name for one in made.columns] == ["name", "upper", "below"]
        assert made.column("below").options["list"] == "copies"


def test_totals_of_amounts_that_come_together_are_told_by_currency(gathered: House) -> None:
    made = [gathered.make("firms", {"name": f"Firm {number}"}).id for number in range(3)]
    for firm, value, code in ((made[0], "1.50", "EUR"), (made[1], "2.50", "EUR"), (made[2], "7.00", "USD")):
        gathered.make("orders", {"firm": firm, "value": value, "currency": code})
    with gathered.read("north") as (session, actor):
        found = totals.summarise(session, actor, "firms", totals={"total": "sum", "number": "sum"})
    assert found.whole is not None
    assert found.whole.totals["total"] == [("EUR", Decimal("4.00")), ("USD", Decimal("7.00"))]
    assert found.whole.totals["number"] == [(None, Decimal(3))]


def test_a_copy_leaves_behind_what_asks_what_is_gathered(gathered: House) -> None:
    """Calculated columns, rules, the list's own rule, a view's filter and colours; what asks none of it comes along."""
    rule = {"formula": "number < 100", "message": "Too many."}
    with gathered.write("admin") as (session, actor):
        for column in (
            {"name": "note", "type": "text", "show_when": "number > 0"}, {"name": "kept", "type": "text"},
            {"name": "twice", "type": "calculated", "formula": "number * 2"},
            {"name": "long", "type": "calculated", "formula": "LEN(kept)"},
        ):  # fmt: skip
            schema.add_column(session, actor, "firms", column)
        list_settings.change(session, actor, "firms", {"validation": rule})
        colours = [{"formula": "twice > 1", "colour": "red"}, {"formula": "ISBLANK(kept)", "colour": "blue"}]
        view = {"title": "Large", "columns": ["name", "twice", "kept"], "filter": "number gt 1", "colours": colours}
        views.save(session, actor, "firms", {"name": "large", "shared": True, **view})
        list_templates.copy(session, actor, "firms", name="copies", title={"en": "Copies"})
    with gathered.read("admin") as (session, _actor):
        copy = definition(session, "copies")
        names = {one.name for one in copy.own_columns}
        assert {"note", "kept", "long", "upper"} <= names and not {"share", "empty", "twice", "number"} & names
        assert "show_when" not in copy.column("note").options and "validation" not in copy.settings
        [large] = [one.settings for one in copy.views if one.name == "large"]
        assert large["columns"] == ["name", "kept"] and not large.get("filter") and len(large["colours"]) == 1
