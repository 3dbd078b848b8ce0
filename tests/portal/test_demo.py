"""The demo's home is filled through the door, whole, sound, and the same for the same seed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from demo_house import FilledDemo
from sqlalchemy import select

from caseroom.lists import query
from caseroom.lists.catalogue import definition
from caseroom.lists.models import User
from caseroom.lists.rights import PROGRAM, load_actor
from caseroom.portal import sign_in
from caseroom.portal.checking import findings
from caseroom.portal.demo import loading
from caseroom.portal.demo.people import PASSWORD
from caseroom.portal.home import Home, open_home
from caseroom.portal.settings import load


@pytest.fixture(scope="module")
def home(filled_demo: FilledDemo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(filled_demo.folder, folder)
    opened = open_home(load(folder, environ={}))
    yield opened
    opened.database.dispose()


def test_everything_of_the_world_is_there_and_sound(home: Home, filled_demo: FilledDemo) -> None:
    world = loading.make_world(1, filled_demo.today)
    with home.database.read() as session:
        for name, rows in world.lists.items():
            assert query.count(session, PROGRAM, name).number == len(rows), name
        cases = definition(session, "cases")
        stored = session.execute(
            select(cases.sql("name"), cases.sql("value"), cases.sql("status"), cases.table.c.created)
        )
        told = Counter((row["name"], row["value"], row["status"], row["created"]) for row in world.lists["cases"])
        assert Counter(tuple(row) for row in stored) == told
    assert list(findings(home, deep=True)) == []
    assert not (home.settings.home / loading.MARK).exists()


def test_the_sign_ins_have_their_rights(home: Home) -> None:
    with home.database.read() as session:

        def actor(name: str):
            user = session.scalars(select(User).where(User.email == f"{name}@demo.test")).one()
            assert sign_in.password_fits(user, PASSWORD)
            found = load_actor(session, user.id)
            assert found is not None
            return found

        admin, manager, north, both, south, templates = map(
            actor, ("admin", "manager", "north", "both", "south", "templates")
        )
        assert admin.is_administrator and templates.roles == {"template_editor"}
        assert len(north.groups) == 1 and len(both.groups) == 2 and north.groups < both.groups
        assert manager.manages == north.group_owners and not south.group_owners & north.group_owners
        seen = {one.name: query.count(session, one, "documents").number for one in (north, both, south)}
        assert 0 < seen[north.name] < seen[both.name] and seen[south.name]
