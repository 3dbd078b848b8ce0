"""Following the change log: whatever dies in between, what was committed is found in the end, and only that."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from house import House
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from search_house import PEOPLE, add_document, case_of_north, found, index, keys, suggested
from sqlalchemy import select, text

from caseroom.libraries import reading
from caseroom.lists import bins, changing_types, items, query, schema
from caseroom.lists.catalogue import catalogue, definition
from caseroom.lists.models import SetAside
from caseroom.lists.query import Item
from caseroom.lists.rights import Level
from caseroom.lists.sqltypes import fold
from caseroom.portal.home import open_home
from caseroom.portal.search import engine_of, indexing, texts
from caseroom.portal.search.indexing import catch_up, rebuild
from caseroom.portal.search.whoosh_index import WhooshEngine
from caseroom.portal.settings import load


def _stopped_at(folder: Path, url: str, where: str) -> None:
    """In a process of its own: index, and be killed at this point, as by a power cut."""
    home = open_home(load(folder, environ={}, database_url=url))

    def die(*_args: Any, **_more: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if where == "before the index is committed":
        engine_of(home).write = die  # type: ignore[method-assign]
    if where == "while the index is being written":
        from whoosh.writing import SegmentWriter

        SegmentWriter._commit_toc = die  # type: ignore[method-assign]
    if where == "before the position is told":
        indexing._remember = die
    while catch_up(home):
        pass


@pytest.mark.parametrize(
    "where", ["before the index is committed", "while the index is being written", "before the position is told"]
)
def test_a_worker_killed_anywhere_between_commit_and_index_loses_nothing(
    house: House, database_url: str, where: str
) -> None:
    house.make_case(name="Okapi")
    index(house)
    made = case_of_north(house)
    with house.write("north") as (session, actor):
        items.update(session, actor, "relations", made["relations"], {"name": "Giraffe Steel"}, version=None)
    worker = multiprocessing.get_context("spawn").Process(
        target=_stopped_at, args=(house.home.settings.home, database_url, where)
    )
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    index(house)
    expected = {(name, made[name]) for name in ("cases", "activities", "documents", "mails")}
    assert keys(house, "north", "quagga") == expected and len(found(house, "north", "okapi")) == 1
    assert keys(house, "south", "giraffe") == {("relations", made["relations"])} and not keys(house, "south", "tatra")
    assert len(found(house, "north", "quagga")) == 4  # nothing stands in the index twice
    assert suggested(house, "south", "gir") == [("relations", "Giraffe Steel")]


def test_the_text_of_a_file_that_the_worker_reads_later_is_found(house: House) -> None:
    document = add_document(house, "The quagga is sold as seen.", read=False)
    index(house)
    assert not keys(house, "north", "quagga")
    while reading.step(house.home):
        pass
    index(house)
    assert keys(house, "north", "quagga") == {("documents", document.id)} and not keys(house, "south", "quagga")


def test_only_one_process_writes_the_index_at_a_time(house: House) -> None:
    house.make_relation(name="Quagga")
    with indexing._alone(house.home) as alone:
        assert alone and catch_up(house.home) is False
        with pytest.raises(BlockingIOError):
            rebuild(house.home)
    index(house)
    assert keys(house, "south", "quagga")


def test_an_item_that_cannot_be_indexed_is_set_aside_and_the_rest_goes_on(house: House) -> None:
    broken, sound = house.make_relation(name="Quagga"), house.make_relation(name="Quagga")
    with house.home.database.write() as session:
        relations = definition(session, "relations")
        address = relations.by_name["address"].physical
        spoil = f"UPDATE {relations.table.name} SET {address} = :value WHERE id = :id"
        session.execute(text(spoil), {"value": '["not", "an", "address"]', "id": broken.id})
    index(house)
    assert keys(house, "south", "quagga") == {("relations", sound.id)}
    with house.home.database.read() as session:
        reasons = list(session.scalars(select(SetAside.reason).where(SetAside.follower == "search")))
    assert len(reasons) == 1 and reasons[0].startswith(f"relations/{broken.id}: ")
    later = house.make_relation(name="Quagga")
    index(house)
    assert keys(house, "south", "quagga") == {("relations", sound.id), ("relations", later.id)}


def test_a_database_put_back_from_an_older_copy_is_indexed_anew(house: House, tmp_path: Path) -> None:
    """The index knows a history that this database never had: what it says of later changes must not stay."""
    house.make_relation(name="Quagga")
    index(house)
    state = dict(engine_of(house.home).state() or {})
    with house.home.database.read() as session:
        relations = definition(session, "relations").id
    engine_of(house.home).write({**state, "mark": "another history"}, [], [(relations, 1)])
    assert not keys(house, "south", "quagga")
    index(house)
    assert keys(house, "south", "quagga")


def test_an_index_of_another_make_is_built_anew(house: House) -> None:
    house.make_relation(name="Quagga")
    index(house)
    state = dict(engine_of(house.home).state() or {})
    engine_of(house.home).write({**state, "format": 0}, [])
    assert catch_up(house.home) is True
    index(house)
    assert len(found(house, "south", "quagga")) == 1


def test_a_rebuild_beside_the_standing_index_takes_what_happens_meanwhile(house: House) -> None:
    house.make_relation(name="Quagga")
    index(house)
    engine = engine_of(house.home)
    assert isinstance(engine, WhooshEngine)
    built = engine.beside()
    indexing.step(house.home, built)
    assert keys(house, "south", "quagga")  # the standing one answers
    okapi = house.make_relation(name="Okapi")
    while indexing.step(house.home, built):
        pass
    engine.take_over(built)
    assert keys(house, "south", "okapi") == {("relations", okapi.id)} and keys(house, "south", "quagga")
    assert not list(house.home.settings.home.glob("index.*/"))


WORDS = ("quagga", "okapi", "zebra", "giraffe")
MEMBERS = ("North", "West", "South")
WRITER = {"North": "north", "West": "west", "South": "south"}
ROW = st.tuples(
    st.sampled_from(["cases", "activities", "events", "mails", "relations"]),
    st.sampled_from(MEMBERS),
    st.sets(st.sampled_from(MEMBERS)),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    st.sampled_from(["everything", "subject", "existence"]),
    st.booleans(),
)
QUESTION = st.lists(st.sampled_from([*WORDS, "qua", '"okapi zebra"', "-zebra", "-okapi"]), min_size=1, max_size=3)


# The house fills with every example, so that a smaller one would not be smaller.
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(ROW, min_size=1, max_size=6), st.lists(QUESTION, min_size=4, max_size=4), st.booleans())
def test_search_gives_just_what_looking_through_every_readable_item_gives(
    house: House, rows: list[tuple[Any, ...]], questions: list[list[str]], late: bool
) -> None:
    random.seed()  # Hypothesis repeats chance, and Whoosh names the files of its segments by it
    for row in rows:
        _make(house, *row)
    index(house)
    if late and rows[0][0] == "cases":  # and what the index does not know yet must not show
        with house.write("admin") as (session, actor):
            newest = query.page(session, actor, "cases", order=[("id", True)], limit=1).items[0]
            items.update(session, actor, "cases", newest.id, {"sales_group": house.groups["West"]}, version=None)
    for who in PEOPLE:
        for question in questions:
            hits = keys(house, who, " ".join(question))
            looked = _looked_through(house, who, question)
            assert hits <= looked, (who, question, hits - looked)
            if not late:
                assert hits == looked, (who, question, looked - hits)


def _make(
    house: House, kind: str, group: str, shares: set[str], name: list[str], body: list[str], privacy: str, flag: bool
) -> None:
    values: dict[str, Any] = {"name": " ".join(name), "description": " ".join(body)}
    values |= {"sales_group": house.groups[group], "shared_with": [house.groups[one] for one in sorted(shares)]}
    program: dict[str, Any] = {}
    if kind == "cases":
        values["company"] = house.make_relation(name="Company").id
    if kind == "events":
        values |= {
            "private": flag,
            "place": name[0],
            "participants": [{"user": house.people["south"]}] if flag else None,
        }
    if kind == "mails":
        program = {"subject": values.pop("name"), "text": values.pop("description"), "sender": "a@x.test"}
        program["addressed_users"] = [house.people["both"]] if flag else None
        values["privacy"] = privacy
    if kind == "activities":
        del values["name"]
    house.make(kind, values, by=WRITER[group], program=program)


def _looked_through(house: House, who: str, question: list[str]) -> set[tuple[str, int]]:
    """The same by reading every list as this person sees it, and looking for the words in every text one by one."""
    # Only the very last word may be the beginning of a longer one.
    ends = [" "] * (len(question) - 1) + [" " if question[-1].startswith('"') else ""]
    wanted = [part.strip('"') + end for part, end in zip(question, ends, strict=True) if not part.startswith("-")]
    unwanted = [part[1:] for part in question if part.startswith("-")]
    if not wanted:
        return set()
    hits = set()
    with house.read(who) as (session, actor):
        for name, found_list in catalogue(session).by_name.items():
            columns = [column.name for column in texts.searched(session, found_list)]
            for item in query.page(session, actor, name, columns=columns, limit=5000).items:
                if item.level >= Level.HEADLINE and _fits(item, columns, wanted, unwanted):
                    hits.add((name, item.id))
    return hits


def _fits(item: Item, columns: list[str], wanted: list[str], unwanted: list[str]) -> bool:
    said = [
        f" {' '.join(fold(item.definition.by_name[name].type.search_text(item[name])).split())} " for name in columns
    ]

    def has(part: str) -> bool:
        return any(f" {part}" in one for one in said)

    return all(has(part) for part in wanted) and not any(f" {part} " in one for part in unwanted for one in said)


@pytest.mark.parametrize("damage", ["cut", "other bytes", "empty", "gone"])
def test_a_damaged_index_answers_nothing_and_is_built_anew(house: House, damage: str) -> None:
    for _ in range(3):
        house.make_relation(name="Quagga")
        index(house)
    whole = keys(house, "south", "quagga")
    for segment in house.home.index_folder.glob("*.seg"):
        content = segment.read_bytes()
        segment.unlink()
        if damage != "gone":
            other = {"cut": content[: len(content) // 2], "other bytes": content[::-1], "empty": b""}
            segment.write_bytes(other[damage])
    house.home.database.caches.pop("search engine")
    assert keys(house, "south", "quagga") == set()
    index(house)
    assert keys(house, "south", "quagga") == whole and len(whole) == 3


def test_an_index_that_was_just_begun_answers_nothing(house: House) -> None:
    engine = engine_of(house.home)
    assert isinstance(engine, WhooshEngine)
    house.make_relation(name="Quagga")
    engine._open_or_make()  # as the worker leaves it until its first commit
    assert keys(house, "south", "quagga") == set()
    index(house)
    assert len(keys(house, "south", "quagga")) == 1


def test_items_that_get_their_first_content_type_are_found_by_its_title(house: House) -> None:
    with house.write("admin") as (session, actor):
        schema.create_list(session, actor, {"name": "requests"})
    number = house.make("requests", {"name": "Broken lamp"}).id
    index(house)
    with house.write("admin") as (session, actor):
        changing_types.make(session, actor, "requests", {"value": "grievance", "title": {"en": "Grievance"}})
    index(house)
    assert keys(house, "north", "grievance") == {("requests", number)}
    with house.write("admin") as (session, actor):
        changing_types.change(session, actor, "requests", "grievance", {"title": {"en": "Lament"}})
    index(house)
    assert keys(house, "north", "lament") == {("requests", number)} and not keys(house, "north", "grievance")
    with house.write("admin") as (session, actor):
        bins.delete_column(session, actor, "requests", "content_type")
    index(house)
    later = house.make("requests", {"name": "Made without"}).id
    index(house)
    assert not keys(house, "north", "lament")
    with house.write("admin") as (session, actor):
        [gone] = bins.deleted_columns(session, actor, "requests")
        bins.restore_column(session, actor, "requests", gone.id)
    index(house)
    assert keys(house, "north", "lament") == {("requests", number), ("requests", later)}
