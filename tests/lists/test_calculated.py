"""Calculated columns: read, filtered, sorted, grouped, exported like any other, live, and under the reader's rights."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from house import House
from sqlalchemy import select

from caseroom.lists import bins, changing, exporting, items, query, schema, totals
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Conflict, Forbidden, Invalid
from caseroom.lists.filters import Compare, Not, Or, field
from caseroom.lists.models import ColumnRow

ORDERS = {
    "name": "orders",
    "separation": "by_group",
    "columns": [
        {"name": "price", "type": "currency", "title": {"en": "Price", "sk": "Cena"}},
        {"name": "amount", "type": "number", "decimals": 0},
        {"name": "due", "type": "date"},
        {"name": "company", "type": "lookup", "list": "relations"},
        {"name": "deal", "type": "lookup", "list": "cases"},
        # made before what it uses, since a body may name its columns in any order
        {
            "name": "grade",
            "type": "calculated",
            "formula": 'IF(total >= 100, "large", IF(ISBLANK(total), "", "small"))',
        },
        {"name": "total", "type": "calculated", "formula": "=[Cena] * amount"},
        {"name": "third", "type": "calculated", "formula": "total / 3", "decimals": 1, "format": "currency"},
        {"name": "late", "type": "calculated", "formula": "due < TODAY()"},
        {"name": "about", "type": "calculated", "formula": 'deal & "/" & deal.company.name & "/" & company'},
        {"name": "mine", "type": "calculated", "formula": "created_by = ME()"},
    ],
}


@pytest.fixture
def orders(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, ORDERS)
    return house


def add(house: House, **column: Any) -> None:
    with house.write("admin") as (session, actor):
        schema.add_column(session, actor, "orders", column)


def change(house: House, name: str, **body: Any) -> None:
    with house.write("admin") as (session, actor):
        changing.change_column(session, actor, "orders", name, body)


def seen(house: House, who: str, name: str, **question: Any) -> list[Any]:
    with house.read(who) as (session, actor):
        return [item[name] for item in query.page(session, actor, "orders", **question).items]


def refused(house: House, **column: Any) -> str:
    with pytest.raises(Invalid) as refusal:
        add(house, **column)
    (error,) = refusal.value.errors
    return f"{error.field}: {error}"


def test_a_value_is_computed_from_the_row_as_it_is_now(orders: House) -> None:
    order = orders.make("orders", {"price": "10.50", "amount": 3})
    assert (order["total"], order["third"], order["grade"]) == (Decimal("31.50"), Decimal("10.5"), "small")
    with orders.write("north") as (session, actor):
        changed = items.update(session, actor, "orders", order.id, {"amount": 10}, version=1)
        assert (changed["total"], changed["third"], changed["grade"]) == (Decimal("105.00"), Decimal("35.0"), "large")
        emptied = items.update(session, actor, "orders", order.id, {"price": None}, version=2)
        assert (emptied["total"], emptied["grade"]) == (None, None)


def test_it_cannot_be_set(orders: House) -> None:
    with pytest.raises(Invalid) as refusal:
        orders.make("orders", {"total": 5})
    assert refusal.value.errors[0].field == "total"


def test_it_has_no_place_in_the_table(orders: House) -> None:
    with orders.read("admin") as (session, _):
        found = definition(session, "orders")
        assert found.column("total").physical not in found.table.c


def test_it_filters_sorts_groups_and_sums(orders: House) -> None:
    for price, amount in (("1", 1), ("50", 3), (None, 1), ("0.10", 7), ("30", 5)):
        orders.make("orders", {"price": price, "amount": amount})
    known = [Decimal("150.00"), Decimal("150.00"), Decimal("1.00"), Decimal("0.70"), None]
    assert seen(orders, "north", "total", order=[("total", True)]) == known
    assert seen(orders, "north", "total", order=[("total", False)]) == [*reversed(known[:4]), None]
    assert seen(orders, "north", "total", where=field("total", "gt", 1)) == known[:2]
    assert seen(orders, "north", "total", where=field("total", "eq", "0.7")) == [Decimal("0.70")]
    assert seen(orders, "north", "total", where=field("total", "eq", "0.705")) == []
    assert seen(orders, "north", "total", where=Compare(("total",), "empty", True)) == [None]
    assert len(seen(orders, "north", "total", where=field("total", "in", [150, "0.7"]))) == 3
    assert len(seen(orders, "north", "grade", where=field("grade", "contains", "LARG"))) == 2
    assert len(seen(orders, "north", "grade", where=Not(field("grade", "eq", "large")))) == 3
    with orders.read("north") as (session, actor):
        groups = totals.summarise(session, actor, "orders", by=["grade"], totals={"total": "sum"}).groups()
    assert {group.key[0]: (group.count, group.totals["total"]) for group in groups} == {
        "large": (2, [(None, 300)]), "small": (2, [(None, Decimal("1.70"))]), None: (1, []),
    }  # fmt: skip


@pytest.mark.parametrize("order", [[("total", True)], [("total", False)], [("grade", False), ("third", True)],
                                   [("late", True), ("total", False)], [("mine", True)]])  # fmt: skip
def test_pages_go_on_by_it_and_back(orders: House, order: Sequence[tuple[str, bool]]) -> None:
    for number in range(12):
        orders.make("orders", {"price": number % 4 or None, "amount": 40, "due": "2020-01-01" if number % 3 else None})
    with orders.read("north") as (session, actor):
        whole = [item.id for item in query.page(session, actor, "orders", order=order).items]
        pages, after = [], None
        while True:
            pages.append(query.page(session, actor, "orders", order=order, limit=5, after=after))
            after = pages[-1].next
            if after is None:
                break
        assert [item.id for page in pages for item in page.items] == whole
        back = query.page(session, actor, "orders", order=order, limit=5, after=pages[1].previous)
        assert [item.id for item in back.items] == whole[:5]


def test_today_is_the_readers_own_day_and_nothing_stored(orders: House) -> None:
    """Two readers 26 hours apart never have the same date: what is due today on the one side is late on the other."""
    with orders.read("north") as (session, actor):
        east, west = (replace(actor, time_zone=zone) for zone in ("Pacific/Kiritimati", "Etc/GMT+12"))
    eastern_day = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=14)
    order = orders.make("orders", {"due": (eastern_day - datetime.timedelta(days=1)).date().isoformat()})
    with orders.read("north") as (session, _):
        assert query.get(session, east, "orders", order.id)["late"] is True
        assert query.get(session, west, "orders", order.id)["late"] is False


def test_me_is_whoever_reads(orders: House) -> None:
    order = orders.make("orders", by="north")
    orders.make("orders", by="both", program={"sales_group": orders.groups["North"]})
    with orders.read("north") as (session, actor):
        assert [item.id for item in query.page(session, actor, "orders", where=field("mine", "eq", True)).items] == [
            order.id
        ]


def test_what_stands_behind_a_lookup_is_blank_for_who_may_not_read_it(orders: House) -> None:
    company = orders.make_relation(name="ACME")
    deal = orders.make_case(name="Bridge", company=company.id)
    order = orders.make("orders", {"company": company.id, "deal": deal.id})
    assert order["about"] == "Bridge/ACME/ACME"
    with orders.write("admin") as (session, actor):
        items.update(session, actor, "orders", order.id, {"shared_with": [orders.groups["South"]]}, version=1)
    assert seen(orders, "south", "about") == ["//ACME"]
    assert seen(orders, "south", "about", where=field("about", "contains", "Bridge")) == []
    assert seen(orders, "north", "about", where=field("about", "contains", "Bridge")) == ["Bridge/ACME/ACME"]


def test_it_is_masked_wherever_one_of_its_columns_is(house: House) -> None:
    """The headline of an event shows its place to everybody; what its company has to do with it does not."""
    with house.write("admin") as (session, actor):
        for name, formula in (
            ("where_it_is", 'place & "!"'),
            ("secret", "place & description"),
            ("inner", "secret & place"),
        ):
            schema.add_column(session, actor, "events", {"name": name, "type": "calculated", "formula": formula})
        row = session.scalars(select(schema.ListRow).where(schema.ListRow.name == "events")).one()
        row.settings = {**row.settings, "headline": [*row.settings["headline"], "where_it_is", "secret", "inner"]}
        schema.forget(session)
    case = house.make_case()
    event = house.make("events", {"case": case.id, "place": "Hall", "description": "price talk"})
    for who, expected in (
        ("north", ("Hall!", "Hallprice talk", "Hallprice talkHall")),
        ("south", ("Hall!", None, None)),
    ):
        with house.read(who) as (session, actor):
            item = query.get(session, actor, "events", event.id)
            assert (item["where_it_is"], item["secret"], item["inner"]) == expected
            found = query.page(session, actor, "events", where=field("secret", "contains", "price")).items
            assert [one.id for one in found] == ([event.id] if who == "north" else [])
            blank = query.page(session, actor, "events", where=Compare(("inner",), "empty", True)).items
            assert [one.id for one in blank] == ([] if who == "north" else [event.id])


@pytest.mark.parametrize("kind", exporting.FORMATS)
def test_it_is_exported(orders: House, kind: str) -> None:
    orders.make("orders", {"name": "x", "price": "10.50", "amount": 3})
    target = io.BytesIO()
    with orders.read("north") as (session, actor):
        assert exporting.export(session, actor, "orders", kind, target, where=field("total", "gt", 31)) == 1
    if kind == "json":
        row = json.loads(target.getvalue())[0]
        assert (row["total"], row["late"], row["grade"]) == ("31.50", False, "small")
    if kind == "csv":
        assert "31.50" in target.getvalue().decode("utf-8-sig")


def test_its_history_is_that_of_the_columns_it_uses(orders: House) -> None:
    order = orders.make("orders", {"price": "1", "amount": 1})
    with orders.write("north") as (session, actor):
        items.update(session, actor, "orders", order.id, {"price": "2"}, version=1)
        assert items.restore_version(session, actor, "orders", order.id, 1)["total"] == 1
        items.delete(session, actor, "orders", order.id, version=3)
        assert items.restore(session, actor, "orders", order.id)["total"] == 1


def test_a_formula_that_does_not_fit_is_refused_with_its_place_and_leaves_nothing(orders: House) -> None:
    said = "formula: At character 9: the list orders has no column “amout”."
    assert refused(orders, name="x", type="calculated", formula="price * amout") == said
    assert refused(orders, name="x", type="calculated") == "formula: A calculated column needs its formula."
    said = "formula: At character 1: x would be calculated from itself."
    assert refused(orders, name="x", type="calculated", formula="x + 1") == said
    assert refused(orders, name="x", type="calculated", formula="price", unique=True).startswith("unique:")
    assert refused(orders, name="x", type="calculated", formula="name", decimals=2).startswith("decimals:")
    assert refused(orders, name="x", type="calculated", formula="price", format="euro").startswith("format:")
    assert refused(orders, name="x", type="calculated", formula=5).startswith("formula:")
    assert refused(orders, name="x", type="calculated", formula="price", result={"type": "x"}).startswith("result:")
    with orders.read("admin") as (session, _):
        assert session.scalars(select(ColumnRow).where(ColumnRow.name == "x")).all() == []


def test_columns_that_would_be_calculated_from_each_other_are_refused(orders: House) -> None:
    with pytest.raises(Invalid, match="total would be calculated from itself"):
        change(orders, "total", formula="price * LEN(grade)")
    assert orders.make("orders", {"price": "2", "amount": 2})["total"] == 4


def test_a_cycle_through_another_list_is_refused(orders: House) -> None:
    with orders.write("admin") as (session, actor):
        schema.add_column(session, actor, "relations", {"name": "latest", "type": "lookup", "list": "orders"})
        body = {"name": "worth", "type": "calculated", "formula": "latest.total"}
        schema.add_column(session, actor, "relations", body)
    with pytest.raises(Invalid, match="total would be calculated from itself"):
        change(orders, "total", formula="company.worth + 1")
    order = orders.make("orders", {"price": "2", "amount": 2})
    assert orders.make_relation(latest=order.id)["worth"] == 4


def test_a_changed_formula_holds_at_once_also_for_what_uses_it(orders: House) -> None:
    order = orders.make("orders", {"price": "100", "amount": 2})
    change(orders, "total", formula="price * amount * 0.125")
    with orders.read("north") as (session, actor):
        item = query.get(session, actor, "orders", order.id)
        assert (item["total"], item["grade"], item["third"]) == (Decimal("25.00000"), "small", Decimal("8.3"))
    with pytest.raises(Invalid, match="uses this, and would no longer fit"):
        change(orders, "total", formula="name")


def test_a_column_that_a_formula_uses_is_not_deleted_and_the_answer_says_which(orders: House) -> None:
    order = orders.make("orders", {"price": "1", "amount": 1})
    with orders.write("admin") as (session, actor):
        with pytest.raises(Conflict, match=r"orders.total use amount"):
            bins.delete_column(session, actor, "orders", "amount")
        with pytest.raises(Conflict, match=r"orders.grade, orders.third"):
            bins.delete_column(session, actor, "orders", "total")
        with pytest.raises(Forbidden):
            bins.delete_column(session, actor, "orders", "name")
        with pytest.raises(Forbidden):
            bins.delete_column(session, actor, "cases", "value")
        for name in ("grade", "third", "total", "amount"):
            bins.delete_column(session, actor, "orders", name)
    with orders.read("north") as (session, actor):
        assert "amount" not in query.get(session, actor, "orders", order.id)
    assert orders.make("orders", {"price": "1"})["price"] == 1


def test_a_renamed_title_breaks_no_formula(orders: House) -> None:
    order = orders.make("orders", {"price": "2", "amount": 2})
    change(orders, "price", title={"en": "Unit price"})
    with orders.read("north") as (session, actor):
        assert query.get(session, actor, "orders", order.id)["total"] == 4


@pytest.mark.parametrize(
    "formula",
    [
        "IF(price > 1, 1, " * 50 + "1" + ")" * 50,
        "IF(" * 6 + "late" + ", price > 1, amount < 2)" * 6,
        " + ".join(["price"] * 90),
        "1 * (2 * (" * 4 + "price" + "))" * 4,
        "ABS(" * 15 + "price" + ")" * 15,
        " & ".join(["company"] * 20),
        " or ".join(["price > 1 and amount < 5"] * 60),
        "price ^ 64 / 0 + amount ^ -64",
        "NOT(" * 8 + "late" + ")" * 8,
        "DATEADD(" * 9 + "due" + ', price, "year")' * 9,
        "UPPER(" * 8 + "deal.company.name" + ")" * 8,
    ],
)
def test_the_largest_formulas_are_still_computed(orders: House, formula: str) -> None:
    add(orders, name="big", type="calculated", formula=formula)
    for price in ("999999999999", "-0.01", None):
        orders.make("orders", {"price": price, "amount": 1, "due": "9998-12-31"})
    assert len(seen(orders, "north", "big", order=[("big", True), ("total", False)], limit=2)) == 2
    with orders.read("north") as (session, actor):
        page = query.page(session, actor, "orders", order=[("total", False), ("big", True)], limit=2)
        assert (
            len(query.page(session, actor, "orders", order=[("total", False), ("big", True)], after=page.next).items)
            == 1
        )
        where = Not(Or([Compare(("big",), "empty", True), Not(field("name", "contains", "o"))]))
        assert 0 <= query.count(session, actor, "orders", where=where).number <= 3


def test_a_question_too_deep_for_the_database_is_refused_in_words(orders: House) -> None:
    """Each is within its own bound: a deep filter, upon a deep formula."""
    add(orders, name="big", type="calculated", formula="NOT(" * 8 + "late" + ")" * 8)
    orders.make("orders")
    where = field("big", "eq", True)
    for number in range(14):
        where = Not(Or([where, field("total", "eq", number)]))
    try:
        found = seen(orders, "north", "big", where=where)
    except Invalid as refusal:
        assert "too deeply" in refusal.message
    else:
        assert found == [] or found == [False]


def test_columns_upon_columns_stay_within_the_bound(orders: House) -> None:
    """Each uses the one before twice: what it stands for doubles each time, until it is refused."""
    add(orders, name="a0", type="calculated", formula="price + price")
    with pytest.raises(Invalid, match=r"at most|nested too deeply"):
        for number in range(1, 20):
            add(orders, name=f"a{number}", type="calculated", formula=f"a{number - 1} + a{number - 1}")
    orders.make("orders", {"price": "1"})
    assert seen(orders, "north", "a5") == [64]


def test_a_formula_that_has_lost_a_column_is_blank_and_stops_nobody(orders: House) -> None:
    """As a restored backup, or a column deleted by hand, may leave it."""
    orders.make("orders", {"price": "1", "amount": 1})
    with orders.write("admin") as (session, _):
        column = session.scalars(select(ColumnRow).where(ColumnRow.name == "total")).one()
        column.options = {**column.options, "formula": "[#99999] * 2"}
        schema.forget(session)
    assert seen(orders, "north", "total", order=[("total", True)]) == [None]
