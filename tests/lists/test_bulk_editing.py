"""The same change of many items: row by row with its own rights, at once or as a job that survives a kill."""

from __future__ import annotations

from typing import Any

import pytest
from house import House
from sqlalchemy import select

from caseroom.lists import bulk_editing, items, query, schema
from caseroom.lists.bulk_editing import BulkRow
from caseroom.lists.errors import Invalid, NotFound
from caseroom.lists.models import User

TOOLS = {
    "name": "tools", "separation": "by_group",
    "columns": [
        {"name": "price", "type": "number", "decimals": 2},
        {"name": "state", "type": "choice", "choices": ["new", "used"]},
        {"name": "discount", "type": "number", "validation": {"formula": "ISBLANK(discount) or discount < price"}},
    ],
}  # fmt: skip


@pytest.fixture
def tools(house: House) -> House:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, TOOLS)
    return house


def start(house: House, kind: str, values: dict[str, Any], *, by: str = "north", **what: Any) -> int:
    with house.write(by) as (session, actor):
        return bulk_editing.start(session, actor, "tools", kind, values, **what).id


def result(house: House, job_id: int, *, by: str = "north") -> tuple[str, dict[str, int]]:
    with house.read(by) as (session, actor):
        job = bulk_editing.get(session, actor, job_id)
        return job.state, bulk_editing.counts(session, job)


def told(house: House, job_id: int) -> list[tuple[int, list[str]]]:
    with house.read("north") as (session, actor):
        job = bulk_editing.get(session, actor, job_id)
        return [(number, [str(one) for one in why]) for number, why in bulk_editing.refusals(session, job, 100)]


def states(house: House) -> list[Any]:
    with house.read("admin") as (session, actor):
        return [one["state"] for one in query.page(session, actor, "tools", order=[("id", False)], limit=2000).items]


def many(house: House, count: int) -> None:
    with house.write("north") as (session, actor):
        for number in range(count):
            items.add(session, actor, "tools", {"name": f"Tool {number}", "price": number})


def test_a_few_rows_are_changed_at_once_each_for_itself(tools: House) -> None:
    cheap, dear = tools.make("tools", {"price": 1}), tools.make("tools", {"price": 100})
    job = start(tools, "update", {"discount": 50, "state": "used"}, ids=[cheap.id, dear.id, 999_999])
    assert result(tools, job) == ("done", {"done": 1, "refused": 2})
    assert [number for number, _why in told(tools, job)] == [cheap.id, 999_999]
    assert told(tools, job)[1][1] == ["There is no such item."]
    assert states(tools) == [None, "used"]


def test_rows_of_others_are_refused_like_missing_ones(tools: House) -> None:
    mine, theirs = tools.make("tools"), tools.make("tools", by="south")
    job = start(tools, "update", {"state": "used"}, ids=[mine.id, theirs.id])
    assert told(tools, job) == [(theirs.id, ["There is no such item."])]
    assert states(tools) == ["used", None]


def test_all_that_a_filter_finds_are_changed_by_the_worker_as_it_found_them(tools: House) -> None:
    many(tools, 450)
    tools.make("tools", {"name": "Tool of South", "price": 500}, by="south")
    job = start(tools, "update", {"state": "used", "price": 1000}, where="price lt 420")
    assert result(tools, job) == ("gathering", {})
    while bulk_editing.step(tools.home.database):
        pass
    assert result(tools, job) == ("done", {"done": 420})
    assert states(tools).count("used") == 420


def test_a_job_that_was_killed_goes_on_where_it_was(tools: House, monkeypatch: pytest.MonkeyPatch) -> None:
    many(tools, 450)
    job = start(tools, "update", {"state": "used"}, where="price ge 0")
    assert bulk_editing.step(tools.home.database)
    assert bulk_editing.step(tools.home.database)
    assert result(tools, job)[1] == {"done": 200, "waiting": 250}
    with pytest.raises(KeyboardInterrupt), tools.home.database.write() as session:
        bulk_editing.portion(session, session.get_one(bulk_editing.BulkJob, job))
        raise KeyboardInterrupt
    assert result(tools, job)[1] == {"done": 200, "waiting": 250}
    while bulk_editing.step(tools.home.database):
        pass
    assert result(tools, job) == ("done", {"done": 450})
    assert set(states(tools)) == {"used"}


def test_what_is_cancelled_leaves_the_rest_as_it_was(tools: House) -> None:
    many(tools, 250)
    job = start(tools, "update", {"state": "used"}, where="price ge 0")
    bulk_editing.step(tools.home.database)
    bulk_editing.step(tools.home.database)
    with tools.write("north") as (session, actor):
        bulk_editing.cancel(session, actor, job)
    assert not bulk_editing.step(tools.home.database)
    assert result(tools, job) == ("cancelled", {"done": 200, "waiting": 50})


def test_who_lost_the_right_meanwhile_changes_nothing_more(tools: House) -> None:
    many(tools, 250)
    job = start(tools, "update", {"state": "used"}, where="price ge 0")
    with tools.home.database.write() as session:
        session.get_one(User, tools.people["north"]).active = False
    while bulk_editing.step(tools.home.database):
        pass
    assert states(tools).count("used") == 0
    with tools.home.database.read() as session:
        assert session.get_one(bulk_editing.BulkJob, job).state == "cancelled"


def test_a_whole_change_is_put_back_but_for_what_somebody_changed_since(tools: House) -> None:
    first, second = tools.make("tools", {"state": "new"}), tools.make("tools", {"state": "new"})
    job = start(tools, "update", {"state": "used", "price": 5}, ids=[first.id, second.id])
    with tools.write("admin") as (session, actor):
        items.update(session, actor, "tools", second.id, {"price": 6}, version=2)
    with tools.write("north") as (session, actor):
        back = bulk_editing.undo(session, actor, job).id
    assert result(tools, back) == ("done", {"done": 1, "refused": 1})
    assert told(tools, back) == [(second.id, ["Somebody else has changed this meanwhile."])]
    assert states(tools) == ["new", "used"]


def test_rows_are_deleted_restored_and_deleted_again(tools: House) -> None:
    ids = [tools.make("tools").id for _number in range(3)]
    job = start(tools, "delete", {}, ids=ids)
    assert states(tools) == []
    with tools.write("north") as (session, actor):
        bulk_editing.undo(session, actor, job)
    assert len(states(tools)) == 3
    start(tools, "delete", {}, ids=ids[:2])
    assert result(tools, start(tools, "restore", {}, ids=ids[:2])) == ("done", {"done": 2})
    assert len(states(tools)) == 3


def test_values_that_no_row_can_have_are_refused_before_anything_begins(tools: House) -> None:
    tool = tools.make("tools")
    for values in ({}, {"price": "many"}, {"state": "lost"}, {"name": None}):
        with pytest.raises(Invalid):
            start(tools, "update", values, ids=[tool.id])
    with tools.home.database.read() as session:
        assert session.scalars(select(BulkRow)).all() == []


def test_a_job_is_its_own_users_only(tools: House) -> None:
    job = start(tools, "update", {"state": "used"}, ids=[tools.make("tools").id])
    with pytest.raises(NotFound):
        result(tools, job, by="both")
