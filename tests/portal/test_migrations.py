"""The system tables: the migrations make just what the models say, and may run twice."""

from __future__ import annotations

from house import House

from caseroom.portal import home, migrations


def test_an_upgraded_database_has_just_the_tables_of_the_models(house: House) -> None:
    with house.home.database.write() as session:
        assert migrations.differences(session.connection()) == []


def test_preparing_a_home_again_changes_nothing(house: House) -> None:
    before = _definitions(house)
    home.prepare(house.home)
    assert _definitions(house) == before


def _definitions(house: House) -> list[tuple[str, int, int]]:
    from caseroom.lists.catalogue import catalogue

    with house.read("admin") as (session, _actor):
        lists = catalogue(session).by_name.values()
        return [(found.name, found.version, len(found.columns)) for found in lists]
