"""Items through the one door: made, changed, deleted, restored, and what the log and the history say of it."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from house import House
from sqlalchemy import select

from caseroom.lists import changelog, items, query, schema, versions
from caseroom.lists.database import savepoint
from caseroom.lists.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from caseroom.lists.models import Change
from caseroom.lists.reading import Stage


def test_a_stale_edit_is_refused_and_loses_nothing(house: House) -> None:
    case = house.make_case(name="Deal")
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case.id, {"description": "second"}, version=1)
    with pytest.raises(Stale), house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"description": "first"}, version=1)
    with house.read("north") as (session, actor):
        assert query.get(session, actor, "cases", case.id)["description"] == "second"


def test_every_refused_field_is_named_at_once(house: House) -> None:
    with pytest.raises(Invalid) as refused, house.write("north") as (session, actor):
        items.create(
            session,
            actor,
            "relations",
            {"name": "", "email": "nobody", "status": "sleepy", "colour": "red", "owner": 1},
        )
    assert {error.field for error in refused.value.errors} == {"name", "email", "status", "colour", "owner"}


def test_an_empty_required_value_is_refused(house: House) -> None:
    with pytest.raises(Invalid, match="filled in"), house.write("north") as (session, actor):
        items.create(session, actor, "relations", {"name": "   "})


def test_what_the_program_sets_is_refused_from_hands(house: House) -> None:
    case = house.make_case()
    for name, value in (
        ("status", "closed"),
        ("outcome", "won"),
        ("owner", 1),
        ("salesperson", 1),
        ("closing_note", "x"),
    ):
        with pytest.raises(Invalid, match="set by the program"), house.write("admin") as (session, actor):
            items.update(session, actor, "cases", case.id, {name: value}, version=None)


def test_the_program_fills_owner_group_and_salesperson(house: House) -> None:
    case = house.make_case(by="north")
    assert (str(case["owner"]), str(case["sales_group"]), str(case["salesperson"])) == ("Alfa", "North", "North Person")
    assert case["status"] == "new" and str(case["stage"]) == "Contacted" and case["currency"] == "EUR"


def test_a_deleted_case_goes_to_the_bin_with_what_hangs_on_it_and_comes_back_with_it(house: House) -> None:
    case = house.make_case()
    task = house.make("activities", {"case": case.id, "description": "ring"})
    earlier = house.make("activities", {"case": case.id, "description": "thrown away before"})
    with house.write("north") as (session, actor):
        items.delete(session, actor, "activities", earlier.id, version=None)
        items.delete(session, actor, "cases", case.id, version=case.version)
    with house.read("north") as (session, actor):
        for list_name, item in (("cases", case), ("activities", task)):
            with pytest.raises(NotFound):
                query.get(session, actor, list_name, item.id)
        assert [item.id for item in query.page(session, actor, "cases", stage=Stage.BIN).items] == [case.id]
    with house.write("north") as (session, actor):
        items.restore(session, actor, "cases", case.id)
        assert query.get(session, actor, "activities", task.id)["description"] == "ring"
        with pytest.raises(NotFound):
            query.get(session, actor, "activities", earlier.id)


def test_the_history_tells_who_changed_what_and_any_version_can_be_restored(house: House) -> None:
    case = house.make_case(name="Deal", value="10")
    with house.write("both") as (session, actor):
        items.update(session, actor, "cases", case.id, {"name": "Big deal", "value": "20.50"}, version=1)
    other = house.make_relation()
    with house.write("north") as (session, actor):
        items.update(session, actor, "cases", case.id, {"company": other.id}, version=2)
        history = versions.history(session, actor, "cases", case.id)
    assert [entry.version for entry in history] == [3, 2, 1]
    assert str(history[1].by) == "Both Person"
    assert {(one.column.name, one.old, one.new) for one in history[1].changes} == {
        ("name", "Deal", "Big deal"),
        ("value", Decimal("10.00"), Decimal("20.50")),
    }
    with house.write("north") as (session, actor):
        items.restore_version(session, actor, "cases", case.id, 1)
        now = query.get(session, actor, "cases", case.id)
    assert (now["name"], now["value"], now.version, now["company"].id) == (
        "Deal",
        Decimal("10.00"),
        4,
        case["company"].id,
    )


def test_the_change_log_has_no_gap_and_nothing_of_what_was_rolled_back(house: House) -> None:
    with pytest.raises(RuntimeError), house.write("north") as (session, actor):
        items.create(session, actor, "relations", {"name": "Lost"})
        raise RuntimeError
    with house.write("north") as (session, actor):
        items.create(session, actor, "relations", {"name": "Kept"})
        with pytest.raises(Invalid), savepoint(session):
            items.create(session, actor, "relations", {"name": "Half"})
            items.create(session, actor, "relations", {"name": ""})
    with house.read("north") as (session, actor):
        numbers = list(session.scalars(select(Change.seq).order_by(Change.seq)))
        assert numbers == list(range(1, changelog.last(session) + 1))
        assert [item.title for item in query.page(session, actor, "relations").items] == ["Kept"]


def test_of_many_writers_on_one_version_exactly_one_wins(house: House) -> None:
    case = house.make_case()
    won, told = [], []

    def write(number: int) -> None:
        try:
            with house.write("north") as (session, actor):
                items.update(session, actor, "cases", case.id, {"description": f"writer {number}"}, version=1)
            won.append(number)
        except Stale:
            told.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and len(told) == 7
    with house.read("north") as (session, actor):
        now = query.get(session, actor, "cases", case.id)
    assert now["description"] == f"writer {won[0]}" and now.version == 2


def test_a_used_code_list_entry_is_not_deleted_and_a_retired_one_not_chosen(house: House) -> None:
    kind = house.make("relation_types", {"name": "Customer"}, by="admin")
    relation = house.make_relation(relation_type=kind.id)
    with pytest.raises(Conflict, match="retire"), house.write("admin") as (session, actor):
        items.delete(session, actor, "relation_types", kind.id, version=None)
    with house.write("admin") as (session, actor):
        items.update(session, actor, "relation_types", kind.id, {"retired": True}, version=None)
    with pytest.raises(Invalid, match="no such item"):
        house.make_relation(relation_type=kind.id)
    with house.write("north") as (session, actor):
        kept = items.update(
            session, actor, "relations", relation.id, {"name": "Renamed", "relation_type": kind.id}, version=None
        )
    assert str(kept["relation_type"]) == "Customer"


def test_contradicting_links_are_refused_and_implied_ones_filled(house: House) -> None:
    one, other = house.make_relation(), house.make_relation()
    case = house.make_case(company=one.id)
    with pytest.raises(Invalid, match="another company"):
        house.make("activities", {"case": case.id, "company": other.id})
    stranger = house.make("contacts", {"surname": "Stranger", "company": other.id})
    with pytest.raises(Invalid, match="another company"):
        house.make("activities", {"case": case.id, "contact": stranger.id})
    assert house.make("activities", {"case": case.id})["company"].id == one.id


def test_a_company_is_not_above_itself(house: House) -> None:
    top = house.make_relation()
    middle = house.make_relation(parent=top.id)
    with pytest.raises(Invalid, match="part of itself"), house.write("north") as (session, actor):
        items.update(session, actor, "relations", top.id, {"parent": middle.id}, version=None)


def test_only_the_responsible_group_or_its_manager_deletes_a_company(house: House) -> None:
    relation = house.make_relation(by="north")
    for name in ("south", "west"):
        with pytest.raises(Forbidden, match="not delete"), house.write(name) as (session, actor):
            items.delete(session, actor, "relations", relation.id, version=None)
        with pytest.raises(Invalid, match="responsible group"), house.write(name) as (session, actor):
            items.update(session, actor, "relations", relation.id, {"sales_group": actor.default_group}, version=None)
    with house.write("manager") as (session, actor):
        items.delete(session, actor, "relations", relation.id, version=None)


def test_what_comes_back_from_the_bin_finds_its_value_taken(house: House) -> None:
    with house.write("admin") as (session, actor):
        code = {"name": "code", "type": "number", "unique": True}
        schema.create_list(session, actor, {"name": "keys", "columns": [code]})
    first = house.make("keys", {"code": "7"})
    with house.write("north") as (session, actor):
        items.delete(session, actor, "keys", first.id, version=None)
        second = items.create(session, actor, "keys", {"name": "Second", "code": "7"})
    with pytest.raises(Invalid, match="already used by Second"), house.write("north") as (session, actor):
        items.restore(session, actor, "keys", first.id)
    with house.write("north") as (session, actor):
        items.update(session, actor, "keys", second.id, {"code": "8"}, version=None)
        assert items.restore(session, actor, "keys", first.id)["code"] == 7


def test_what_one_does_not_see_in_a_lookup_of_several_stays_there(house: House) -> None:
    """Changed, emptied, put back, restored; who sees everything takes out what they leave out."""
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "secrets", "separation": "by_group", "columns": []})
        columns = [{"name": "of", "type": "multi_lookup", "list": "secrets"}]
        schema.create_list(session, actor, {"name": "pages", "columns": columns})
    north, south = (
        [house.make("secrets", {"name": f"{who} {n}"}, by=who).id for n in (1, 2)] for who in ("north", "south")
    )
    page = house.make("pages", {"of": [north[0], south[0], north[1]]}, by="admin").id

    def stands() -> list[int]:
        with house.read("admin") as (session, actor):
            return [one.id for one in query.get(session, actor, "pages", page)["of"] or ()]

    def write(value: list[int] | None, by: str = "south") -> bool:
        with house.write(by) as (session, actor):
            return items.change(session, actor, "pages", page, {"of": value}, version=None)

    assert not write([south[0]]) and stands() == [north[0], south[0], north[1]], "nothing was changed"
    assert write(south) and stands() == [*south, *north]
    assert write(None) and stands() == north
    with house.write("south") as (session, actor):
        items.restore_version(session, actor, "pages", page, 2)
    assert set(stands()) == {*south, *north}
    assert write([south[1]], by="admin") and stands() == [south[1]]
