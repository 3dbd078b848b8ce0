"""Columns changed while values stand in them: what contradicts is told, what fails leaves nothing, nothing is lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from house import House
from sqlalchemy import event, inspect, text, update

from caseroom.lists import altering, bins, changing, items, list_settings, query, retyping, schema, versions
from caseroom.lists.catalogue import definition
from caseroom.lists.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from caseroom.lists.models import ColumnRow, now
from caseroom.lists.rights import Actor

MACHINES = {
    "name": "machines",
    "columns": [
        {"name": "code", "type": "text"},
        {"name": "weight", "type": "number", "decimals": 2},
        {"name": "state", "type": "choice", "choices": ["new", "used", "broken"]},
        {"name": "bought", "type": "date"},
    ],
}
ROWS = [
    {"name": "Crane", "code": "A", "weight": "1.25", "state": "new", "bought": "2026-01-31"},
    {"name": "Digger", "code": "A", "weight": "300", "state": "used"},
    {"name": "Truck", "code": "B", "state": "used"},
    {"name": "Barrow"},
]


@pytest.fixture
def machines(house: House) -> list[int]:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, MACHINES)
        return [items.create(session, actor, "machines", row).id for row in ROWS]


def change(house: House, column: str, **body: Any) -> None:
    with house.write("admin") as (session, actor):
        changing.change_column(session, actor, "machines", column, body)


def retype(house: House, column: str, confirmed: bool = False, **body: Any) -> retyping.Forecast:
    return retyping.change_type(house.home.database, admin(house), "machines", column, body, confirmed=confirmed)


def admin(house: House) -> Actor:
    with house.read("admin") as (_session, actor):
        return actor


def values(house: House, column: str) -> list[Any]:
    with house.read("admin") as (session, actor):
        page = query.page(session, actor, "machines", order=[("id", False)], limit=1000)
        kind = page.items[0].definition.column(column).type
        return [kind.to_json(one[column]) for one in page.items]


def refused(house: House, column: str, **body: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as refusal:
        change(house, column, **body)
    return refusal.value.errors[0].field, str(refusal.value)


def indexes(house: House, column: str) -> list[str]:
    with house.read("admin") as (session, _actor):
        found = definition(session, "machines")
        table = found.table.name
        return [str(one["name"]) for one in inspect(session.connection()).get_indexes(table)
                if str(one["name"]).endswith(f"_{found.column(column).physical}")]  # fmt: skip


def test_what_the_values_contradict_is_refused_with_how_many_and_which(house: House, machines: list[int]) -> None:
    field, said = refused(house, "code", unique=True)
    assert field == "unique" and "1 values stand in more than one item: “A” (2×)." in said
    field, said = refused(house, "state", choices=["new"])
    assert field == "choices" and "used (2×)" in said and "broken" not in said
    assert refused(house, "weight", required="yes")[0] == "required"
    assert refused(house, "name", hidden=True)[0] == "hidden"
    assert refused(house, "code", required=True, hidden=True)[0] == "hidden"
    assert refused(house, "code", position=9)[0] == refused(house, "code", position=True)[0] == "position"
    assert refused(house, "weight", max="light")[0] == "max" and refused(house, "weight", list="cases")[0] == "list"
    with house.write("admin") as (session, actor):
        items.update(session, actor, "machines", machines[1], {"code": "C"}, version=None)
    assert indexes(house, "code") == []
    change(house, "code", unique=True)
    assert len(indexes(house, "code")) == 1
    with house.write("admin") as (session, actor), pytest.raises(Invalid):
        items.create(session, actor, "machines", {"name": "Twin", "code": "C"})
    change(house, "code", unique=None)
    assert indexes(house, "code") == []
    change(house, "bought", indexed=True, required=True)
    assert len(indexes(house, "bought")) == 1
    with house.write("admin") as (session, actor):
        items.update(session, actor, "machines", machines[3], {"code": "D"}, version=None)  # an old gap stops nobody
        with pytest.raises(Invalid):
            items.create(session, actor, "machines", {"name": "New"})


def test_a_retired_choice_stays_where_it_stands_and_is_chosen_no_more(house: House, machines: list[int]) -> None:
    choices = ["new", {"value": "used", "title": {"en": "Second hand"}, "retired": True}, "lost"]
    change(house, "state", choices=choices)
    with house.write("admin") as (session, actor):
        items.update(session, actor, "machines", machines[1], {"state": "used", "code": "Z"}, version=None)
        assert query.get(session, actor, "machines", machines[1])["state"] == "used"
        for who in (machines[0], machines[3]):
            with pytest.raises(Invalid, match="retired"):
                items.update(session, actor, "machines", who, {"state": "used"}, version=None)
        with pytest.raises(Invalid, match="retired"):
            items.create(session, actor, "machines", {"name": "x", "state": "used"})
    assert refused(house, "state", default="used")[0] == "default"


def test_the_history_of_a_value_survives_narrower_bounds(house: House, machines: list[int]) -> None:
    with house.write("admin") as (session, actor):
        items.update(session, actor, "machines", machines[1], {"weight": "2", "code": "short"}, version=None)
        items.update(session, actor, "machines", machines[1], {"weight": "1", "code": "s"}, version=None)
    change(house, "weight", max="1.5")
    change(house, "code", max=2)
    with house.read("admin") as (session, actor):
        history = versions.history(session, actor, "machines", machines[1])
        assert {str(one.old) for one in history[0].changes} == {"2.00", "short"}


def test_columns_change_places(house: House, machines: list[int]) -> None:
    change(house, "bought", position=1)
    change(house, "name", position=5)
    with house.read("admin") as (session, _actor):
        names = [column.name for column in definition(session, "machines").columns]
        assert names == ["bought", "code", "weight", "state", "name"]


def test_a_column_comes_back_from_the_bin_with_its_values(house: House, machines: list[int]) -> None:
    with house.write("admin") as (session, actor):
        bins.delete_column(session, actor, "machines", "code")
        (row,) = bins.deleted_columns(session, actor, "machines")
        assert bins.original_name(row.name) == "code"
        schema.add_column(session, actor, "machines", {"name": "code", "type": "number"})
        with pytest.raises(Conflict):
            bins.restore_column(session, actor, "machines", row.id)
        bins.delete_column(session, actor, "machines", "code")
        for number in (0, -1, 2**40, 999_999):
            with pytest.raises(NotFound):
                bins.restore_column(session, actor, "machines", number)
        assert bins.restore_column(session, actor, "machines", row.id) == "code"
    assert values(house, "code") == ["A", "A", "B", None]
    with house.write("admin") as (session, actor):
        assert bins.purge(session) == 0
        session.execute(update(ColumnRow).where(ColumnRow.deleted.is_not(None)).values(deleted=now() - timedelta(31)))
        assert (bins.purge(session), bins.purge(session)) == (1, 0)
        assert bins.deleted_columns(session, actor, "machines") == []
    assert values(house, "code") == ["A", "A", "B", None]


def test_a_type_is_changed_and_what_does_not_convert_is_told_first(house: House, machines: list[int]) -> None:
    with pytest.raises(retyping.Unconfirmed) as told:
        retype(house, "code", type="number")
    forecast = told.value.forecast
    assert (forecast.values, forecast.lost) == (3, 3) and forecast.examples[0].value == "A"
    assert values(house, "code") == ["A", "A", "B", None]
    with pytest.raises(retyping.Unconfirmed, match=r"rounded to 1\.3"):
        retype(house, "weight", decimals=1)
    retype(house, "weight", decimals=1, confirmed=True)
    assert values(house, "weight") == ["1.3", "300.0", None, None]
    retype(house, "weight", type="text", indexed=True)
    assert values(house, "weight") == ["1.3", "300", None, None] and len(indexes(house, "weight")) == 1
    retype(house, "state", type="multi_choice")
    assert values(house, "state") == [["new"], ["used"], ["used"], None]
    retype(house, "bought", type="datetime")
    assert values(house, "bought")[0] == "2026-01-30T23:00:00+00:00"
    with house.write("admin") as (session, actor):
        rows = bins.deleted_columns(session, actor, "machines")
        assert sorted(bins.original_name(row.name) for row in rows) == ["bought", "state", "weight", "weight"]
        with pytest.raises(Forbidden):
            retyping.forecast(session, actor, "cases", "value", {"type": "text"})
    for column, body, field in (
        ("state", {"type": "nonsense"}, "type"), ("code", {"type": "choice"}, "choices"),
        ("code", {"type": "lookup", "list": "nowhere"}, "list"), ("code", {"type": "participants"}, "type"),
        ("code", {"type": "number", "position": 1}, "position"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            retyping.change_type(house.home.database, admin(house), "machines", column, body)
        assert refusal.value.errors[0].field == field


def test_texts_become_lookups_by_their_names(house: House, machines: list[int]) -> None:
    company = house.make_relation(name="B").id
    with pytest.raises(retyping.Unconfirmed):
        retype(house, "code", type="lookup", list="relations")
    retype(house, "code", type="lookup", list="relations", confirmed=True)
    assert values(house, "code") == [None, None, {"id": company, "title": "B"}, None]
    retype(house, "code", type="text")
    assert values(house, "code") == [None, None, "B", None]


def test_one_person_becomes_several_and_places_become_texts_and_back(house: House, machines: list[int]) -> None:
    north, south = house.people["north"], house.people["south"]
    with house.write("admin") as (session, actor):
        schema.add_column(session, actor, "machines", {"name": "keeper", "type": "person"})
        schema.add_column(session, actor, "machines", {"name": "place", "type": "location"})
        values_ = {"keeper": north, "place": {"latitude": "48.1486", "longitude": "17.1077", "label": "Castle"}}
        items.update(session, actor, "machines", machines[0], values_, version=None)
    place = values(house, "place")[0]
    retype(house, "place", type="text")
    assert values(house, "place")[0] == "48.1486, 17.1077 (Castle)"
    retype(house, "place", type="location")
    assert values(house, "place")[0] == place
    retype(house, "keeper", multiple=True)
    assert [one["id"] for one in values(house, "keeper")[0]] == [north]
    with house.write("admin") as (session, actor):
        items.update(session, actor, "machines", machines[0], {"keeper": [north, south]}, version=None)
    with pytest.raises(retyping.Unconfirmed, match="room for one"):
        retype(house, "keeper", multiple=False)
    retype(house, "keeper", multiple=False, confirmed=True)
    assert values(house, "keeper")[0] is None


def test_what_is_written_while_a_type_changes_is_converted_too(house: House, machines: list[int]) -> None:
    """The column is filled in short transactions, between which others write."""
    database, written = house.home.database, itertools.count(1)

    def somebody_writes() -> None:
        with house.write("north") as (session, actor):
            number = next(written)
            items.create(session, actor, "machines", {"name": f"New {number}", "weight": str(number)})
            items.update(session, actor, "machines", machines[0], {"weight": f"{number}.5"}, version=None)

    with house.write("admin") as (session, actor):
        for number in range(retyping.CHUNK):
            items.add(session, actor, "machines", {"name": f"Machine {number}", "weight": str(number)})
    with house.write("admin") as (session, actor):
        begun = retyping.begin(session, actor, "machines", "weight", {"type": "text"})
    somebody_writes()
    retyping.fill(database, begun)
    somebody_writes()
    with house.write("admin") as (session, actor):
        retyping.swap(session, actor, begun, confirmed=False)
    shown = values(house, "weight")
    assert shown[0] == "2.5" and set(shown) >= {"1", "2", "199"}
    with house.write("north") as (session, actor):
        assert items.create(session, actor, "machines", {"name": "Last", "weight": "heavy"})["weight"] == "heavy"


# --- Whatever fails -------------------------------------------------------------------------------


class Failed(Exception):
    """What goes wrong in the middle."""


@contextmanager
def failing(house: House, at: int) -> Iterator[list[int]]:
    """The statement with this number, counted from here, fails once."""
    engine, counted = house.home.database.engine, [0]

    def count(*_arguments: Any) -> None:
        counted[0] += 1
        if counted[0] == at:
            raise Failed

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(engine, "before_cursor_execute", count)


def everything(house: House) -> Any:
    """The list's definition, its table with its indexes, and the bin."""
    with house.read("admin") as (session, actor):
        found = definition(session, "machines")
        looking = inspect(session.connection())
        table = found.table.name
        columns = {str(one["name"]): str(one["type"]) for one in looking.get_columns(table)}
        rows = session.execute(text(f"SELECT * FROM list_columns WHERE list_id = {found.id} ORDER BY id")).all()
        contents = session.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()
        bin_ = [row.name for row in bins.deleted_columns(session, actor, "machines")]
        return columns, sorted(str(one["name"]) for one in looking.get_indexes(table)), rows, contents, bin_


