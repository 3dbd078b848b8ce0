"""Pages by keyset and the filters around them, as the list pages use them."""

from __future__ import annotations

import base64
import json

import pytest
from house import House
from sqlalchemy import event

from caseroom.lists import filters, items, query
from caseroom.lists.columns import column_type
from caseroom.lists.columns.base import Reader
from caseroom.lists.errors import Invalid
from caseroom.lists.rights import may_add, may_open


def test_a_list_sorted_by_an_exact_decimal_goes_on_where_the_page_before_ended(house: House) -> None:
    company = house.make_relation().id
    with house.write("north") as (session, actor):
        for number in range(7):
            items.create(
                session, actor, "cases", {"name": f"Case {number}", "company": company, "value": f"{number}.25"}
            )
    seen, after = [], None
    with house.read("north") as (session, actor):
        while True:
            page = query.page(session, actor, "cases", order=[("value", True)], limit=3, after=after)
            seen += [str(item["value"]) for item in page.items]
            after = page.next
            if after is None:
                break
    assert seen == [f"{number}.25" for number in reversed(range(7))]


@pytest.mark.parametrize(
    "value",
    ["\x00", 2**31, {"n": "NaN"}, {"n": "1e9999999"}, {"t": "0001-01-01T00:00:00+14:00"}, {"d": "never"}, [], {}],
)
def test_a_forged_cursor_is_refused(house: House, value: object) -> None:
    forged = base64.urlsafe_b64encode(json.dumps([False, value, 1]).encode()).decode().rstrip("=")
    for order in ("name", "value", "expected_close", "modified"):
        with house.read("north") as (session, actor), pytest.raises(Invalid):
            query.page(session, actor, "cases", order=[(order, False)], after=forged)


@pytest.mark.parametrize("value", [{"n": "1"}, {"n": "1.5"}, {"n": "1e9999999"}, True, 1.5, "1", {"t": "2026-01-01"}])
def test_a_cursor_forged_for_whole_numbers_is_refused(house: House, value: object) -> None:
    for order, values in (("id", [value]), ("version", [value, 1]), ("version", [1, value])):
        forged = base64.urlsafe_b64encode(json.dumps([False, *values]).encode()).decode().rstrip("=")
        with house.read("north") as (session, actor), pytest.raises(Invalid):
            query.page(session, actor, "cases", order=[(order, False)], after=forged)


def test_a_text_that_no_database_keeps_is_found_without_what_cannot_be_kept(house: House) -> None:
    case = house.make_case(name="Rolling mill")
    with house.read("north") as (session, actor):
        for operator in ("contains", "eq", "startswith"):
            where = filters.field("name", operator, "Rolling\x00 mill")
            assert [item.id for item in query.page(session, actor, "cases", where=where).items] == [case.id], operator


def test_a_readers_scopes_of_all_levels_cost_one_statement(house: House) -> None:
    house.make_case()
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM scope_grants" in statement and statement.startswith("SELECT scope_grants"):
            seen.append(statement)

    engine = house.home.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        with house.read("north") as (session, actor):
            query.page(session, actor, "cases")
            query.page(session, actor, "relations")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(seen) == 1


def test_who_may_open_and_add_follows_roles_and_groups(house: House) -> None:
    wanted = {
        # (opens cases, adds cases, adds relations, adds stages, adds document types)
        "north": (True, True, True, False, False),
        "reader": (True, False, False, False, False),
        "templates": (False, False, True, False, True),
        "manager": (True, True, True, False, False),
        "admin": (True, True, True, True, True),
    }
    from caseroom.lists.catalogue import definition

    for name, answers in wanted.items():
        with house.read(name) as (session, actor):
            cases, relations = definition(session, "cases"), definition(session, "relations")
            stages, types = definition(session, "stages"), definition(session, "document_types")
            may = (may_open(cases, actor), *(may_add(one, actor) for one in (cases, relations, stages, types)))
        assert may == answers, name


def test_an_instant_is_written_so_that_day_and_month_cannot_be_mixed_up() -> None:
    kind = column_type("datetime", {})
    text = kind.format(kind.parse("2026-12-01T10:00:00+01:00"), Reader("en", "Europe/Bratislava"))
    assert "Dec 1, 2026" in text and "10:00" in text
