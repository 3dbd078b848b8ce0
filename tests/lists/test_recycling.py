"""The recycle bin in two stages, and the end: what is deleted comes back whole, what is purged leaves nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from house import House
from sqlalchemy import func, select, text, update

from caseroom.lists import bins, comments, items, query, recycling, schema
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Forbidden, NotFound
from caseroom.lists.models import Change, ColumnRow, Comment, ListRow, Version, now
from caseroom.lists.reading import Stage
from caseroom.lists.recycled import recycled
from caseroom.portal import worker

KEPT = timedelta(days=93)


@pytest.fixture
def case(house: House) -> int:
    """A case with an activity and a comment, in the bin."""
    case = house.make_case(description="Zeta", by="north")
    house.make("activities", {"activity_type": "call", "case": case.id, "description": "Zeta called"})
    with house.write("north") as (session, actor):
        comments.add(session, actor, "cases", case.id, "Zeta waits")
        items.delete(session, actor, "cases", case.id, version=None)
    return case.id


def places(house: House, who: str, list_name: str = "cases") -> dict[Stage, list[int]]:
    """Which items somebody finds where."""
    with house.read(who) as (session, actor):
        return {
            stage: [item.id for item in query.page(session, actor, list_name, stage=stage).items]
            for stage in (Stage.STANDING, Stage.BIN, Stage.SECOND_BIN)
        }


def grow_old(house: House, days: int, list_name: str = "cases") -> None:
    """As if everything in the list's bins had been deleted some days earlier."""
    with house.write("admin") as (session, _actor):
        table = definition(session, list_name).table
        gone = now() - timedelta(days=days)
        session.execute(update(table).where(table.c.deleted.is_not(None)).values(deleted=gone))


def test_what_is_deleted_from_the_bin_is_an_administrators_to_bring_back(house: House, case: int) -> None:
    with house.write("north") as (session, actor):
        items.discard(session, actor, "cases", case)
    assert places(house, "north") == {Stage.STANDING: [], Stage.BIN: [], Stage.SECOND_BIN: []}
    assert places(house, "admin") == {Stage.STANDING: [], Stage.BIN: [], Stage.SECOND_BIN: [case]}
    with house.write("north") as (session, actor), pytest.raises(NotFound):
        items.restore(session, actor, "cases", case)
    with house.write("admin") as (session, actor):
        items.restore(session, actor, "cases", case)
    assert places(house, "north")[Stage.STANDING] == [case]
    assert len(places(house, "north", "activities")[Stage.STANDING]) == 1, "what went with it came back with it"


def test_who_may_not_delete_it_cannot_take_it_out_of_the_bin(house: House, case: int) -> None:
    for name in ("south", "reader"):
        if name in house.people:
            with house.write(name) as (session, actor), pytest.raises((NotFound, Forbidden)):
                items.discard(session, actor, "cases", case)
    with house.write("north") as (session, actor), pytest.raises(NotFound):
        items.purge(session, actor, "cases", case)
    with house.write("admin") as (session, actor), pytest.raises(NotFound):
        items.purge(session, actor, "cases", case)  # first it must be in the second bin
    assert places(house, "north")[Stage.BIN] == [case]


def test_what_is_purged_leaves_no_word_anywhere_and_its_number_is_given_to_nothing(house: House, case: int) -> None:
    for name, step in (("north", items.discard), ("admin", items.purge)):
        with house.write(name) as (session, actor):
            step(session, actor, "cases", case)
    assert places(house, "admin") == {Stage.STANDING: [], Stage.BIN: [], Stage.SECOND_BIN: []}
    with house.write("admin") as (session, actor):
        with pytest.raises(NotFound):
            items.restore(session, actor, "cases", case)
        cases = definition(session, "cases").id
        for model in (Version, Comment):
            assert session.scalar(select(func.count()).where(model.item_id == case, model.list_id == cases)) == 0
        assert "Zeta" not in everything(session)
        said = select(Change.kind).where(Change.item_id == case, Change.list_id == cases).order_by(Change.seq)
        assert session.scalars(said).all()[-3:] == ["delete", "discard", "purge"]
    assert house.make_case(name="Next").id > case


def everything(session: Any) -> str:
    """All that the lists' tables, versions and comments say."""
    tables = [f"list_{number}" for number in session.scalars(select(ListRow.id))]
    tables += ["item_versions", "comments", "file_versions", "notices"]
    return "\n".join(str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}")))


def test_what_points_to_something_purged_points_to_nothing(house: House) -> None:
    company = house.make_relation(name="Zeta")
    contact = house.make("contacts", {"first_name": "Zoe", "surname": "Zeta", "company": company.id})
    call = house.make("activities", {"activity_type": "call", "company": company.id, "contact": contact.id})
    with house.write("admin") as (session, actor):
        items.delete(session, actor, "contacts", contact.id, version=None)
        items.discard(session, actor, "contacts", contact.id)
        items.purge(session, actor, "contacts", contact.id)
    with house.read("north") as (session, actor):
        assert query.get(session, actor, "activities", call.id)["contact"] is None
    assert house.client("north").get(f"/lists/activities/{call.id}").status_code == 200


