"""What a process keeps of lists and rights: never what another has changed since, never what was rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from house import House
from sqlalchemy import event, update

from caseroom.lists import items, query, schema, views
from caseroom.lists.catalogue import catalogue
from caseroom.lists.crm import users
from caseroom.lists.database import Database
from caseroom.lists.models import User
from caseroom.lists.rights import PROGRAM, load_actor


@pytest.fixture
def other(house: House) -> Iterator[Database]:
    """The same database as another process has it."""
    opened = Database(house.home.database.url.render_as_string(hide_password=False), house.home.database.house)
    yield opened
    opened.dispose()


def names(database: Database, user_id: int, list_name: str = "cases") -> list[str]:
    """What this user sees of a list through this process."""
    with database.read() as session:
        actor = load_actor(session, user_id)
        assert actor is not None
        return [item.title for item in query.page(session, actor, list_name).items]


def share(database: Database, house: House, item_id: int) -> None:
    """Let South read an item of North's: a set of grants that there was not."""
    with database.write() as session:
        items.update(session, PROGRAM, "cases", item_id, {"shared_with": [house.groups["South"]]}, version=None)


def test_a_scope_that_another_process_makes_is_seen_at_once(house: House, other: Database) -> None:
    case = house.make_case(name="Bridge")
    south = house.people["south"]
    for database in (house.home.database, other):
        assert names(database, south) == []
    share(other, house, case.id)
    for database in (house.home.database, other):
        assert names(database, south) == ["Bridge"]


def test_a_scope_that_was_rolled_back_leaves_nothing_known(house: House, other: Database) -> None:
    case = house.make_case(name="Bridge")
    south = house.people["south"]
    with pytest.raises(RuntimeError), house.home.database.write() as session:
        items.update(session, PROGRAM, "cases", case.id, {"shared_with": [house.groups["South"]]}, version=None)
        actor = load_actor(session, south)
        assert actor is not None and [item.title for item in query.page(session, actor, "cases").items] == ["Bridge"]
        raise RuntimeError
    assert names(house.home.database, south) == []
    share(other, house, case.id)
    assert names(house.home.database, south) == ["Bridge"]


def test_who_reads_what_is_asked_once_until_there_is_a_new_scope(house: House) -> None:
    case, south = house.make_case(name="Bridge"), house.people["south"]
    asked: list[str] = []
    event.listen(house.home.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def questions() -> int:
        asked.clear()
        names(house.home.database, south)
        return sum("scope_grants" in one for one in asked)

    assert [questions(), questions()] == [1, 0]
    share(house.home.database, house, case.id)
    assert [questions(), questions()] == [1, 0]


# --- People ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["role", "group", "name", "locked out", "own view", "owner of the group"])
def test_what_changes_about_somebody_holds_at_once_in_every_process(house: House, other: Database, change: str) -> None:
    north = house.people["north"]

    def seen() -> list[object]:
        found = []
        for database in (house.home.database, other):
            with database.read() as session:
                found.append(load_actor(session, north))
        assert found[0] == found[1] and getattr(found[0], "own_views", 0) == getattr(found[1], "own_views", 0)
        return [found[0], getattr(found[0], "own_views", 0)]

    before = seen()
    with other.write() as session:
        admin = load_actor(session, house.people["admin"])
        assert admin is not None
        user = session.get_one(User, north)
        match change:
            case "role":
                users.change_user(session, admin, north, name=user.name, role="reader", groups=[], language="en")
            case "group":
                both = {"role": "salesperson", "groups": [house.groups["North"], house.groups["South"]]}
                users.change_user(session, admin, north, name=user.name, language="en", **both)
            case "name":
                user.name = "Nora North"
            case "locked out":
                session.execute(update(User).where(User.id == north).values(active=False))
            case "own view":
                actor = load_actor(session, north)
                assert actor is not None
                views.save(session, actor, "cases", {"name": "mine"})
            case _:
                further = {"owner": max(house.owners.values())}
                items.update(session, PROGRAM, "sales_groups", house.groups["North"], further, version=None)
    assert seen() != before


def test_what_changed_about_somebody_and_was_rolled_back_is_not_known(house: House) -> None:
    north = house.people["north"]
    with pytest.raises(RuntimeError), house.home.database.write() as session:
        session.get_one(User, north).name = "Nora North"
        session.flush()
        actor = load_actor(session, north)
        assert actor is not None and actor.name == "Nora North"
        raise RuntimeError
    with house.home.database.read() as session:
        actor = load_actor(session, north)
        assert actor is not None and actor.name == "North Person"


# --- Lists ----------------------------------------------------------------------------------------


def test_a_list_that_was_rolled_back_is_in_no_process(house: House, other: Database) -> None:
    """Whoever makes the next one gives the definitions the number that the one rolled back had."""
    with pytest.raises(RuntimeError), house.home.database.write() as session:
        schema.create_list(session, PROGRAM, {"name": "drafts"})
        assert "drafts" in catalogue(session).by_name
        raise RuntimeError
    with other.write() as session:
        schema.create_list(session, PROGRAM, {"name": "plans"})
    with house.home.database.read() as session:
        assert {"drafts", "plans"} & catalogue(session).by_name.keys() == {"plans"}
