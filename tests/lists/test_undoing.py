"""An import can be taken back whole: what it made, what it changed, what it made for lookups; what others did stays."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from caseroom.lists import filters, importing, imports, items, mapping, query, undoing
from caseroom.lists.catalogue import catalogue
from caseroom.lists.errors import Conflict, Forbidden, words_from_json
from caseroom.lists.models import Change
from caseroom.lists.rights import PROGRAM
from caseroom.portal.checking import findings

ROOT = Path(__file__).resolve().parents[2]
RELATIONS = """
match = ["external_id"]
[columns]
external_id = "no"
name = "firm"
email = "mail"
main_activity = { from = "trade", create = true }
address.parts.city = "town"
"""
FIRST = "no,firm,mail,trade,town\n1,Alfa,a@alfa.test,Steel,Nitra\n2,Beta,b@beta.test,Wood,\n3,Gama,,,Senica\n"
SECOND = (
    "no,firm,mail,trade,town\n1,Alfa a.s.,a@alfa.test,Glass,Brno\n2,Beta,,Glass,\n3,Gama,,,Senica\n4,Delta,,Paper,\n"
)
CHANGING = ("id", "guid", "version", "modified", "modified_by", "deleted", "deleted_by")


def run(house, folder: Path, text: str, toml: str = RELATIONS, list_name: str = "relations") -> int:
    """Import a text as the command does; the import's number."""
    (folder / "t.csv").write_text(text)
    (folder / "m.toml").write_text(toml)
    prepared = importing.prepare([mapping.read_mapping(folder / "m.toml", list_name, "t.csv")], folder)
    return importing.run(house.home.database, PROGRAM, prepared)[0].number


def rows(house) -> dict[str, list[dict[str, Any]]]:
    """Every value of every list's items that are not in the recycle bin, but for versions."""
    with house.home.database.read() as session:
        return {
            found.name: [
                {key: value for key, value in row.items() if key not in CHANGING}
                for row in session.execute(
                    select(found.table).where(found.table.c.deleted.is_(None)).order_by(found.table.c.id)
                ).mappings()
            ]
            for found in catalogue(session).by_name.values()
        }


def undo(house, number: int, **options: Any) -> imports.Import:
    with house.home.database.write() as session:
        imports.start_undo(session, PROGRAM, number, **options)
    undoing.run(house.home.database, PROGRAM, number)
    with house.home.database.read() as session:
        return imports.get(session, PROGRAM, number)


def told(house, found: imports.Import) -> list[tuple[str, str]]:
    with house.home.database.read() as session:
        left = imports.remarks(session, found, "undo")
        return [(one.value, str(words_from_json(one.words))) for one in left]


def id_of(house, name: str) -> int:
    with house.home.database.read() as session:
        item = query.find(session, PROGRAM, "relations", filters.where(name=name))
        assert item is not None
        return item.id


def test_an_undone_import_leaves_every_value_as_it_was(house, tmp_path):
    empty = rows(house)
    first = run(house, tmp_path, FIRST)
    before = rows(house)
    second = run(house, tmp_path, SECOND)
    assert rows(house) != before
    found = undo(house, second)
    assert found.state == "undone" and found.undone == {"removed": 3, "put_back": 2, "kept": 0}
    assert rows(house) == before
    assert undo(house, first).undone == {"removed": 5, "put_back": 0, "kept": 0}
    assert rows(house) == empty and list(findings(house.home)) == []
    with house.home.database.read() as session:
        assert session.scalar(select(func.count()).where(Change.batch == found.undo_batch)) == 5


def test_it_is_undone_once_and_only_after_it_has_ended_and_by_administrators(house, tmp_path):
    number = run(house, tmp_path, FIRST)
    undo(house, number)
    with house.home.database.write() as session, pytest.raises(Conflict, match="undone already"):
        imports.start_undo(session, PROGRAM, number)
    with house.home.database.write() as session:
        going = imports.begin(session, PROGRAM, "key", 0, mapping.Step("relations", "f.csv", {}, ()))
        with pytest.raises(Conflict, match="has ended"):
            imports.start_undo(session, PROGRAM, going)
    with house.write("north") as (session, actor), pytest.raises(Forbidden):
        imports.start_undo(session, actor, number)