def test_the_worker_ends_what_is_old_and_nothing_else(house: House, case: int) -> None:
    young = house.make_case(name="Young")
    standing = house.make_case(name="Standing")
    grow_old(house, 94)
    grow_old(house, 94, "activities")
    with house.write("north") as (session, actor):
        items.delete(session, actor, "cases", young.id, version=None)
    while worker.purge_deleted(house.home):
        pass
    assert places(house, "admin") == {Stage.STANDING: [standing.id], Stage.BIN: [young.id], Stage.SECOND_BIN: []}
    with house.read("admin") as (session, _actor):
        assert "Zeta called" not in everything(session) and "Zeta waits" not in everything(session)
    with house.write("admin") as (session, actor), pytest.raises(NotFound):
        items.restore(session, actor, "cases", case)


def test_a_column_in_its_bin_keeps_no_value_of_a_purged_item(house: House) -> None:
    body = {"name": "notes", "title": "Notes", "columns": [{"name": "secret", "type": "text", "title": "Secret"}]}
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, body)
    item = house.make("notes", {"name": "One", "secret": "Zeta"}, by="admin")
    with house.write("admin") as (session, actor):
        bins.delete_column(session, actor, "notes", "secret")
        items.delete(session, actor, "notes", item.id, version=None)
        items.discard(session, actor, "notes", item.id)
        items.purge(session, actor, "notes", item.id)
        assert "Zeta" not in everything(session)


def test_a_purged_column_s_number_is_given_to_no_other(house: House) -> None:
    body = {"name": "notes", "title": "Notes", "columns": [{"name": "secret", "type": "text", "title": "Secret"}]}
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, body)
        number = definition(session, "notes").column("secret").id
        bins.delete_column(session, actor, "notes", "secret")
        session.execute(update(ColumnRow).where(ColumnRow.id == number).values(deleted=now() - timedelta(31)))
        assert bins.purge(session) == 1 and bins.purge(session) == 0
        assert bins.deleted_columns(session, actor, "notes") == []
        schema.add_column(session, actor, "notes", {"name": "other", "type": "number", "title": "Other"})
        assert definition(session, "notes").column("other").id > number
        with pytest.raises(NotFound):
            bins.restore_column(session, actor, "notes", number)


def test_a_deleted_list_ends_with_all_that_was_in_it(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "notes", "title": "Zeta notes"})
        number = definition(session, "notes").id
        for name in ("Zeta one", "Zeta two"):
            comments.add(session, actor, "notes", items.create(session, actor, "notes", {"name": name}).id, "Zeta!")
        bins.delete_list(session, actor, "notes")
    while worker.purge_deleted(house.home):
        pass
    with house.write("admin") as (session, actor):
        assert [row.id for row in bins.deleted_lists(session, actor)] == [number], "its time is not over"
        bins.purge_list(session, actor, number)
        assert bins.deleted_lists(session, actor) == []
    while worker.purge_deleted(house.home):
        pass
    with house.write("admin") as (session, actor):
        row = session.get_one(ListRow, number)
        assert row.purged and not row.titles
        words = [str(one) for one in session.execute(text("SELECT * FROM item_versions")).all()]
        assert not any("Zeta" in one for one in words)
        with pytest.raises(NotFound):
            bins.restore_list(session, actor, number)
        schema.create_list(session, actor, {"name": "notes", "title": "Notes"})
        assert definition(session, "notes").id > number
    with house.read("admin") as (session, actor):
        assert recycled(session, actor, Stage.BIN) == []


def test_a_list_that_has_begun_to_end_is_not_brought_back_by_halves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bins, "ENDED_AT_ONCE", 1)
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "notes", "title": "Notes"})
        number = definition(session, "notes").id
        for name in ("One", "Two"):
            items.create(session, actor, "notes", {"name": name})
        bins.delete_list(session, actor, "notes")
        session.get_one(ListRow, number).deleted = now() - timedelta(days=94)
    assert bins.purge_lists(house.home.database, KEPT)
    with house.write("admin") as (session, actor):
        assert session.scalar(text(f"SELECT count(*) FROM list_{number}")) == 1
        assert bins.deleted_lists(session, actor) == []
        with pytest.raises(NotFound):
            bins.restore_list(session, actor, number)


def test_one_s_own_bin_shows_each_thing_once_and_goes_on_where_a_page_ended(house: House, case: int) -> None:
    others = [house.make_relation(name=f"Company {number}").id for number in range(3)]
    with house.write("north") as (session, actor):
        for number in others:
            items.delete(session, actor, "relations", number, version=None)
    with house.read("north") as (session, actor):
        shown = recycled(session, actor, Stage.BIN, by=actor.user_id, limit=2)
        rest = recycled(session, actor, Stage.BIN, by=actor.user_id, after=shown[-1].place)
        found = [(one.definition.name, one.id) for one in (*shown, *rest)]
    assert sorted(found) == sorted([("cases", case), *(("relations", number) for number in others)])
    with house.read("admin") as (session, actor):
        assert recycled(session, actor, Stage.BIN, by=actor.user_id) == []
    with house.read("south") as (session, actor):
        theirs = recycled(session, actor, Stage.BIN)
        assert {one.definition.name for one in theirs} == {"relations"}, "whoever may edit it may bring it back"
        assert recycled(session, actor, Stage.SECOND_BIN) == []


def test_purging_is_left_alone_by_a_second_worker(house: House, case: int) -> None:
    grow_old(house, 94)
    assert recycling.purge_old(house.home.database, KEPT)
    assert not recycling.purge_old(house.home.database, KEPT), "the activity is young in its own list"
