"""Questions that are asked again are kept as built: they answer as if they were built anew each time."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from house import House

from caseroom.lists import bins, items, list_settings, models, plans, query, schema
from caseroom.lists.database import Database
from caseroom.lists.filters import Compare
from caseroom.lists.rights import PROGRAM, load_actor

Rows = list[dict[str, Any]]


@pytest.fixture
def other(house: House) -> Iterator[Database]:
    """The same database as another process has it."""
    opened = Database(house.home.database.url.render_as_string(hide_password=False), house.home.database.house)
    yield opened
    opened.dispose()


def rows(database: Database, user_id: int, list_name: str) -> Rows:
    """What this user sees of a list, asked so often that the question is kept."""
    return [_rows(database, user_id, list_name) for _ in range(3)][-1]


def _rows(database: Database, user_id: int, list_name: str) -> Rows:
    with database.read() as session:
        actor = load_actor(session, user_id)
        assert actor is not None
        return [dict(item) for item in query.page(session, actor, list_name).items]


def anew(house: House, user_id: int, list_name: str) -> Rows:
    """The same of a process that knows nothing yet."""
    fresh = Database(house.home.database.url.render_as_string(hide_password=False), house.home.database.house)
    try:
        return rows(fresh, user_id, list_name)
    finally:
        fresh.dispose()


def _share(database: Database, house: House) -> None:
    shared = {"shared_with": [house.groups["South"]]}
    with database.write() as session:
        case = query.page(session, PROGRAM, "cases").items[0]
        items.update(session, PROGRAM, "cases", case.id, shared, version=None)


def _separate(database: Database, house: House) -> None:
    with database.write() as session:
        list_settings.change(session, PROGRAM, "cases", {"separation": "common"})


def _add_column(database: Database, house: House) -> None:
    with database.write() as session:
        schema.add_column(session, PROGRAM, "cases", {"name": "weight", "type": "number", "default": "7"})


def _delete_column(database: Database, house: House) -> None:
    with database.write() as session:
        bins.delete_column(session, PROGRAM, "cases", "height")


@pytest.mark.parametrize("change", [_share, _separate, _add_column, _delete_column])
def test_what_another_process_changes_holds_in_a_kept_question(
    house: House, other: Database, change: Callable[[Database, House], None]
) -> None:
    with other.write() as session:
        schema.add_column(session, PROGRAM, "cases", {"name": "height", "type": "number"})
    house.make_case(name="Bridge", height="3")
    people = [house.people[name] for name in ("north", "south", "admin")]
    before = [rows(house.home.database, person, "cases") for person in people]
    change(other, house)
    after = [rows(house.home.database, person, "cases") for person in people]
    assert after != before
    assert after == [anew(house, person, "cases") for person in people]


def test_today_moves_on_in_a_kept_question(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [
        {"name": "due", "type": "date"},
        {"name": "late", "type": "calculated", "formula": "due < TODAY()"},
    ]
    today = models.now()
    with house.home.database.write() as session:
        schema.create_list(session, PROGRAM, {"name": "bills", "columns": columns})
        items.add(session, PROGRAM, "bills", {"name": "Rent", "due": str(today.date())})
    north = house.people["north"]
    assert [row["late"] for row in rows(house.home.database, north, "bills")] == [False]
    monkeypatch.setattr(models, "now", lambda: today + datetime.timedelta(days=2))
    assert [row["late"] for row in rows(house.home.database, north, "bills")] == [True]


def test_questions_that_come_but_once_are_not_kept(house: House) -> None:
    house.make_case(name="Bridge")
    kept: dict[Any, Any] = house.home.database.caches.setdefault("plans", {})
    with house.home.database.read() as session:
        for number in range(30):
            query.page(session, PROGRAM, "cases", where=Compare(("name",), "eq", f"Case {number}"))
        before = len(kept)
        query.page(session, PROGRAM, "cases", where=Compare(("name",), "eq", "Case 3"))
        assert len(kept) == before + 1


def test_no_more_questions_are_kept_than_there_is_room_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_KEPT", 5)
    house.make_case(name="Bridge")
    with house.home.database.read() as session:
        for number in range(20):
            where = Compare(("id",), "gt", number)
            found = [query.page(session, PROGRAM, "cases", where=where).items for _ in range(2)]
            assert [item.title for item in found[1]] == (["Bridge"] if number == 0 else [])
    assert len(house.home.database.caches["plans"]) <= 5