def test_what_somebody_has_changed_or_uses_since_stays_and_is_told(house, tmp_path):
    run(house, tmp_path, FIRST)
    number = run(house, tmp_path, SECOND)
    with house.write("north") as (session, actor):
        items.update(session, actor, "relations", id_of(house, "Alfa a.s."), {"web": "alfa.test"}, version=None)
    house.make_case(name="Ours", company=id_of(house, "Delta"))
    found = undo(house, number)
    # Of what it made: the activity Paper is used by Delta, which stays for its case; Glass by Alfa.
    assert found.undone == {"removed": 0, "put_back": 1, "kept": 4}
    said = dict(told(house, found))
    assert said["Alfa a.s."] == "Somebody has changed it since." and "“" in said["Delta"] and "use it" in said["Delta"]
    assert "such as “Delta”" in said["Paper"] and "such as “Alfa a.s.”" in said["Glass"]
    with house.home.database.read() as session:
        beta = query.get(session, PROGRAM, "relations", id_of(house, "Beta"))
        assert beta["email"] == "b@beta.test" and beta["main_activity"].title == "Wood"
    assert list(findings(house.home)) == []


def test_on_wish_the_columns_that_nobody_touched_since_are_put_back(house, tmp_path):
    run(house, tmp_path, FIRST)
    number = run(house, tmp_path, SECOND)
    with house.write("north") as (session, actor):
        change = {"web": "alfa.test", "address": {"city": "Praha"}}
        items.update(session, actor, "relations", id_of(house, "Alfa a.s."), change, version=None)
    found = undo(house, number, columns=True)
    assert found.undone == {"removed": 3, "put_back": 2, "kept": 0}
    assert told(house, found) == [("Alfa", "Somebody has changed these columns since; they stay: address.")]
    with house.home.database.read() as session:
        alfa = query.get(session, PROGRAM, "relations", id_of(house, "Alfa"))
        assert (alfa["address"], alfa["main_activity"].title, alfa["web"]) == (
            {"city": "Praha"}, "Steel", "https://alfa.test"
        )  # fmt: skip


def test_an_undoing_that_was_killed_goes_on(house, tmp_path, monkeypatch):
    text = "no,firm,mail,trade,town\n" + "".join(f"{one},Firm {one},,,\n" for one in range(1, 251))
    before = rows(house)
    number = run(house, tmp_path, text)
    with house.home.database.write() as session:
        imports.start_undo(session, PROGRAM, number)
    for _ in range(2):
        with house.home.database.write() as session:
            undoing.portion(session, PROGRAM, session.get_one(imports.Import, number))
    assert 0 < len(rows(house)["relations"]) < 250
    undoing.run(house.home.database, PROGRAM, number)
    assert rows(house) == before
    with house.home.database.read() as session:
        assert (imports.get(session, PROGRAM, number).undone or {})["removed"] == 250


def test_people_who_edit_while_it_is_undone_lose_nothing(shared_house, tmp_path):
    house = shared_house
    text = "no,firm,mail,trade,town\n" + "".join(f"{one},Firm {one},,,\n" for one in range(1, 201))
    run(house, tmp_path, text)
    number = run(house, tmp_path, text.replace("Firm ", "Company "))
    wanted = [id_of(house, f"Company {one}") for one in range(1, 41)]
    done: list[int] = []

    def edit() -> None:
        for item_id in wanted:
            with house.write("north") as (session, actor):
                items.update(session, actor, "relations", item_id, {"web": f"{item_id}.test"}, version=None)
            done.append(item_id)

    editing = threading.Thread(target=edit)
    editing.start()
    found = undo(house, number)
    editing.join()
    assert len(done) == 40 and sum((found.undone or {}).values()) == 200
    with house.home.database.read() as session:
        for item_id in wanted:
            assert query.get(session, PROGRAM, "relations", item_id)["web"] == f"https://{item_id}.test"
    assert list(findings(house.home)) == []


def test_a_bundle_of_real_tables_is_undone_step_by_step(house, test_data):
    before = rows(house)
    folder = test_data / "companies"
    prepared = importing.prepare(mapping.read_bundle(ROOT / "examples" / "companies.toml"), folder)
    done = importing.run(house.home.database, PROGRAM, prepared)
    for one in reversed(done):
        assert (undo(house, one.number).undone or {})["kept"] == 0
    assert rows(house) == before
