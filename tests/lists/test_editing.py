"""Many changes as one: all or nothing, with every refused cell named, on both databases."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from caseroom.lists import editing, items, query, schema
from caseroom.lists.editing import Edit, Refused
from caseroom.lists.errors import Invalid
from caseroom.lists.models import Change

TOOLS = {
    "name": "tools",
    "columns": [
        {"name": "price", "type": "number", "decimals": 2, "min": 0},
        {"name": "state", "type": "choice", "choices": ["new", "used"]},
        {"name": "code", "type": "text", "unique": True},
        {"name": "firm", "type": "lookup", "list": "relations"},
    ],
}


@pytest.fixture(scope="module")
def tools(shared_house: House) -> House:
    with shared_house.write("admin") as (session, actor):
        schema.create_list(session, actor, TOOLS)
    return shared_house


def write(
    house: House, edits: list[Edit], *, by: str = "north", list_name: str = "tools", **more: Any
) -> editing.Batch:
    with house.write(by) as (session, actor):
        return editing.write(session, actor, list_name, edits, **more)


def refused(house: House, edits: list[Edit], **more: Any) -> list[tuple[int, str, str]]:
    with pytest.raises(Refused) as refusal:
        write(house, edits, **more)
    return [(one.place, one.column, str(one.error)) for one in refusal.value.refusals]


def values(house: House, item_id: int, *names: str, list_name: str = "tools") -> list[Any]:
    with house.read("admin") as (session, actor):
        item = query.get(session, actor, list_name, item_id, resolved=False)
        return [item[name] for name in names]


def how_many(house: House) -> int:
    with house.read("admin") as (session, actor):
        return query.count(session, actor, "tools").number


def test_a_batch_is_written_as_one_and_stands_in_the_log_as_one(tools: House) -> None:
    saw, drill = tools.make("tools", {"name": "Saw"}), tools.make("tools", {"name": "Drill"})
    done = write(tools, [
        Edit("create", key="a", values={"name": "Hammer", "price": "3.50"}),
        Edit("update", saw.id, version=1, values={"price": 12}),
        Edit("delete", drill.id, version=1),
    ])  # fmt: skip
    assert [(one.kind, one.key, one.version) for one in done.written] == [
        ("create", "a", 1), ("update", None, 2), ("delete", None, 2),
    ]  # fmt: skip
    assert values(tools, done.written[0].item_id, "name", "price") == ["Hammer", Decimal("3.50")]
    with tools.read("admin") as (session, _actor):
        lines = session.scalars(select(Change.kind).where(Change.batch == done.id).order_by(Change.seq)).all()
    assert lines == ["create", "update", "delete"]


def test_one_bad_cell_refuses_all_and_every_bad_cell_is_named(tools: House) -> None:
    tool, before = tools.make("tools", {"price": 1}), how_many(tools)
    told = refused(tools, [
        Edit("create", values={"name": "Good"}),
        Edit("update", tool.id, version=1, values={"price": "many", "state": "lost"}),
        Edit("create", values={"name": "", "price": 5}),
        Edit("create", values={"name": "Firm", "firm": 999_999}),
    ])  # fmt: skip
    assert [(place, column) for place, column, _why in told] == [(1, "price"), (1, "state"), (2, "name"), (3, "firm")]
    assert told[0][2] == "“many” is not a number."
    assert how_many(tools) == before
    assert values(tools, tool.id, "price", "version") == [1, 1]


def test_a_stale_row_is_refused_naming_who_changed_what(tools: House) -> None:
    tool = tools.make("tools", {"price": 1})
    with tools.write("west") as (session, actor):
        items.update(session, actor, "tools", tool.id, {"price": 2}, version=1)
    told = refused(tools, [Edit("update", tool.id, version=1, values={"state": "new"})])
    assert told == [(0, "", "West Person has changed this meanwhile: price.")]
    assert values(tools, tool.id, "price", "state") == [2, None]


def test_two_new_rows_of_one_batch_cannot_share_a_unique_value(tools: House) -> None:
    told = refused(tools, [Edit("create", values={"name": name, "code": "X1"}) for name in ("One", "Two")])
    assert [(place, column) for place, column, _why in told] == [(1, "code")]


def test_what_may_not_be_seen_is_refused_like_what_is_not_there(tools: House) -> None:
    case = tools.make_case(by="north")
    for kind in ("update", "delete", "restore"):
        edits = [Edit(kind, number, version=1, expected={"name": "x"}) for number in (case.id, case.id + 1000)]
        told = refused(tools, edits, by="south", list_name="cases")
        assert told == [(0, "", "There is no such item."), (1, "", "There is no such item.")]
    edit = Edit("update", case.id, version=1, values={"description": "x"})
    assert refused(tools, [edit], by="reader", list_name="cases")[0][2] == "You may see this but not change it."


def test_the_undo_of_a_batch_takes_all_of_it_back_and_its_undo_does_it_again(tools: House) -> None:
    tool, other = tools.make("tools", {"price": 1, "state": "new"}), tools.make("tools")
    first = write(tools, [
        Edit("update", tool.id, version=1, values={"price": 5, "state": None}),
        Edit("create", values={"name": "New one"}),
        Edit("delete", other.id, version=1),
    ])  # fmt: skip
    undone = write(tools, [one.undo for one in first.written])
    assert values(tools, tool.id, "price", "state") == [1, "new"]
    assert values(tools, other.id, "version") == [3]
    write(tools, [one.undo for one in undone.written])
    assert values(tools, tool.id, "price", "state") == [5, None]
    assert values(tools, first.written[1].item_id, "name") == ["New one"]


def test_an_undo_is_refused_for_the_cells_that_somebody_changed_since(tools: House) -> None:
    tool = tools.make("tools", {"price": 1, "state": "new"})
    done = write(tools, [Edit("update", tool.id, version=1, values={"price": 5, "state": "used"})])
    with tools.write("west") as (session, actor):
        items.update(session, actor, "tools", tool.id, {"price": 7}, version=2)
    assert refused(tools, [done.written[0].undo]) == [(0, "price", "West Person has changed this since.")]
    assert values(tools, tool.id, "price", "state") == [7, "used"]


def test_a_batch_whose_answer_was_lost_is_written_once(tools: House) -> None:
    batch, edits = str(uuid.uuid4()), [Edit("create", key="a", values={"name": "Once"})]
    first = write(tools, edits, batch=batch)
    before = how_many(tools)
    assert write(tools, edits, batch=batch) == first
    assert how_many(tools) == before


def test_more_than_is_written_at_once_is_refused_in_words(tools: House) -> None:
    with pytest.raises(Invalid) as refusal:
        write(tools, [Edit("create", values={"name": "x"})] * 1001)
    assert str(refusal.value) == "At most 1000 rows and 5000 cells are written at once; these are 1001 and 1001."


PRICES = st.sampled_from([None, "1", "2.5", "-1", "many"])
CODES = st.sampled_from([None, "A", "B", "C"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "update", "update", "delete"]), st.integers(0, 5), PRICES, CODES),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(STEPS, min_size=1, max_size=4))
def test_random_batches_do_what_a_plain_model_does(tools: House, batches: list[Any]) -> None:
    with tools.write("admin") as (session, actor):
        for item in query.page(session, actor, "tools", limit=500).items:
            items.delete(session, actor, "tools", item.id, version=None)
    model: dict[int, dict[str, Any]] = {}
    for steps in batches:
        wanted, edits, sound, made = {key: dict(row) for key, row in model.items()}, [], True, []
        for kind, which, price, code in steps:
            known = sorted(model)
            if kind == "create" or not known:
                edits.append(Edit("create", values={"name": "x", "price": price, "code": code}))
                made.append({"price": price, "code": code})
                target: dict[str, Any] | None = made[-1]
            else:
                number = known[which % len(known)]
                target = wanted.get(number)
                edits.append(Edit(kind, number, values={"price": price, "code": code} if kind == "update" else {}))
                sound = sound and target is not None
                if kind == "delete":
                    wanted.pop(number, None)
                    continue
            taken = [row["code"] for row in [*wanted.values(), *made] if row is not target]
            sound = sound and price not in ("-1", "many") and (code is None or code not in taken)
            if target is not None:
                target |= {"price": price, "code": code}
        if not sound:
            refused(tools, edits)
            continue
        done = write(tools, edits)
        new = iter(made)
        model = wanted | {one.item_id: next(new) for one in done.written if one.kind == "create"}
    with tools.read("admin") as (session, actor):
        page = query.page(session, actor, "tools", limit=500).items
        stands = {item.id: (item["price"], item["code"]) for item in page}
        assert session.scalar(select(func.count()).select_from(Change)) is not None
    assert stands == {
        number: (None if row["price"] is None else Decimal(row["price"]), row["code"]) for number, row in model.items()
    }
