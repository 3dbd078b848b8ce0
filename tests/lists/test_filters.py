"""Filters and what comes in: absent values, numbers between a column's steps, hidden targets of multi-lookups."""

from __future__ import annotations

from decimal import Decimal

import pytest
from house import House

from caseroom.lists import items, query, schema
from caseroom.lists.errors import Invalid
from caseroom.lists.filters import Compare, Filter, Not, field


def found(house: House, person: str, list_name: str, where: Filter) -> list[int]:
    with house.read(person) as (session, actor):
        return [item.id for item in query.page(session, actor, list_name, where=where).items]


def test_an_absent_value_equals_nothing_so_that_not_equal_is_true(house: House) -> None:
    empty, full = house.make_case(), house.make_case(value="5")
    assert found(house, "north", "cases", Not(field("value", "eq", 5))) == [empty.id]
    assert found(house, "north", "cases", Not(field("value", "gt", 7))) == [empty.id, full.id]


@pytest.mark.parametrize(("op", "hits"), [("eq", 0), ("ne", 1), ("gt", 1), ("ge", 1), ("lt", 0), ("le", 0)])
def test_a_number_between_two_steps_of_the_column_equals_none(house: House, op: str, hits: int) -> None:
    house.make_case(value="10.01")
    assert len(found(house, "north", "cases", field("value", op, Decimal("10.005")))) == hits
    assert len(found(house, "north", "cases", field("value", "in", [Decimal("10.005"), Decimal("10.014")]))) == 0


def test_a_hidden_target_of_a_multi_lookup_is_absent(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(
            session, actor, {"name": "notes", "columns": [{"name": "deals", "type": "multi_lookup", "list": "cases"}]}
        )
    case = house.make_case()
    note = house.make("notes", {"deals": [case.id]})
    for where in (field("deals", "eq", case.id), field("deals", "in", [case.id]), Compare(("deals",), "empty", False)):
        assert found(house, "north", "notes", where) == [note.id]
        assert found(house, "south", "notes", where) == []
    assert (
        found(house, "south", "notes", Compare(("deals",), "empty", True))
        == found(house, "south", "notes", field("deals", "ne", case.id))
        == [note.id]
    )


def test_nothing_sorts_behind_the_id(house: House) -> None:
    ids = [house.make_case(name=name).id for name in ("b", "a")]
    with house.read("north") as (session, actor):
        page = query.page(session, actor, "cases", order=[("id", True), ("name", False)])
        assert [item.id for item in page.items] == ids[::-1]


def test_an_external_id_is_a_short_text(house: House) -> None:
    with house.write("north") as (session, actor):
        made = items.create(session, actor, "relations", {"name": "x", "external_id": " A\x001 "})
        assert made["external_id"] == "A1"
        with pytest.raises(Invalid):
            items.create(session, actor, "relations", {"name": "x", "external_id": "x" * 201})


def test_an_event_without_its_times_is_refused_with_both_named(house: House) -> None:
    with house.write("north") as (session, actor), pytest.raises(Invalid) as refused:
        items.create(session, actor, "events", {"name": "x"})
    assert [error.field for error in refused.value.errors] == ["start", "end"]