def _write(house: House, do: Callable[..., Any], *arguments: Any) -> None:
    with house.write("admin") as (session, actor):
        do(session, actor, *arguments)


CHANGES: dict[str, Callable[[House], Any]] = {
    "a new column": lambda house: _write(
        house, schema.add_column, "machines", {"name": "x", "type": "text", "unique": True}
    ),
    "an index": lambda house: change(house, "bought", indexed=True, position=1),
    "a deletion": lambda house: _write(house, bins.delete_column, "machines", "code"),
    "another type": lambda house: retype(house, "weight", type="text", indexed=True),
    "another separation": lambda house: _write(house, list_settings.change, "machines", {"separation": "by_group"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_that_fails_at_any_step_leaves_nothing(house: House, machines: list[int], what: str) -> None:
    before = everything(house)
    for at in itertools.count(1):
        with failing(house, at) as counted:
            try:
                CHANGES[what](house)
            except Failed:
                pass
        if counted[0] < at:
            break
        assert everything(house) == before, at
    assert everything(house) != before
    with house.write("admin") as (session, actor):
        items.create(session, actor, "machines", {"name": "Afterwards"})


def test_only_an_administrator_changes_a_list(house: House, machines: list[int]) -> None:
    def tries(session: Any, actor: Actor) -> Iterator[Callable[[], Any]]:
        yield lambda: changing.change_column(session, actor, "machines", "code", {"title": "x"})
        yield lambda: bins.delete_column(session, actor, "machines", "code")
        yield lambda: bins.restore_column(session, actor, "machines", 1)
        yield lambda: bins.deleted_columns(session, actor, "machines")
        yield lambda: bins.delete_list(session, actor, "machines")
        yield lambda: bins.restore_list(session, actor, 1)
        yield lambda: bins.deleted_lists(session, actor)
        yield lambda: list_settings.change(session, actor, "machines", {"title": "x"})
        yield lambda: retyping.forecast(session, actor, "machines", "code", {"type": "number"})

    for who in ("north", "manager"):
        with house.write(who) as (session, actor):
            for attempt in tries(session, actor):
                with pytest.raises(Forbidden):
                    attempt()


def test_a_list_is_archived_deleted_and_brought_back(house: House, machines: list[int]) -> None:
    with house.write("admin") as (session, actor):
        list_settings.change(session, actor, "machines", {"archived": True})
        for attempt in (
            lambda: items.create(session, actor, "machines", {"name": "x"}),
            lambda: items.update(session, actor, "machines", machines[0], {"name": "x"}, version=None),
            lambda: items.delete(session, actor, "machines", machines[0], version=None),
        ):
            with pytest.raises(Forbidden):
                attempt()
        assert query.get(session, actor, "machines", machines[0])["name"] == "Crane"
        list_settings.change(session, actor, "machines", {"archived": False})
        items.update(session, actor, "machines", machines[0], {"name": "Crane 2"}, version=None)
        number = definition(session, "machines").id
        bins.delete_list(session, actor, "machines")
        with pytest.raises(NotFound):
            definition(session, "machines")
        schema.create_list(session, actor, {"name": "machines"})
        with pytest.raises(Conflict):
            bins.restore_list(session, actor, number)
        bins.delete_list(session, actor, "machines")
        assert bins.restore_list(session, actor, number) == "machines"
        assert query.count(session, actor, "machines").number == len(ROWS)
        for attempt in (
            lambda: list_settings.change(session, actor, "cases", {"archived": True}),
            lambda: bins.delete_list(session, actor, "cases"),
        ):
            with pytest.raises(Forbidden):
                attempt()
        with pytest.raises(DomainError):
            schema.create_list(session, actor, {"name": "new"})


def test_a_lookup_whose_list_went_meanwhile_comes_back_into_the_bin_without_its_index(
    house: House, machines: list[int]
) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "yards"})
        schema.add_column(session, actor, "machines", {"name": "yard", "type": "lookup", "list": "yards"})
        found = definition(session, "machines")
        index = f"ix_{found.table.name}_{found.column('yard').physical}"
        assert index in altering.index_names(session)
        for name in ("machines", "yards"):
            bins.delete_list(session, actor, name)
        bins.restore_list(session, actor, found.id)
        assert [bins.original_name(row.name) for row in bins.deleted_columns(session, actor, "machines")] == ["yard"]
        assert index not in altering.index_names(session)
